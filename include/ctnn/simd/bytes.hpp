// Small whole numbers of every lane, kept as bytes.
#pragma once

#include <ctnn/simd/vector.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ctnn::simd {

namespace detail {
/// As many numbers of other types as there are lanes: the compilers' own vectors, because they
/// convert. In steps, because g++ 12 converts bytes to words one by one.
template <std::size_t Lanes>
struct numbers {
    typedef float floats __attribute__((vector_size(Lanes * 4)));
    typedef std::int32_t words __attribute__((vector_size(Lanes * 4)));
    typedef std::int16_t halves __attribute__((vector_size(Lanes * 2)));
    typedef std::uint8_t bytes __attribute__((vector_size(Lanes)));
};
}  // namespace detail

/// Whole numbers in [0, 255], a byte for each lane.
template <class T>
constexpr void store_bytes(std::uint8_t* memory, T x) noexcept {
    if constexpr (lanes_of<T> == 1) {
        *memory = static_cast<std::uint8_t>(x);
    } else {
        using numbers = detail::numbers<lanes_of<T>>;
        const auto words = __builtin_convertvector(std::bit_cast<typename numbers::floats>(x),
                                                   typename numbers::words);
        const auto halves = __builtin_convertvector(words, typename numbers::halves);
        const auto bytes = __builtin_convertvector(halves, typename numbers::bytes);
        std::memcpy(memory, &bytes, sizeof bytes);
    }
}
template <class T>
constexpr T load_bytes(const std::uint8_t* memory) noexcept {
    if constexpr (lanes_of<T> == 1) {
        return static_cast<T>(*memory);
    } else {
        using numbers = detail::numbers<lanes_of<T>>;
        typename numbers::bytes bytes;
        std::memcpy(&bytes, memory, sizeof bytes);
        const auto halves = __builtin_convertvector(bytes, typename numbers::halves);
        const auto words = __builtin_convertvector(halves, typename numbers::words);
        return std::bit_cast<T>(__builtin_convertvector(words, typename numbers::floats));
    }
}

}  // namespace ctnn::simd
