// Pooling windows in bytes, some channels side by side in vectors: the same as int8_pool's definition.
#pragma once

#include <ctnn/shape.hpp>
#include <ctnn/simd/integer_vector.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace ctnn::detail {

/// Neighbouring bytes: the compilers' own vectors, because they convert.
template <std::size_t Count>
struct neighbours {
    typedef std::int8_t bytes __attribute__((vector_size(Count)));
    typedef std::int16_t halves __attribute__((vector_size(2 * Count)));
    typedef std::int32_t words __attribute__((vector_size(4 * Count)));
    typedef std::uint32_t sizes __attribute__((vector_size(4 * Count)));
};

template <axis Rows, axis Columns, std::size_t Channels, bool TakesMaximum>
struct int8_window {
private:
    static constexpr std::size_t lanes = TakesMaximum
                                             ? std::clamp<std::size_t>(std::bit_floor(Channels), 8,
                                                                       4 * simd::integer_lanes)
                                         : Channels < 16
                                             ? 8
                                             : std::max<std::size_t>(8, simd::integer_lanes),
                                 count = std::min(lanes, Channels);
    using vectors = neighbours<lanes>;
    using bytes = typename vectors::bytes;
    using words = typename vectors::words;

    // A few bytes: the first ones and the last ones, which may be the same. (Copied into a vector in
    // memory, they would have to get there before it is loaded.)
    using part = std::conditional_t<(count >= 4), std::uint32_t,
                                    std::conditional_t<(count >= 2), std::uint16_t, std::uint8_t>>;
    static constexpr bool is_short = count < lanes;
    [[gnu::always_inline]] static bytes load(const std::int8_t* x) noexcept {
        bytes result;
        if constexpr (is_short && lanes == 8) {
            part first, last;
            std::memcpy(&first, x, sizeof first);
            std::memcpy(&last, x + count - sizeof last, sizeof last);
            result = std::bit_cast<bytes>(first | std::uint64_t{last} << 32);
        } else {
            result = bytes{};
            std::memcpy(&result, x, count);
        }
        return result;
    }
    [[gnu::always_inline]] static void store(std::int8_t* y, const bytes& x) noexcept {
        if constexpr (is_short && lanes == 8) {
            const auto both = std::bit_cast<std::uint64_t>(x);
            const auto first = static_cast<part>(both), last = static_cast<part>(both >> 32);
            std::memcpy(y, &first, sizeof first);
            std::memcpy(y + count - sizeof last, &last, sizeof last);
        } else {
            std::memcpy(y, &x, count);
        }
    }
    [[gnu::always_inline]] static void add_bytes(words& sum, const bytes& x) noexcept {
        using halves = typename vectors::halves;
        sum += __builtin_convertvector(__builtin_convertvector(x, halves), words);
    }
    /// Halves away from 0.
    [[gnu::always_inline]] static void divide(words& sum, std::int32_t pixels) noexcept {
        const words half = words{} + pixels / 2, raised = sum + (sum > 0 ? half : -half);
        // |raised| <= 129 pixels, so that 24 bits of the reciprocal are exact for so few.
        if (pixels <= 360) {
            const std::uint32_t reciprocal =
                ((std::uint32_t{1} << 24) + static_cast<std::uint32_t>(pixels) - 1) /
                static_cast<std::uint32_t>(pixels);
            using sizes = typename vectors::sizes;
            const sizes size = (sizes)(raised > 0 ? raised : -raised) * reciprocal >> 24;
            sum = raised > 0 ? (words)size : -(words)size;
        } else {
            for (std::size_t n = 0; n < lanes; ++n) sum[n] = raised[n] / pixels;
        }
    }

public:
    static void run(const std::int8_t* x, std::int8_t* y, std::size_t first,
                    std::size_t last) noexcept {
        for (std::size_t h = first; h < last; ++h) {
            const auto i = Rows.taps_inside(h);
            for (std::size_t w = 0; w < Columns.output(); ++w, y += Channels) {
                const auto j = Columns.taps_inside(w);
                for (std::size_t block = 0; block < Channels; block += count) {
                    const std::size_t c = std::min(block, Channels - count);
                    const auto for_pixels = [&](auto&& f) CTNN_INLINED {
                        for (std::size_t row = i.first; row < i.last; ++row) {
                            const std::int8_t* const from =
                                x + Rows.pixel(h, row) * Columns.input * Channels + c;
                            for (std::size_t column = j.first; column < j.last; ++column)
                                f(from + Columns.pixel(w, column) * Channels);
                        }
                    };
                    bytes result = bytes{} + std::int8_t{-128};
                    if constexpr (TakesMaximum) {
                        for_pixels([&](const std::int8_t* at) CTNN_INLINED {
                            const bytes pixel = load(at);
                            result = pixel > result ? pixel : result;
                        });
                    } else {
                        words sum{};
                        for_pixels([&](const std::int8_t* at) CTNN_INLINED {
                            if constexpr (count == simd::integer_lanes &&
                                          count == lanes)  // g++ 12 would do it in parts
                                sum += std::bit_cast<words>(simd::integers<count>::load_bytes(at));
                            else
                                add_bytes(sum, load(at));
                        });
                        const auto pixels =
                            static_cast<std::int32_t>((i.last - i.first) * (j.last - j.first));
                        divide(sum, pixels);
                        using halves = typename vectors::halves;
                        result =
                            __builtin_convertvector(__builtin_convertvector(sum, halves), bytes);
                    }
                    store(y + c, result);
                }
            }
        }
    }
};

}  // namespace ctnn::detail
