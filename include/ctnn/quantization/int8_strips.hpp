// For loops of convolutions in bytes on processors without vectors, such as Cortex-M: what some
// neighbouring outputs see is copied into scratch memory, with its padding, as numbers x + 128. And what
// becomes of their sums.
#pragma once

#include <ctnn/quantization/int8_convolution.hpp>
#include <ctnn/quantization/int8_pairs.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace ctnn::detail {

/// Every output sees one pixel alone.
constexpr bool is_pointwise(const convolution& conv) noexcept {
    const auto is_one = [](const axis& a) { return a.taps == 1 && a.before == 0 && a.after == 0; };
    return is_one(conv.rows) && is_one(conv.columns);
}
/// Then the pixels that are seen are copied into one row.
constexpr convolution int8_in_one_row(const convolution& conv) noexcept {
    if (!is_pointwise(conv)) return conv;
    convolution flat = conv;
    flat.rows = {1, 1, 1, 1, 0, 0};
    flat.columns = {conv.rows.output() * conv.columns.output(), 1, 1, 1, 0, 0};
    return flat;
}

/// Where the copy lies, and how outputs are cut: [row][column][channel of the group].
struct int8_strip {
    std::size_t tile = 1;               // outputs side by side
    std::size_t rows = 1, outputs = 1;  // of a strip: rows of outputs, of so many, whole tiles
    std::size_t copied_rows = 1, row_length = 0;  // numbers
    std::size_t step = 0;                         // from one output to the next

    /// Of at most `most` numbers, if one tile is not more. `tail`: how many are read, and multiplied
    /// by 0, behind what a row holds.
    static constexpr int8_strip of(const convolution& conv, std::size_t tile, std::size_t tail,
                                   std::size_t most, bool takes_rows) noexcept {
        const std::size_t channels = conv.group_channels();
        const auto length = [&](std::size_t outputs) {
            return (pixels_for(conv.columns, outputs) * channels + tail + 3) / 4 * 4;
        };
        const auto rows_for = [&](std::size_t rows) {
            return rows == 1 ? conv.rows.taps : pixels_for(conv.rows, rows);
        };
        const std::size_t all = (conv.columns.output() + tile - 1) / tile;  // tiles
        std::size_t tiles = 1, rows = 1;
        while (tiles < all && rows_for(1) * length((tiles + 1) * tile) <= most) ++tiles;
        const std::size_t strips = (all + tiles - 1) / tiles;
        tiles = (all + strips - 1) / strips;  // nearly alike
        if (takes_rows && strips == 1 && conv.rows.dilation == 1)
            while (rows < conv.rows.output() && rows_for(rows + 1) * length(tiles * tile) <= most)
                ++rows;
        return {tile,
                rows,
                tiles * tile,
                rows_for(rows),
                length(tiles * tile),
                conv.columns.stride * channels};
    }
};

/// Bytes x + 128.
struct int8_raised_bytes {
    using number = std::uint8_t;
    static void copy(const std::int8_t* from, std::size_t count, number* to) noexcept {
        for (; count >= 4; count -= 4, from += 4, to += 4)
            store_word(to, load_word(from) ^ 0x80808080);
        for (; count > 0; --count) *to++ = static_cast<number>(*from++ + 128);
    }
};
/// Numbers x + 128 of 16 bits, in pairs as they are unpacked or in order; whole words are written.
template <bool AreInOrder>
struct int8_raised_pairs {
    using number = std::uint16_t;
    [[gnu::always_inline]] static two_pairs raised(std::uint32_t bytes) noexcept {
        if constexpr (AreInOrder)
            return in_order(raised_pairs(bytes));
        else
            return raised_pairs(bytes);
    }
    static void copy(const std::int8_t* from, std::size_t count, number* to) noexcept {
#if !defined(__OPTIMIZE_SIZE__)
        if constexpr (!AreInOrder)
            for (; count >= 16; count -= 16, from += 16, to += 16) {
                store_pairs<0>(to, raised(load_word(from)));
                store_pairs<8>(to, raised(load_word(from + 4)));
                store_pairs<16>(to, raised(load_word(from + 8)));
                store_pairs<24>(to, raised(load_word(from + 12)));
            }
#endif
        std::array<std::int8_t, 4> last{};
        for (; count > 0; from += 4, to += 4) {
            if (count < 4) {
                for (std::size_t i = 0; i < count; ++i) last[i] = from[i];
                from = last.data();
            }
            const two_pairs p = raised(load_word(from));
            store_word(to, p.first);
            store_word(to + 2, p.second);
            count -= count < 4 ? count : 4;
        }
    }
};

/// Copies what outputs (h, w) to (h, w + outputs - 1) of a group see, and those below as far as there
/// are `copied` rows: `x` begins with the group's first channel. One function for all layers.
template <class Format>
void int8_copy_strip(const convolution& conv, std::size_t row_length, const std::int8_t* x,
                     std::size_t h, std::size_t w, std::size_t outputs, std::size_t copied,
                     std::int32_t zero_x, typename Format::number* to) noexcept {
    using number = typename Format::number;
    const std::size_t channels = conv.group_channels();
    const axis &rows = conv.rows, &columns = conv.columns;
    const auto padding = static_cast<number>(zero_x + 128);
    const std::size_t first = w * columns.stride, last = first + pixels_for(columns, outputs),
                      begin = std::clamp(columns.before, first, last),
                      end = std::clamp(columns.before + columns.input, begin, last);
    for (std::size_t i = 0; i < copied; ++i, to += row_length) {
        const std::size_t row = h * rows.stride + i * rows.dilation - rows.before;
        const std::size_t filled = row < rows.input ? begin : last;
        std::fill_n(to, (filled - first) * channels, padding);
        if (filled == last) continue;
        const std::int8_t* from =
            x + (row * columns.input + begin - columns.before) * conv.channels;
        const std::size_t at_once = conv.groups == 1 ? (end - begin) * channels : channels;
        number* next = to + (begin - first) * channels;
        for (; next != to + (end - first) * channels; next += at_once, from += conv.channels)
            Format::copy(from, at_once, next);
        std::fill_n(next, (last - end) * channels, padding);
    }
}

/// Copies the pixels that outputs from `first` on of a pointwise convolution see, outputs counted row by
/// row: `x` begins with the group's first channel.
template <class Format>
void int8_copy_pixels(const convolution& conv, const std::int8_t* x, std::size_t first,
                      std::size_t outputs, typename Format::number* to) noexcept {
    const std::size_t channels = conv.group_channels(), width = conv.columns.output(),
                      to_next = conv.columns.stride * conv.channels;
    if (conv.columns.input == width && conv.rows.stride == 1 && conv.groups == 1) {
        Format::copy(x + first * channels, outputs * channels, to);
        return;
    }
    std::size_t left = width - first % width;  // of a row
    x += (first / width * conv.rows.stride * conv.columns.input) * conv.channels +
         first % width * to_next;
    for (; outputs > 0; --outputs, to += channels) {
        Format::copy(x, channels, to);
        x += to_next;
        if (--left > 0) continue;
        left = width;
        x += conv.rows.stride * conv.columns.input * conv.channels - width * to_next;
    }
}

/// How many outputs a tile has, at most `Most`: what takes the fewest instructions, a step of the
/// innermost loop being `once` of them, and `each` for every output.
template <std::size_t Most>
constexpr std::size_t int8_outputs_at_once(std::size_t outputs, std::size_t once,
                                           std::size_t each) noexcept {
    std::size_t best = 1, least = static_cast<std::size_t>(-1);
    for (std::size_t tile = 1; tile <= Most; ++tile) {
        const std::size_t all = (outputs + tile - 1) / tile * (once + each * tile);
        if (all < least) least = all, best = tile;
    }
    return best;
}

/// What becomes of a sum.
struct strip_range {
    std::int32_t zero, low, high;

    /// The lower 8 bits are the byte. IsAll: its bounds are -128 and 127.
    template <class Rounding, bool IsAll>
    [[gnu::always_inline]] std::int32_t byte(std::uint32_t sum,
                                             typename Rounding::factor factor) const noexcept {
        const auto number = static_cast<std::int32_t>(sum);
#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FP) && (__ARM_FP & 4) != 0 && !defined(__aarch64__)
        if constexpr (std::is_same_v<typename Rounding::factor, float>) {
            const float product = static_cast<float>(number) * factor;
            std::int32_t y;  // saturated, as the sum
            asm("vcvtr.s32.f32 %0, %1" : "=t"(y) : "t"(product));
            y = __qadd(y, zero);
            return IsAll ? __ssat(y, 8) : std::clamp(y, low, high);
        }
#endif
        const std::int32_t y = Rounding::times(number, factor) + zero;
        return IsAll ? std::clamp<std::int32_t>(y, -128, 127) : std::clamp(y, low, high);
    }
};

}  // namespace ctnn::detail
