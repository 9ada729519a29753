// Rows of an image of bytes, copied as multiplications take them: x + 128, with their padding.
#pragma once

#include <ctnn/kernels/convolution.hpp>
#include <ctnn/shape.hpp>
#include <ctnn/simd/integer_vector.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace ctnn::detail {

/// What sums are made of: x + 128.
using int8_number = std::conditional_t<simd::multiplies_bytes, std::uint8_t, std::int16_t>;

template <std::size_t Lanes>
[[gnu::always_inline]] inline auto load_numbers(const std::int8_t* x) noexcept {
    using vector = simd::integers<Lanes>;
    if constexpr (simd::multiplies_bytes)
        return vector::flip(vector::load(x), vector::all_bytes(-128));
    else
        return vector::add_16_bits(vector::load_wide(x), vector::all_of_16_bits(128));
}
template <std::size_t Lanes = simd::integer_lanes>
[[gnu::always_inline]] inline void copy_numbers(const std::int8_t* from, int8_number* to,
                                                std::size_t count) noexcept {
    constexpr std::size_t at_once = 4 * Lanes / sizeof(int8_number);
    const auto copy = [&](std::size_t i) CTNN_INLINED {
        simd::integers<Lanes>::store(to + i, load_numbers<Lanes>(from + i));
    };
    if (count >= at_once) {
        for (std::size_t i = 0; i + at_once < count; i += at_once) copy(i);
        copy(count - at_once);
    } else if constexpr (Lanes > 4) {
        copy_numbers<Lanes / 2>(from, to, count);
    } else {
        for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<int8_number>(from[i] + 128);
    }
}

/// The pixels that `outputs` outputs from `first` on see: padding, pixels from `pixel` on, padding.
struct int8_span {
    std::size_t before, inside, after, pixel;

    static constexpr int8_span of(const axis& a, std::size_t first, std::size_t outputs) noexcept {
        const std::size_t start = first * a.stride,
                          end = start + (outputs - 1) * a.stride + a.reach();
        const std::size_t from = std::clamp(a.before, start, end),
                          to = std::clamp(a.before + a.input, from, end);
        return {from - start, to - from, end - to, from - a.before};
    }
};

/// Copies a row of pixels of `channels` bytes each, or of padding where `x` is none.
[[gnu::always_inline]] inline void copy_row(const std::int8_t* x, int8_span columns,
                                            std::size_t channels, std::int32_t zero_x,
                                            int8_number* to) noexcept {
    const auto padding = static_cast<int8_number>(zero_x + 128);
    if (x == nullptr) {
        std::fill_n(to, (columns.before + columns.inside + columns.after) * channels, padding);
        return;
    }
    to = std::fill_n(to, columns.before * channels, padding);
    const std::size_t count = columns.inside * channels;
    copy_numbers(x + columns.pixel * channels, to, count);
    std::fill_n(to + count, columns.after * channels, padding);
}

/// Where rows or columns of windows side by side, of so many outputs each, find their pixels.
constexpr axis windows_of(const axis& a, std::size_t window) noexcept {
    if (window == 1) return a;
    return {a.input, (window - 1) * a.stride + a.reach(), window * a.stride, 1, a.before, a.after};
}

/// A block of outputs, so large that the rows and columns that it sees fit into scratch memory, with
/// `Channels` numbers for every pixel; at least `Fewest` columns. Of rows with gaps between taps there
/// is one, and of those that it sees the taps. `Parts`: every such column lies side by side; `Bytes`
/// of a number; `Room`: bytes of such memory.
template <axis Rows, axis Columns, std::size_t Channels, std::size_t Fewest, std::size_t Parts = 1,
          std::size_t Bytes = sizeof(int8_number), std::size_t Room = 32'768>
struct int8_block {
    static constexpr bool has_gaps = Rows.dilation > 1 && Rows.taps > 1;
    static constexpr std::size_t rows_for(std::size_t outputs) noexcept {
        return has_gaps ? Rows.taps : pixels_for(Rows, outputs);
    }
    static constexpr std::size_t part_for(std::size_t outputs) noexcept {
        return (pixels_for(Columns, outputs) + Parts - 1) / Parts * Channels;
    }
    static constexpr std::size_t size_of(std::size_t some_rows, std::size_t some_columns) noexcept {
        return rows_for(some_rows) * part_for(some_columns) * Parts;
    }
    static constexpr std::size_t most = Room / Bytes;
    static constexpr std::size_t columns = [] {
        std::size_t count = Columns.output();
        while (count > Fewest && size_of(1, count) > most)
            count = std::max(Fewest, count / 2 / Fewest * Fewest);
        return count;
    }();
    static constexpr std::size_t rows = [] {
        std::size_t count = has_gaps ? 1 : Rows.output();
        while (count > 1 && size_of(count, columns) > most) count = (count + 1) / 2;
        return count;
    }();
    static constexpr std::size_t part_size = part_for(columns), row_size = part_size * Parts,
                                 size = rows_for(rows) * row_size;
    /// How far it is from one tap to the next below it.
    static constexpr std::size_t tap_height = (has_gaps ? 1 : Rows.dilation) * row_size;

    /// What a block that begins with output `first` sees of a row: known, if there is one block.
    [[gnu::always_inline]] static constexpr int8_span span(std::size_t first,
                                                           std::size_t count) noexcept {
        constexpr int8_span whole = int8_span::of(Columns, 0, columns);
        if constexpr (columns == Columns.output())
            if (count == columns) return whole;
        return int8_span::of(Columns, first, count);
    }
    /// Calls copy(row of the image or nullptr, its number here) for all that `count` rows of outputs
    /// see.
    template <class Copy>
    [[gnu::always_inline]] static void for_rows(const std::int8_t* x, std::size_t bytes_of_row,
                                                std::size_t first, std::size_t count,
                                                Copy&& copy) noexcept {
        if (x == nullptr) __builtin_unreachable();  // or g++ 12 warns of what it would be then
        const std::size_t all = rows_for(count);
        for (std::size_t i = 0; i < all; ++i) {
            const std::size_t at = first * Rows.stride + i * (has_gaps ? Rows.dilation : 1);
            constexpr bool is_padded = Rows.before > 0 || Rows.after > 0;
            const bool inside = !is_padded || (at >= Rows.before && at - Rows.before < Rows.input);
            copy(inside ? x + (at - Rows.before) * bytes_of_row : nullptr, i);
        }
    }
};

}  // namespace ctnn::detail
