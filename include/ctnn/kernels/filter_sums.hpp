// The gradient of a convolution's kernel with filters in the lanes, where there are enough of them:
// dLoss/dy, one image in every lane, is turned round first, so that sums end up as the kernel's
// numbers lie, not one by one over the lanes.
#pragma once

#include <ctnn/kernels/convolution.hpp>
#include <ctnn/kernels/output_gradient.hpp>
#include <ctnn/kernels/tap_sums.hpp>
#include <ctnn/simd/loops.hpp>
#include <ctnn/simd/transpose.hpp>

#include <algorithm>
#include <cstddef>
#include <type_traits>

namespace ctnn::detail {

/// Where a tile's numbers lie: rows and columns of outputs, numbers from one to the next. While an output
/// is multiplied, it asks for `asked` vectors of what is turned round next.
struct filter_sum_steps {
    std::size_t rows, columns, x_row, x_column, d_y_row, kernel, kernel_tap;
    std::size_t asked, asked_row, asked_column;
};

/// d_kernel(c, f) += sum over outputs and images n of x(output, c, n) d_y(output, n, f): `Channels`
/// x `Vectors` vectors of sums in registers. `OfTaps`: not of different filters, but of the kernel's
/// columns, which see a pixel for outputs that lie side by side; d_y is that of the last column, which
/// sees it for the first output. A template of nothing else, so that all convolutions share its few
/// kinds.
template <std::size_t Channels, std::size_t Vectors, bool OfTaps, class T>
[[gnu::noinline]] void add_filter_sums(const T* x, const float* d_y, float* d_kernel,
                                       const T* ahead, const filter_sum_steps& step) noexcept {
    constexpr std::size_t lanes = simd::lanes_of<T>, unrolled = lanes < 4 ? lanes : 4;
    constexpr std::size_t sums = Channels * Vectors;
    constexpr std::size_t to_next = OfTaps ? lanes * lanes : lanes,
                          to_next_image = OfTaps ? lanes : Vectors * lanes;
    const auto place_of = [&](std::size_t t) CTNN_INLINED {
        const std::size_t v = t % Vectors;
        return d_kernel + t / Vectors * step.kernel +
               (OfTaps ? (Vectors - 1 - v) * step.kernel_tap : v * lanes);
    };
    T sum[sums];
    CTNN_UNROLLED
    for (std::size_t t = 0; t < sums; ++t) {
        __builtin_prefetch(place_of(t), 1);
        sum[t] = T(0.0f);
    }
    for (std::size_t h = 0; h < step.rows; ++h) {
        const float* pixel = simd::numbers_of(x + h * step.x_row);
        const float* from = d_y + h * step.d_y_row;
        for (std::size_t w = 0; w < step.columns; ++w, pixel += step.x_column * lanes) {
            CTNN_UNROLLED
            for (std::size_t c = 0; c < Channels; ++c)
                simd::prefetch(pixel, (step.x_column + c) * lanes);
            for (std::size_t n = 0; n < step.asked; ++n)
                simd::prefetch(ahead, h * step.asked_row + w * step.asked_column + n);
            for (std::size_t n = 0; n < lanes; n += unrolled) {
                CTNN_UNROLLED
                for (std::size_t u = 0; u < unrolled; ++u, from += to_next_image) {
                    T d[Vectors];
                    CTNN_UNROLLED
                    for (std::size_t v = 0; v < Vectors; ++v)
                        d[v] = simd::in_register(simd::load<T>(from + v * to_next));
                    CTNN_UNROLLED
                    for (std::size_t c = 0; c < Channels; ++c) {
                        T seen(pixel[c * lanes + n + u]);
                        if constexpr (Vectors > 1) seen = simd::in_register(seen);
                        CTNN_UNROLLED
                        for (std::size_t v = 0; v < Vectors; ++v)
                            simd::add_product(sum[c * Vectors + v], seen, d[v]);
                    }
                }
            }
        }
    }
    CTNN_UNROLLED
    for (std::size_t t = 0; t < sums; ++t) {
        float* const to = place_of(t);
        simd::store(to, T(simd::load<T>(to) + sum[t]));
    }
}

/// The gradients of `Vectors` vectors of neighbouring filters of a group.
template <convolution Conv, class T, class OutputGradient, std::size_t Vectors>
struct filter_sums {
    static constexpr std::size_t lanes = simd::lanes_of<T>, filters = Vectors * lanes;

    // Outputs at once: as many rows as fit into 32 KiB when turned round, and where not even one
    // pooling window's do, some columns.
    static constexpr std::size_t height = Conv.rows.output(), width = Conv.columns.output();
    static constexpr std::size_t most = std::size_t{32} * 1024 / (filters * sizeof(T));
    static constexpr std::size_t rows_together = std::min(height, OutputGradient::rows_together),
                                 columns_together =
                                     std::min(width, OutputGradient::columns_together);
    static constexpr std::size_t columns =
        rows_together * width <= most
            ? width
            : std::max<std::size_t>(1, most / rows_together / columns_together) * columns_together;
    static constexpr std::size_t rows =
        std::min(height, std::max<std::size_t>(1, most / columns / rows_together) * rows_together);

    // A row of the kernel sees neighbouring numbers, so that few channels fill a tile together with
    // its columns.
    static constexpr bool merges_columns =
        Conv.groups == 1 && Conv.columns.dilation == 1 && Conv.channels < 8;
    /// One vector of filters alone would load a number for every product: columns of the kernel, too,
    /// share the numbers that they see.
    static constexpr bool merges_taps = Vectors == 1 && !merges_columns &&
                                        Conv.columns.stride == 1 && Conv.columns.dilation == 1 &&
                                        Conv.columns.taps > 1;
    /// Numbers that one tile may see, and all that meet an output's gradient once it is turned
    /// round.
    static constexpr std::size_t neighbours =
        Conv.group_channels() * (merges_columns ? Conv.columns.taps : 1);
    static constexpr std::size_t meet = Conv.rows.taps * Conv.columns.taps * Conv.group_channels();
    static constexpr bool pays = simd::transposes_fast<T> && Conv.group_filters() >= lanes &&
                                 neighbours >= (lanes < 8 ? 32 : 8) && meet >= (lanes < 8 ? 32 : 8);

    static constexpr std::size_t turned_size = rows * columns * filters;
    /// Numbers of scratch memory.
    static constexpr std::size_t size =
        OutputGradient::are_in_memory ? turned_size : 2 * turned_size;

    /// d_kernel(i, j, c, f) += ... for filters `first` ..., whose group's channels begin at x; the
    /// bias is theirs.
    static void add(const T* x, const OutputGradient& gradient, std::size_t first, float* d_kernel,
                    float* d_bias, T* scratch) noexcept {
        for (std::size_t h = 0; h < height; h += rows)
            for (std::size_t w = 0; w < width; w += columns) {
                const area part{h, std::min(rows, height - h), w, std::min(columns, width - w)};
                turn(gradient, part, first, d_bias, scratch);
                turned_part turned{part, simd::numbers_of(scratch), nullptr, 0};
                if constexpr (OutputGradient::are_in_memory) {
                    const bool is_beside = w + columns < width;
                    if (is_beside || h + rows < height)
                        turned.ask(gradient.d_y + first +
                                   (is_beside ? h * width + w + columns : (h + rows) * width) *
                                       Conv.filters);
                }
                if constexpr (merges_columns)
                    add_merged(x, turned, d_kernel);
                else if constexpr (merges_taps)
                    simd::for_tiles<Conv.columns.taps, 3>(
                        [&](std::size_t j, auto taps)
                            CTNN_INLINED { add_side_by_side<taps>(x, turned, j, d_kernel); });
                else
                    simd::for_tiles<Conv.group_channels(), channels_most>(
                        [&](std::size_t c, auto channels) CTNN_INLINED {
                            for (std::size_t j = 0; j < Conv.columns.taps; ++j)
                                add_taps<channels>(x, turned, Conv.columns.outputs_inside(j), j, c,
                                                   d_kernel);
                        });
            }
    }

private:
    static constexpr std::size_t channels_most = simd::registers * 3 / 4 / Vectors;

    /// Some outputs, and their gradient turned round. Of every one of the next as many outputs `left`
    /// vectors, from `ahead` on, are still to be asked for: each tile that meets these asks for a share.
    struct turned_part {
        area outputs;
        const float* d_y;
        const T* ahead;
        std::size_t left;

        void ask(const T* next) noexcept { ahead = next, left = filters; }
        /// The share of a tile of so many columns; afterwards `ahead` is behind it.
        std::size_t take(std::size_t columns_seen) noexcept {
            constexpr std::size_t tiles = Conv.rows.taps *
                                          (merges_columns ? 1 : Conv.columns.taps) *
                                          simd::tile_count(neighbours, channels_most),
                                  each = (filters + tiles - 1) / tiles;
            const std::size_t now = columns_seen > 2 ? std::min(left, each) : 0;  // not at borders
            ahead += now, left -= now;
            return now;
        }
    };

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
                for (std::size_t v = 0; v < Vectors; ++v)
                    simd::transpose(
                        from + h * row + w * column + v * lanes,
                        [&](std::size_t n, const T(&four)[4]) CTNN_INLINED {
                            CTNN_UNROLLED
                            for (std::size_t i = 0; i < 4; ++i)
                                simd::store(to + (n + i) * filters + v * lanes, four[i]);
                            sum[v] = sum[v] + ((four[0] + four[1]) + (four[2] + four[3]));
                        });
        if constexpr (Conv.has_bias)
            for (std::size_t v = 0; v < Vectors; ++v) {
                float* const bias = d_bias + v * lanes;
                simd::store(bias, T(simd::load<T>(bias) + sum[v]));
            }
    }

    /// Outputs in the middle see all columns of the kernel, those at the borders fewer.
    static void add_merged(const T* x, turned_part& turned, float* d_kernel) noexcept {
        constexpr axis::range inside = forward_sum(Conv.columns).inside();
        add_run<0, Conv.columns.taps>(x, turned, inside, d_kernel);
        simd::unroll<width - (inside.last - inside.first)>([&](auto n) CTNN_INLINED {
            constexpr std::size_t w = n < inside.first ? n : n + inside.last - inside.first;
            constexpr axis::range taps = Conv.columns.taps_inside(w);
            add_run<taps.first, taps.last>(x, turned, {w, w + 1}, d_kernel);
        });
    }
    template <std::size_t First, std::size_t Last>
    static void add_run(const T* x, turned_part& turned, axis::range outputs,
                        float* d_kernel) noexcept {
        simd::for_tiles<(Last - First) * Conv.channels, channels_most>(
            [&](std::size_t n, auto count)
                CTNN_INLINED { add_taps<count>(x, turned, outputs, First, n, d_kernel); });
    }

    /// `Taps` columns of the kernel from j on: together where all of them see a pixel, else each by
    /// itself.
    template <std::size_t Taps>
    static void add_side_by_side(const T* x, turned_part& turned, std::size_t j,
                                 float* d_kernel) noexcept {
        const area part = turned.outputs;
        const std::size_t last = j + Taps - 1, end = part.column + part.columns;
        axis::range shared = common(Conv.columns.outputs_inside(last), part.column, part.columns);
        shared.last = std::max(shared.first, std::min(shared.last, end - std::min(end, Taps - 1)));
        simd::for_tiles<Conv.group_channels(), simd::registers * 3 / 4 / Taps>(
            [&](std::size_t c, auto channels)
                CTNN_INLINED { add_taps<channels, Taps>(x, turned, shared, last, c, d_kernel); });
        for (std::size_t tap = j; tap <= last; ++tap) {
            const axis::range outputs = Conv.columns.outputs_inside(tap);
            const std::size_t before = std::min(outputs.last, shared.first + last - tap);
            simd::for_tiles<Conv.group_channels(), channels_most>(
                [&](std::size_t c, auto channels) CTNN_INLINED {
                    add_taps<channels>(x, turned, {outputs.first, before}, tap, c, d_kernel);
                    add_taps<channels>(x, turned, {shared.last + last - tap, outputs.last}, tap, c,
                                       d_kernel);
                });
        }
    }

    /// `Count` numbers that the kernel's column j sees, from number c on, for some columns of
    /// outputs; of several taps the last one's.
    template <std::size_t Count, std::size_t Taps = 1>
    static void add_taps(const T* x, turned_part& turned, axis::range outputs, std::size_t j,
                         std::size_t c, float* d_kernel) noexcept {
        constexpr std::size_t x_row = Conv.columns.input * Conv.channels;
        const area part = turned.outputs;
        const axis::range w = common(outputs, part.column, part.columns);
        for (std::size_t i = 0; i < Conv.rows.taps; ++i) {
            const axis::range h = common(Conv.rows.outputs_inside(i), part.row, part.rows);
            if (h.first >= h.last || w.first >= w.last) continue;
            const T* const ahead = turned.ahead;
            const filter_sum_steps step{h.last - h.first,
                                        w.last - w.first,
                                        Conv.rows.stride * x_row,
                                        Conv.columns.stride * Conv.channels,
                                        part.columns * filters * lanes,
                                        Conv.filters,
                                        Conv.tap_size(),
                                        turned.take(w.last - w.first),
                                        width * Conv.filters,
                                        Conv.filters};
            add_filter_sums<Count, std::max(Vectors, Taps), (Taps > 1)>(
                x + Conv.rows.pixel(h.first, i) * x_row +
                    Conv.columns.pixel(w.first, j) * Conv.channels + c,
                turned.d_y + (h.first - part.row) * step.d_y_row +
                    (w.first - part.column) * filters * lanes,
                d_kernel + (i * Conv.columns.taps + j + 1 - Taps) * Conv.tap_size() +
                    c * Conv.filters,
                ahead, step);
        }
    }
    static axis::range common(axis::range some, std::size_t first, std::size_t count) noexcept {
        return {std::max(some.first, first), std::min(some.last, first + count)};
    }
};

}  // namespace ctnn::detail
