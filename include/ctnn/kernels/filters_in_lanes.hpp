// One image at a time with SIMD: the lanes belong to the filters of a convolution, an input number
// is broadcast to all of them. Batches and training put images in the lanes instead.
#pragma once

#include <ctnn/kernels/convolution.hpp>
#include <ctnn/kernels/copied_weights.hpp>
#include <ctnn/kernels/padding.hpp>
#include <ctnn/kernels/pooled_tile.hpp>
#include <ctnn/simd/loops.hpp>
#include <ctnn/simd/pairs.hpp>

#include <algorithm>
#include <cstddef>

namespace ctnn::detail {

/// y = pooling(activation(bias + x * kernel)) for one image, scaled before the activation if that says
/// so.
template <convolution Conv, activation Activation, pooling Pooling>
struct convolution_with_filters_in_lanes {
private:
    static constexpr std::size_t window_rows = Pooling::window_rows,
                                 window_columns = Pooling::window_columns;
    static constexpr std::size_t pooled_rows = Conv.rows.output() / window_rows;
    static constexpr std::size_t pooled_columns = Conv.columns.output() / window_columns,
                                 output_row = Conv.output_row(pooled_columns);
    static constexpr std::size_t group_channels = Conv.group_channels();

    // Vectors of filters; the last ends where the filters do, even if it computes some again.
    static constexpr std::size_t count = Conv.group_filters(), lanes = lanes_for(count),
                                 vectors = vectors_for(count);
    using copied = copied_weights<Conv>;
    static constexpr bool is_narrow = count < lanes, is_copied = copied::exist,
                          is_paired = copied::are_paired;
    static constexpr std::size_t weight_step = is_copied ? copied::step : Conv.filters;
    using vector = simd::vector<lanes>;
    /// What the taps are added up in.
    using tap_vector = simd::vector<is_paired ? 2 * lanes : lanes>;

    // A tile: outputs before pooling, and vectors. It has whole windows, or one row of some.
    static constexpr outputs_at_once at_once =
        filter_outputs_at_once(Conv, window_rows, window_columns, vectors);
    static constexpr std::size_t units = at_once.vectors;
    static constexpr std::size_t rows_kept = std::max<std::size_t>(1, at_once.rows / window_rows);
    static constexpr std::size_t columns_kept = at_once.columns / window_columns;
    static constexpr std::size_t steps = rows_kept * window_rows / at_once.rows;  // of pooling
    static constexpr std::size_t sums = at_once.rows * at_once.columns * units,
                                 items = rows_kept * columns_kept * units;
    using tiled_rows = tiled_axis<Conv.rows, pooled_rows * window_rows, at_once.rows>;
    using tiled_columns =
        tiled_axis<Conv.columns, pooled_columns * window_columns, at_once.columns>;

public:
    /// Whether `adding` can be: no vector computes filters that another one computes, too.
    static constexpr bool adds_once = count % lanes == 0 && vectors % units == 0;
    /// Numbers of scratch memory that `run` needs.
    static constexpr std::size_t scratch_size = is_copied ? copied::size : 0;

    static void run(const float* x, const float* kernel, const float* bias, float* y,
                    [[maybe_unused]] float* scratch,
                    [[maybe_unused]] const float* scale = nullptr) noexcept {
        for (std::size_t g = 0; g < Conv.groups; ++g) {
            const std::size_t first = g * count;
            const float* const from = x + g * group_channels;
            const float* const scale_here = Conv.template scale_from<Activation>(scale, first);
            if constexpr (is_copied) {
                copied::copy(kernel, bias, first, scratch);
                all_outputs(from, scratch, scratch + copied::bias, scale_here, y + first);
            } else {
                all_outputs(from, kernel + first, Conv.bias_from(bias, first), scale_here,
                            y + first);
            }
        }
    }

    static constexpr loop_choice choice() noexcept {
        return {layout::hwc, {at_once.rows * at_once.columns, units * lanes}};
    }

private:
    static void all_outputs(const float* x, const float* kernel, const float* bias,
                            const float* scale, float* y) noexcept {
        for (std::size_t v = 0; v < vectors; v += units) {
            const std::size_t f =
                is_copied ? 0 : std::min(std::min(v, vectors - units) * lanes, count - lanes);
            for (std::size_t h = 0; h < pooled_rows; h += rows_kept)
                tiled_columns::for_tiles([&](auto like, std::size_t w) CTNN_INLINED {
                    const std::size_t from = std::min(h, pooled_rows - rows_kept);
                    tile<like>(x, kernel + f, Conv.bias_from(bias, f),
                               Conv.template scale_from<Activation>(scale, f), y + f, f, from,
                               h - from, w);
                });
        }
    }

    /// The filters from f on; h: pooled row, of which the first `again` are
    /// another tile's, too; w: column before pooling; p: row of the pooling window; u: vector of the
    /// tile. Not inlined: g++ 12 would keep the
    /// activation's constants in registers all the while.
    template <std::size_t Like>
    [[gnu::noinline]] static void tile(const float* x, const float* kernel, const float* bias,
                                       [[maybe_unused]] const float* scale, float* y, std::size_t f,
                                       std::size_t h, [[maybe_unused]] std::size_t again,
                                       std::size_t w) noexcept {
        // What is scaled comes before what is added.
        constexpr bool adds = adds_to_output<Activation>,
                       adds_first = adds && !scales_output<Activation>;
        static_assert(!adds || adds_once);
        const std::size_t last = is_copied ? 0 : std::min((units - 1) * lanes, count - lanes - f);
        const auto filter = [&](std::size_t u) CTNN_INLINED {
            return count % lanes == 0 || u + 1 < units ? u * lanes : last;
        };
        float* const to = y + h * output_row + w / window_columns * Conv.output_step();
        pooled_tile<vector, Activation, Pooling, items, sums / items>(
            steps,
            [&](std::size_t p, vector(&sum)[sums]) CTNN_INLINED {
                CTNN_UNROLLED
                for (std::size_t t = 0; t < sums; ++t) {
                    if constexpr (Conv.has_bias)
                        sum[t] = simd::load<vector>(bias + filter(t % units));
                    else
                        sum[t] = vector(0.0f);
                    if constexpr (adds_first)
                        sum[t] =
                            sum[t] + simd::load<vector>(to + output(t / units) + filter(t % units));
                }
                if constexpr (is_paired) {
                    tap_vector pairs[sums];
                    CTNN_UNROLLED
                    for (std::size_t t = 0; t < sums; ++t) pairs[t] = tap_vector(0.0f);
                    add_taps<Like>(x, kernel, h * window_rows + p, w, filter, pairs);
                    CTNN_UNROLLED
                    for (std::size_t t = 0; t < sums; t += 2) {
                        const std::size_t next = t + 1 < sums ? t + 1 : t;
                        vector low, high;
                        simd::add_pairs(pairs[t], pairs[next], low, high);
                        sum[t] = sum[t] + low;
                        if (next > t) sum[next] = sum[next] + high;
                    }
                } else {
                    add_taps<Like>(x, kernel, h * window_rows + p, w, filter, sum);
                }
            },
            [&](std::size_t item, vector sum) CTNN_INLINED {
                sum = scaled_sums<Activation>(sum, scale, filter(item % units), Conv.filters);
                if constexpr (adds && !adds_first)
                    sum =
                        sum + simd::load<vector>(to + output(item / units) + filter(item % units));
                return sum;
            },
            [&](std::size_t item, vector value) CTNN_INLINED {
                // Nothing is added twice.
                if (adds && (item / units / columns_kept < again ||
                             item / units % columns_kept < tiled_columns::computed_twice(w)))
                    return;
                store_lanes(to + output(item / units) + filter(item % units), value);
            });
    }
    /// Where output number n of the tile lies, from its first.
    static constexpr std::size_t output(std::size_t n) noexcept {
        return n / columns_kept * output_row + n % columns_kept * Conv.output_step();
    }

    /// Where the sum of row r, column q, vector u of the tile is.
    static constexpr std::size_t place(std::size_t r, std::size_t q, std::size_t u) noexcept {
        const std::size_t item = (r / window_rows * columns_kept + q / window_columns) * units + u;
        const std::size_t part = (r % window_rows) * window_columns + q % window_columns;
        return part * items + item;
    }

    // r, q: row, column of the output; i, j: row, column in the kernel; c: channel

    /// The tile that starts with row r and column q, whose columns find the pixels that those from
    /// `Like` on find.
    template <std::size_t Like, class Filter>
    [[gnu::always_inline]] static void add_taps(const float* x, const float* kernel, std::size_t r,
                                                std::size_t q, Filter filter,
                                                tap_vector (&sum)[sums]) noexcept {
        for (std::size_t i = 0; i < Conv.rows.taps; ++i) {
            const axis::range rows = tiled_rows::inside(r, i);
            if (rows.first == rows.last) continue;
            const float* row =
                x + Conv.rows.pixel(r + rows.first, i) * Conv.columns.input * Conv.channels;
            const float* k = kernel + i * Conv.columns.taps * group_channels * weight_step;
            bool is_done = false;
            simd::unroll<tiled_rows::parts.count>([&](auto n) CTNN_INLINED {
                constexpr axis::range part = tiled_rows::parts.parts[n];
                if (is_done || part.first != rows.first || part.last != rows.last) return;
                is_done = true;
                add_row<part, Like, 0>(row, k, q, filter, sum);
            });
        }
    }

    /// The taps from J on of a row of the kernel. Those that find pixels for the same outputs are
    /// one loop, if they lie side by side (with AVX2 and SSE2 short loops are faster: g++ unrolls
    /// them), or two, if they are many.
    template <axis::range Rows, std::size_t Like, std::size_t J, class Filter>
    [[gnu::always_inline]] static void add_row(const float* row, const float* k, std::size_t q,
                                               Filter filter, tap_vector (&sum)[sums]) noexcept {
        constexpr axis::range columns = tiled_columns::inside(Like, J);
        constexpr bool are_many = Conv.columns.taps > 16,
                       are_neighbours = Conv.groups == 1 && Conv.columns.dilation == 1 &&
                                        (are_many || is_paired || simd::registers >= 32);
        constexpr std::size_t next =
            are_neighbours || are_many ? tiled_columns::next_tap(Like, J) : J + 1;
        if constexpr (columns.first < columns.last) {
            const float* pixel = row + Conv.columns.pixel(q + columns.first, J) * Conv.channels;
            const float* weights = k + J * group_channels * weight_step;
            if constexpr (are_neighbours)
                add<Rows, columns>(pixel, weights, (next - J) * group_channels, filter, sum);
            else
                for (std::size_t n = 0; n < next - J; ++n)
                    add<Rows, columns>(pixel + n * Conv.columns.dilation * Conv.channels,
                                       weights + n * group_channels * weight_step, group_channels,
                                       filter, sum);
        }
        if constexpr (next < Conv.columns.taps) add_row<Rows, Like, next>(row, k, q, filter, sum);
    }

    /// The outputs of `Rows` and `Columns` of the tile, the first of which sees `pixel`.
    template <axis::range Rows, axis::range Columns, class Filter>
    [[gnu::always_inline]] static void add(const float* pixel, const float* k, std::size_t count_c,
                                           Filter filter, tap_vector (&sum)[sums]) noexcept {
        constexpr std::size_t rows = Rows.last - Rows.first, columns = Columns.last - Columns.first,
                              at_once_c = is_paired ? 2 : 1;
        /// from(number): what all lanes multiply.
        const auto add_number = [&](const float* w, auto from) CTNN_INLINED {
            tap_vector weights[units];
            CTNN_UNROLLED
            for (std::size_t u = 0; u < units; ++u) {
                simd::prefetch_rows<weight_step>(w + filter(u));
                weights[u] = simd::load<tap_vector>(w + filter(u));
            }
            CTNN_UNROLLED
            for (std::size_t n = 0; n < rows * columns; ++n) {
                const std::size_t r = n / columns, q = n % columns;
                const tap_vector number =
                    from((r * Conv.rows.stride * Conv.columns.input + q * Conv.columns.stride) *
                         Conv.channels);
                CTNN_UNROLLED
                for (std::size_t u = 0; u < units; ++u)
                    simd::add_product(sum[place(Rows.first + r, Columns.first + q, u)], number,
                                      weights[u]);
            }
        };
        std::size_t c = 0;
        for (; c + at_once_c <= count_c; c += at_once_c, k += at_once_c * weight_step) {
            simd::load_again();
            add_number(k, [&](std::size_t n) CTNN_INLINED {
                if constexpr (is_paired)
                    return simd::load_pair<tap_vector>(pixel + n + c);
                else
                    return tap_vector(pixel[n + c]);
            });
        }
        if constexpr (copied::has_single)
            if (c < count_c)
                add_number(k + copied::single,
                           [&](std::size_t n) CTNN_INLINED { return tap_vector(pixel[n + c]); });
    }

    [[gnu::always_inline]] static void store_lanes(float* to, vector x) noexcept {
        if constexpr (is_narrow) {
            float all[lanes];
            simd::store(all, x);
            std::copy_n(all, count, to);
        } else {
            simd::store(to, x);
        }
    }
};

}  // namespace ctnn::detail
