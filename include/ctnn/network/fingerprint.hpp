// A number that tells networks apart: a hash of layers and shapes, computed at compile time, the
// same for every compiler and processor (so no compiler's name of a type goes into it).
#pragma once

#include <ctnn/language.hpp>

#include <cstdint>
#include <string_view>

namespace ctnn::detail {

/// FNV-1a, 64 bits, of numbers and texts. http://www.isthe.com/chongo/tech/comp/fnv
class fnv_1a {
public:
    /// Eight bytes, the lowest first.
    constexpr fnv_1a& add(std::uint64_t number) noexcept {
        for (unsigned shift = 0; shift < 64; shift += 8)
            add_byte(static_cast<unsigned char>(number >> shift));
        return *this;
    }
    /// The length, then the characters.
    constexpr fnv_1a& add(std::string_view text) noexcept {
        add(std::uint64_t{text.size()});
        for (const char letter : text) add_byte(static_cast<unsigned char>(letter));
        return *this;
    }
    template <class Shape>
    constexpr fnv_1a& add_shape() noexcept {
        return add(Shape::height).add(Shape::width).add(Shape::channels);
    }
    [[nodiscard]] constexpr std::uint64_t value() const noexcept { return value_; }

private:
    constexpr void add_byte(unsigned char byte) noexcept {
        value_ = (value_ ^ byte) * 0x100000001b3U;
    }
    std::uint64_t value_ = 0xcbf29ce484222325U;
};

}  // namespace ctnn::detail
