// The gradient of a convolution's kernel with images in the lanes, for some channels and filters,
// block after block of the outputs. Unless they lie together already, a block's numbers are copied
// first, with zeros for padding: pixels that lie a power of 2 apart share few sets of the cache, and
// every tile of weights (weight_sums.hpp) reads them again.
#pragma once

#include <ctnn/kernels/convolution.hpp>
#include <ctnn/kernels/output_gradient.hpp>
#include <ctnn/kernels/weight_sums.hpp>
#include <ctnn/simd/loops.hpp>

#include <algorithm>
#include <cstddef>
#include <type_traits>

namespace ctnn::detail {

/// A block: as many rows of outputs as fit, and where not even one pooling window's do, some
/// columns. With it, how all blocks are gone through.
template <convolution Conv, class T, class OutputGradient, std::size_t Channels,
          std::size_t Filters>
struct gradient_block {
private:
    static constexpr std::size_t height = Conv.rows.output(), width = Conv.columns.output();
    static constexpr std::size_t most = std::size_t{128} * 1024 / sizeof(T);
    using tiles = weight_sums<Conv, T, Channels, Filters>;

public:
    /// The most steps, a multiple of `step`, so that fixed + steps * each <= most.
    static constexpr std::size_t fit(std::size_t fixed, std::size_t each, std::size_t step,
                                     std::size_t all) noexcept {
        return std::min(all, std::max(step, (most - std::min(most, fixed)) / each / step * step));
    }
    static constexpr std::size_t overlap(const axis& a) noexcept {  // that the next one needs
        return a.reach() > a.stride ? a.reach() - a.stride : 0;
    }
    /// Of `h` rows and `w` columns of outputs, and what they see.
    static constexpr std::size_t numbers(std::size_t h, std::size_t w) noexcept {
        return pixels_for(Conv.rows, h) * pixels_for(Conv.columns, w) * Channels + h * w * Filters;
    }
    static constexpr std::size_t together = std::min(height, OutputGradient::rows_together);
    static constexpr bool is_cut = numbers(together, width) > most;  // into columns too
    static constexpr bool copies_x = is_cut || Channels != Conv.channels ||
                                     Conv.rows.padded() != Conv.rows.input ||
                                     Conv.columns.padded() != Conv.columns.input;
    static constexpr bool copies_y =
        is_cut || !OutputGradient::are_in_memory || Filters != Conv.filters;
    static constexpr std::size_t columns =
        is_cut ? fit(pixels_for(Conv.rows, together) * overlap(Conv.columns) * Channels,
                     pixels_for(Conv.rows, together) * Conv.columns.stride * Channels +
                         together * Filters,
                     std::min(width, OutputGradient::columns_together), width)
               : width;
    static constexpr std::size_t x_row =
        (is_cut ? pixels_for(Conv.columns, columns) : Conv.columns.padded()) * Channels;
    static constexpr std::size_t y_row = columns * Filters;
    static constexpr std::size_t rows =
        is_cut ? together
               : fit(overlap(Conv.rows) * x_row, y_row + x_row * Conv.rows.stride,
                     OutputGradient::rows_together, height);
    static constexpr bool is_all = rows == height && columns == width;

    static constexpr std::size_t x_size = copies_x ? pixels_for(Conv.rows, rows) * x_row : 0;
    static constexpr std::size_t block_size = x_size + (copies_y ? rows * y_row : 0);

    const T *x, *y;
    area outputs;

    /// Gets what some of the outputs need.
    gradient_block(const T* all_x, const OutputGradient& gradient, std::size_t filter, area part,
                   T* scratch) noexcept
        : x(all_x + part.row * Conv.rows.stride * x_row), outputs(part) {
        if constexpr (copies_x) {
            x = scratch;
            for (std::size_t r = 0; r < pixels_for(Conv.rows, part.rows); ++r)
                copy_row(all_x, part.row * Conv.rows.stride + r - Conv.rows.before, part,
                         scratch + r * x_row);
        }
        if constexpr (copies_y) {
            gradient.template copy<Filters, y_row>(part, filter, scratch + x_size);
            y = scratch + x_size;
        } else {
            y = gradient.d_y + part.row * y_row;
        }
    }
    [[nodiscard]] auto column_count() const noexcept {
        if constexpr (is_cut)
            return outputs.columns;
        else
            return std::integral_constant<std::size_t, width>{};
    }

    /// Numbers of scratch memory that `add` needs.
    static constexpr std::size_t scratch_size = block_size + (is_all ? 0 : tiles::size);

    /// Adds to d_kernel, that of channel and filter 0 of the tile; `filter` is the output's.
    static void add(const T* x, const OutputGradient& gradient, std::size_t filter, float* d_kernel,
                    T* scratch) noexcept {
        if constexpr (is_all) {
            const gradient_block all(x, gradient, filter, {0, height, 0, width}, scratch);
            tiles::for_each_tile([&](std::size_t i, std::size_t j, std::size_t c, std::size_t f,
                                     auto tile) CTNN_INLINED {
                T sum[tile.size];
                tile.clear(sum);
                tile.add(all, i, j, c, f, sum);
                tile.store(sum, d_kernel, i, j, c, f);
            });
        } else {
            T* const kept = scratch + block_size;
            std::fill_n(kept, tiles::size, T(0.0f));
            for (std::size_t h = 0; h < height; h += rows)
                for (std::size_t w = 0; w < width; w += columns) {
                    const area part{h, std::min(rows, height - h), w, std::min(columns, width - w)};
                    const gradient_block some(x, gradient, filter, part, scratch);
                    T* next = kept;
                    tiles::for_each_tile([&](std::size_t i, std::size_t j, std::size_t c,
                                             std::size_t f, auto tile) CTNN_INLINED {
                        constexpr std::size_t sums = tile.size;
                        T sum[sums];
                        CTNN_UNROLLED
                        for (std::size_t t = 0; t < sums; ++t) sum[t] = next[t];
                        tile.add(some, i, j, c, f, sum);
                        CTNN_UNROLLED
                        for (std::size_t t = 0; t < sums; ++t) next[t] = sum[t];
                        next += sums;
                    });
                }
            const T* next = kept;
            tiles::for_each_tile([&](std::size_t i, std::size_t j, std::size_t c, std::size_t f,
                                     auto tile) CTNN_INLINED {
                tile.store(next, d_kernel, i, j, c, f);
                next += tile.size;
            });
        }
    }

private:
    static void copy_row(const T* from, std::size_t row, area part, T* to) noexcept {
        const bool has_row = row < Conv.rows.input;  // above the first: very large
        const std::size_t first = part.column * Conv.columns.stride - Conv.columns.before;
        const std::size_t count =
            is_cut ? pixels_for(Conv.columns, part.columns) : Conv.columns.padded();
        for (std::size_t q = 0; q < count; ++q, to += Channels) {
            const std::size_t column = first + q;
            if (has_row && column < Conv.columns.input) {
                const T* pixel = from + (row * Conv.columns.input + column) * Conv.channels;
                CTNN_UNROLLED
                for (std::size_t t = 0; t < Channels; ++t) to[t] = pixel[t];
            } else {
                CTNN_UNROLLED
                for (std::size_t t = 0; t < Channels; ++t) to[t] = T(0.0f);
            }
        }
    }
};

}  // namespace ctnn::detail
