// The gradient of a convolution's kernel with filters in the lanes, where there are enough of them:
// dLoss/dy, one image in every lane, is turned round first, so that sums end up as the kernel's
// numbers lie, not one by one over the lanes.
#pragma once

#include <ctnn/kernels/convolution.hpp>
#include <ctnn/kernels/output_gradient.hpp>
#include <ctnn/simd/loops.hpp>
#include <ctnn/simd/transpose.hpp>

#include <algorithm>
#include <cstddef>
#include <type_traits>

namespace ctnn::detail {

/// Where a tile's numbers lie: rows and columns of outputs, numbers from one to the next, and from
/// one row of the kernel to the next.
struct filter_sum_steps {
    std::size_t rows, columns, x_row, x_column, x_tap_row, d_y_row, kernel;
};

/// d_kernel(c, f) += sum over outputs and images n of x(output, c, n) d_y(output, n, f): `Channels`
/// x `Vectors` vectors of sums in registers; of the channels, `Together` each are neighbours in x.
/// A template of nothing else, so that all convolutions share its few kinds.
template <std::size_t Channels, std::size_t Together, std::size_t Vectors, class T>
[[gnu::noinline]] void add_filter_sums(const T* x, const float* d_y, float* d_kernel,
                                       const filter_sum_steps& step) noexcept {
    constexpr std::size_t lanes = simd::lanes_of<T>, unrolled = lanes < 4 ? lanes : 4;
    T sum[Channels * Vectors];
    simd::unroll<Channels * Vectors>([&](auto t) CTNN_INLINED {
        __builtin_prefetch(d_kernel + t / Vectors * step.kernel + t % Vectors * lanes, 1);
        sum[t] = T(0.0f);
    });
    for (std::size_t h = 0; h < step.rows; ++h) {
        const float* pixel = simd::numbers_of(x + h * step.x_row);
        const float* from = d_y + h * step.d_y_row;
        for (std::size_t w = 0; w < step.columns; ++w, pixel += step.x_column * lanes)
            for (std::size_t n = 0; n < lanes; n += unrolled)
                simd::unroll<unrolled>([&](auto u) CTNN_INLINED {
                    T d[Vectors];
                    simd::unroll<Vectors>([&](auto v) CTNN_INLINED {
                        d[v] = simd::in_register(simd::load<T>(from + v * lanes));
                    });
                    from += Vectors * lanes;
                    simd::unroll<Channels>([&](auto c) CTNN_INLINED {
                        T seen(pixel[c / Together * step.x_tap_row * lanes + c % Together * lanes +
                                     n + u]);
                        if constexpr (Vectors > 1) seen = simd::in_register(seen);
                        simd::unroll<Vectors>([&](auto v) CTNN_INLINED {
                            simd::add_product(sum[c * Vectors + v], seen, d[v]);
                        });
                    });
                });
    }
    simd::unroll<Channels * Vectors>([&](auto t) CTNN_INLINED {
        float* const to = d_kernel + t / Vectors * step.kernel + t % Vectors * lanes;
        simd::store(to, T(simd::load<T>(to) + sum[t]));
    });
}

/// The gradients of `Vectors` vectors of neighbouring filters of a group.
template <convolution Conv, class T, class OutputGradient, std::size_t Vectors>
struct filter_sums {
    static constexpr std::size_t lanes = simd::lanes_of<T>, filters = Vectors * lanes;

    // Outputs at once: as many rows as fit into 64 KiB when turned round, and where not even one
    // pooling window's do, some columns.
    static constexpr std::size_t height = Conv.rows.output(), width = Conv.columns.output();
    static constexpr std::size_t most = std::size_t{64} * 1024 / (filters * sizeof(T));
    static constexpr std::size_t rows_together = std::min(height, OutputGradient::rows_together),
                                 columns_together =
                                     std::min(width, OutputGradient::columns_together);
    static constexpr std::size_t columns =
        rows_together * width <= most
            ? width
            : std::max<std::size_t>(1, most / rows_together / columns_together) * columns_together;
    static constexpr std::size_t rows =
        std::min(height, std::max<std::size_t>(1, most / columns / rows_together) * rows_together);

    // A row of the kernel sees neighbouring numbers, so that few channels fill tiles together with
    // its columns, and very few with all of it. At the borders they then see a copy with zeros for
    // padding.
    static constexpr bool merges_columns =
        Conv.groups == 1 && Conv.columns.dilation == 1 && Conv.channels < 8;
    static constexpr std::size_t columns_of_taps = merges_columns ? 1 : Conv.columns.taps;
    /// Weights of one filter that lie evenly apart and see neighbouring numbers.
    static constexpr std::size_t together =
        Conv.group_channels() * Conv.columns.taps / columns_of_taps;
    static constexpr bool merges_rows =
        merges_columns && Conv.rows.taps * together * Vectors <= simd::registers * 7 / 8;
    static constexpr std::size_t rows_of_taps = merges_rows ? 1 : Conv.rows.taps;
    static constexpr bool copies_x =
        merges_columns && (Conv.columns.padded() != Conv.columns.input ||
                           (merges_rows && Conv.rows.padded() != Conv.rows.input));
    static constexpr bool pays = together >= 8 && Conv.group_filters() >= lanes;

    static constexpr std::size_t turned_size = rows * columns * filters;
    static constexpr std::size_t copied_row = pixels_for(Conv.columns, columns) * Conv.channels;
    static constexpr std::size_t copied_size =
        copies_x ? pixels_for(Conv.rows, rows) * copied_row : 0;
    /// Numbers of scratch memory.
    static constexpr std::size_t size =
        turned_size + std::max(copied_size, OutputGradient::are_in_memory ? 0 : turned_size);

    /// d_kernel(i, j, c, f) += ... for filters `first` ..., whose group's channels begin at x; the
    /// bias is theirs.
    static void add(const T* x, const OutputGradient& gradient, std::size_t first, float* d_kernel,
                    float* d_bias, T* scratch) noexcept {
        for (std::size_t h = 0; h < height; h += rows)
            for (std::size_t w = 0; w < width; w += columns) {
                const area part{h, std::min(rows, height - h), w, std::min(columns, width - w)};
                turn(gradient, part, first, d_bias, scratch);
                if constexpr (copies_x) copy(x, part, scratch + turned_size);
                const T* from = copies_x ? scratch + turned_size : x;
                if constexpr (merges_rows)
                    add_taps<Conv.rows.taps * together, together>(from, simd::numbers_of(scratch),
                                                                  part, d_kernel);
                else
                    simd::for_tiles<together, simd::registers * 3 / 4 / Vectors>(
                        [&](std::size_t c, auto channels) CTNN_INLINED {
                            add_taps<channels, channels>(from + c, simd::numbers_of(scratch), part,
                                                         d_kernel + c * Conv.filters);
                        });
            }
    }

private:
    /// Image after image of every output, its filters side by side; and their sums.
    static void turn(const OutputGradient& gradient, area part, std::size_t first, float* d_bias,
                     T* scratch) noexcept {
        const T* from = nullptr;
        std::size_t row = columns * filters, column = filters;
        if constexpr (OutputGradient::are_in_memory) {
            row = width * Conv.filters, column = Conv.filters;
            from = gradient.d_y + part.row * row + part.column * column + first;
        } else {
            gradient.template copy<filters, columns * filters>(part, first, scratch + turned_size);
            from = scratch + turned_size;
        }
        auto* to = reinterpret_cast<float*>(scratch);
        T sum[Vectors]{};
        for (std::size_t h = 0; h < part.rows; ++h)
            for (std::size_t w = 0; w < part.columns; ++w, to += filters * lanes)
                simd::unroll<Vectors>([&](auto v) CTNN_INLINED {
                    simd::transpose(
                        from + h * row + w * column + v * lanes,
                        [&](std::size_t n, const T(&four)[4]) CTNN_INLINED {
                            simd::unroll<4>([&](auto i) CTNN_INLINED {
                                simd::store(to + (n + i) * filters + v * lanes, four[i]);
                            });
                            sum[v] = sum[v] + ((four[0] + four[1]) + (four[2] + four[3]));
                        });
                });
        if constexpr (Conv.has_bias)
            simd::unroll<Vectors>([&](auto v) CTNN_INLINED {
                float* const bias = d_bias + v * lanes;
                simd::store(bias, T(simd::load<T>(bias) + sum[v]));
            });
    }

    /// What some outputs see.
    static void copy(const T* x, area part, T* to) noexcept {
        const std::size_t top = part.row * Conv.rows.stride - Conv.rows.before,
                          left = part.column * Conv.columns.stride - Conv.columns.before;
        for (std::size_t r = 0; r < pixels_for(Conv.rows, part.rows); ++r, to += copied_row) {
            const bool has_row = top + r < Conv.rows.input;  // above the first: very large
            if (!merges_rows && !has_row) continue;
            const T* from = x + (top + r) * Conv.columns.input * Conv.channels;
            for (std::size_t q = 0; q < pixels_for(Conv.columns, part.columns); ++q)
                simd::unroll<Conv.channels>([&](auto c) CTNN_INLINED {
                    const std::size_t column = left + q;
                    to[q * Conv.channels + c] = has_row && column < Conv.columns.input
                                                    ? from[column * Conv.channels + c]
                                                    : T(0.0f);
                });
        }
    }

    template <std::size_t Channels, std::size_t Together>
    static void add_taps(const T* x, const float* d_y, area part, float* d_kernel) noexcept {
        constexpr std::size_t x_row = copies_x ? copied_row : Conv.columns.input * Conv.channels;
        for (std::size_t i = 0; i < rows_of_taps; ++i)
            for (std::size_t j = 0; j < columns_of_taps; ++j, d_kernel += together * Conv.filters) {
                const axis::range h =
                    common<merges_rows>(Conv.rows.outputs_inside(i), part.row, part.rows);
                const axis::range w = common<merges_columns>(Conv.columns.outputs_inside(j),
                                                             part.column, part.columns);
                if (h.first >= h.last || w.first >= w.last) continue;
                const filter_sum_steps step{h.last - h.first,
                                            w.last - w.first,
                                            Conv.rows.stride * x_row,
                                            Conv.columns.stride * Conv.channels,
                                            Conv.rows.dilation * x_row,
                                            part.columns * filters * lanes,
                                            Conv.filters};
                const std::size_t row =
                    copies_x ? (h.first - part.row) * Conv.rows.stride + i * Conv.rows.dilation
                             : Conv.rows.pixel(h.first, i);
                const std::size_t column = copies_x ? 0 : Conv.columns.pixel(w.first, j);
                add_filter_sums<Channels, Together, Vectors>(
                    x + row * x_row + column * Conv.channels,
                    d_y + (h.first - part.row) * step.d_y_row +
                        (w.first - part.column) * filters * lanes,
                    d_kernel, step);
            }
    }
    template <bool All>
    static axis::range common(axis::range inside, std::size_t first, std::size_t count) noexcept {
        if (All) return {first, first + count};
        return {std::max(inside.first, first), std::min(inside.last, first + count)};
    }
};

}  // namespace ctnn::detail
