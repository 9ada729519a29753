// The bytes of a model file. No read goes beyond its end: it gives 0 instead, and the first mistake
// is kept.
#pragma once

#include <ctnn/model_file/mistake.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace ctnn::detail {

struct file_bytes {
    std::span<const unsigned char> bytes;
    model_mistake mistake{};

    constexpr void fail(model_error error, const model_name& name = {}, std::size_t number = 0) {
        if (!mistake) mistake = {error, name, number};
    }
    /// Whether `count` bytes lie at `at`; if not, the file is truncated.
    constexpr bool has(std::size_t at, std::size_t count) {
        const bool fits = at <= bytes.size() && count <= bytes.size() - at;
        if (!fits) fail(model_error::truncated, {}, at);
        return fits;
    }
    /// A little-endian number of `Count` bytes.
    template <std::size_t Count>
    constexpr std::uint64_t number(std::size_t at) {
        std::uint64_t result = 0;
        if (has(at, Count))
            for (std::size_t i = 0; i < Count; ++i)
                result |= std::uint64_t{bytes[at + i]} << (8 * i);
        return result;
    }
    constexpr std::int32_t int32(std::size_t at) {
        return static_cast<std::int32_t>(static_cast<std::uint32_t>(number<4>(at)));
    }
    constexpr std::int64_t int64(std::size_t at) {
        return static_cast<std::int64_t>(number<8>(at));
    }
    constexpr float float32(std::size_t at) {
        return std::bit_cast<float>(static_cast<std::uint32_t>(number<4>(at)));
    }
    constexpr std::span<const unsigned char> part(std::size_t at, std::size_t count) {
        return has(at, count) ? bytes.subspan(at, count) : bytes.subspan(0, 0);
    }
};

}  // namespace ctnn::detail
