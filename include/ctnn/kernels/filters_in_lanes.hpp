// One image at a time with SIMD: the lanes belong to the filters (or outputs) of a layer, an input
// number is broadcast to all of them. Bias, activation and pooling are done in registers, so that
// the map before pooling is never stored. Batches and training put images in the lanes instead.
#pragma once

#include <ctnn/kernels/convolution.hpp>
#include <ctnn/simd/loops.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>

namespace ctnn::detail {

/// y = pooling(activation(bias + x * kernel)) for one image. A depthwise convolution's lanes are
/// channels, each with a filter of its own, and nothing is broadcast.
template <convolution Conv, activation Activation, pooling Pooling>
struct convolution_with_filters_in_lanes {
private:
    using activation = activation_around<Activation, Pooling>;
    static constexpr std::size_t window_rows = Pooling::window_rows,
                                 window_columns = Pooling::window_columns;
    static constexpr std::size_t pooled_rows = Conv.rows.output() / window_rows;
    static constexpr std::size_t pooled_columns = Conv.columns.output() / window_columns;
    static constexpr bool is_padded =
        Conv.rows.padded() != Conv.rows.input || Conv.columns.padded() != Conv.columns.input;

    /// What is computed at once, and the pixels in a row of its input.
    static constexpr block at_once =
        is_padded ? block_of_one_image(Conv, window_rows, window_columns, Conv.channels)
                  : block{pooled_rows, pooled_columns};
    static constexpr std::size_t row_pixels =
        is_padded ? pixels_for(Conv.columns, at_once.columns* window_columns) : Conv.columns.input;
    static constexpr std::size_t block_size =
        is_padded ? pixels_for(Conv.rows, at_once.rows* window_rows) * row_pixels * Conv.channels
                  : 0;

    // The last filters, too few for a vector, are copied out so that one can be loaded.
    static constexpr std::size_t taps = Conv.rows.taps * Conv.columns.taps * Conv.group_channels();
    static constexpr std::size_t rest =
        Conv.is_depthwise() ? 0 : Conv.group_filters() % lanes_for(Conv.group_filters());
    static constexpr std::size_t rest_lanes = lanes_for(rest);
    static constexpr std::size_t rest_size = rest > 0 ? (taps + 1) * rest_lanes : 0;

public:
    /// Numbers of scratch memory that `run` needs.
    static constexpr std::size_t scratch_size = whole_lines(rest_size) + block_size;

    static void run(const float* x, const float* kernel, const float* bias, float* y,
                    [[maybe_unused]] float* scratch) noexcept {
        // The last block ends where the output does, even if it computes some again.
        for (std::size_t h = 0; h < pooled_rows; h += at_once.rows) {
            const std::size_t rows = std::min(at_once.rows, pooled_rows - h);
            for (std::size_t i = 0; i < pooled_columns; i += at_once.columns) {
                const std::size_t w = std::min(i, pooled_columns - at_once.columns);
                const float* from = x;
                if constexpr (is_padded)
                    from = copy(x, h * window_rows * Conv.rows.stride,
                                pixels_for(Conv.rows, rows * window_rows),
                                w * window_columns * Conv.columns.stride,
                                scratch + whole_lines(rest_size));
                groups(from, kernel, bias, y + (h * pooled_columns + w) * Conv.filters, rows,
                       scratch);
            }
        }
    }

    static constexpr loop_choice choice() noexcept {
        const std::size_t count = Conv.is_depthwise() ? Conv.channels : Conv.group_filters();
        const std::size_t lanes = Conv.is_depthwise() ? simd::native_lanes : lanes_for(count);
        const std::size_t units = std::max<std::size_t>(
            1, simd::tile_size(count / lanes, Conv.is_depthwise() ? 2 : units_most));
        const std::size_t columns = simd::tile_size(at_once.columns, columns_at_once(units));
        return {layout::hwc, {columns * window_columns, units * lanes}};
    }

private:
    /// `rows` rows of the padded input from row `first` on, row_pixels of each from `column` on.
    static const float* copy(const float* x, std::size_t first, std::size_t rows,
                             std::size_t column, float* to) noexcept {
        constexpr std::size_t left = Conv.columns.before, right = left + Conv.columns.input;
        const std::size_t end = std::min(row_pixels, column < right ? right - column : 0);
        const std::size_t begin = std::min(end, column < left ? left - column : 0);
        for (std::size_t r = 0; r < rows; ++r) {
            float* const row = to + r * row_pixels * Conv.channels;
            const std::size_t from = first + r - Conv.rows.before;  // above the first: very large
            if (from >= Conv.rows.input || begin == end) {
                std::fill_n(row, row_pixels * Conv.channels, 0.0f);
                continue;
            }
            std::fill_n(row, begin * Conv.channels, 0.0f);
            std::copy_n(x + (from * Conv.columns.input + column + begin - left) * Conv.channels,
                        (end - begin) * Conv.channels, row + begin * Conv.channels);
            std::fill_n(row + end * Conv.channels, (row_pixels - end) * Conv.channels, 0.0f);
        }
        return to;
    }

    static constexpr std::size_t units_most = 4;  // vectors of filters

    /// Pooled columns whose sums fit into the registers together with one vector of each unit and
    /// one input.
    static constexpr std::size_t columns_at_once(std::size_t units) noexcept {
        return std::max<std::size_t>(1, (simd::registers - units - 2) / (units * window_columns));
    }

    /// Rows 0 ... `rows` of a block of outputs from an input without padding.
    static void groups(const float* x, const float* kernel, const float* bias, float* y,
                       std::size_t rows, float* scratch) noexcept {
        if constexpr (Conv.is_depthwise()) {
            channels<simd::native_lanes, 0>(x, kernel, bias, y, rows);
        } else {
            for (std::size_t g = 0; g < Conv.groups; ++g) {
                const std::size_t first = g * Conv.group_filters();
                filters(x + g * Conv.group_channels(), kernel + first, Conv.bias_from(bias, first),
                        y + first, rows, scratch);
            }
        }
    }

    static void filters(const float* x, const float* kernel, const float* bias, float* y,
                        std::size_t rows, [[maybe_unused]] float* scratch) noexcept {
        constexpr std::size_t count = Conv.group_filters(), first = count - rest;
        constexpr std::size_t lanes = lanes_for(count);
        simd::for_tiles<count / lanes, units_most>([&](std::size_t n, auto units) {
            tile_of_filters<lanes, units, lanes>(x, kernel + n * lanes, Conv.filters,
                                                 Conv.bias_from(bias, n * lanes), y + n * lanes,
                                                 rows);
        });
        if constexpr (rest > 0) {
            float* const rest_bias = scratch + taps * rest_lanes;
            std::fill_n(scratch, rest_size, 0.0f);
            for (std::size_t i = 0; i < taps; ++i)
                std::copy_n(kernel + i * Conv.filters + first, rest, scratch + i * rest_lanes);
            if constexpr (Conv.has_bias) std::copy_n(bias + first, rest, rest_bias);
            tile_of_filters<rest_lanes, 1, rest>(x, scratch, rest_lanes, rest_bias, y + first,
                                                 rows);
        }
    }

    /// The channels from `First` on; the last ones with fewer lanes.
    template <std::size_t Lanes, std::size_t First>
    static void channels(const float* x, const float* kernel, const float* bias, float* y,
                         std::size_t rows) noexcept {
        constexpr std::size_t vectors = (Conv.channels - First) / Lanes;
        constexpr std::size_t next = First + vectors * Lanes;
        simd::for_tiles<vectors, 2>([&](std::size_t v, auto units) {
            const std::size_t first = First + v * Lanes;
            tile_of_filters<Lanes, units, Lanes>(x + first, kernel + first, Conv.filters,
                                                 Conv.bias_from(bias, first), y + first, rows);
        });
        if constexpr (next < Conv.channels)
            channels<(Lanes > 4 ? Lanes / 2 : 1), next>(x, kernel, bias, y, rows);
    }

    /// `Units` vectors of filters over the whole block; `Used` lanes of the last one are stored.
    template <std::size_t Lanes, std::size_t Units, std::size_t Used>
    static void tile_of_filters(const float* x, const float* kernel, std::size_t step,
                                const float* bias, float* y, std::size_t rows) noexcept {
        for (std::size_t h = 0; h < rows; ++h)
            simd::for_tiles<at_once.columns, columns_at_once(Units)>(
                [&](std::size_t w, auto columns) CTNN_INLINED {
                    tile_of_outputs<Lanes, Units, Used, columns>(x, kernel, step, bias, y, h, w);
                });
    }

    /// h, w: pooled row, column; p, q: row, column in the tile; i, j: position in the kernel; u:
    /// unit. Not inlined: g++ 12 would keep the activation's constants in registers all the while.
    template <std::size_t Lanes, std::size_t Units, std::size_t Used, std::size_t Pooled>
    [[gnu::noinline]] static void tile_of_outputs(const float* x, const float* kernel,
                                                  std::size_t step, const float* bias, float* y,
                                                  std::size_t h, std::size_t w) noexcept {
        using vector = simd::vector<Lanes>;
        constexpr std::size_t wide = Pooled * window_columns;
        constexpr std::size_t next =
            Conv.columns.stride * Conv.channels;  // to the next output's pixel
        vector kept[Pooled][Units];
        simd::unroll<Pooled * Units>([&](auto t) CTNN_INLINED {
            kept[t / Units][t % Units] = Pooling::template start<vector>();
        });
        for (std::size_t p = 0; p < window_rows; ++p) {
            vector sum[wide][Units];
            simd::unroll<wide * Units>([&](auto t) CTNN_INLINED {
                if constexpr (Conv.has_bias)
                    sum[t / Units][t % Units] = simd::load<vector>(bias + t % Units * Lanes);
                else
                    sum[t / Units][t % Units] = vector(0.0f);
            });
            const float* k = kernel;
            for (std::size_t i = 0; i < Conv.rows.taps; ++i) {
                const std::size_t row =
                    (h * window_rows + p) * Conv.rows.stride + i * Conv.rows.dilation;
                for (std::size_t j = 0; j < Conv.columns.taps; ++j) {
                    const std::size_t column =
                        w * window_columns * Conv.columns.stride + j * Conv.columns.dilation;
                    const float* pixel = x + (row * row_pixels + column) * Conv.channels;
                    simd::load_again();
                    for (std::size_t c = 0; c < Conv.group_channels(); ++c, k += step) {
                        vector weights[Units];
                        simd::unroll<Units>([&](auto u) CTNN_INLINED {
                            weights[u] = simd::load<vector>(k + u * Lanes);
                        });
                        simd::unroll<wide>([&](auto q) CTNN_INLINED {
                            simd::unroll<Units>([&](auto u) CTNN_INLINED {
                                vector a;
                                if constexpr (Conv.is_depthwise())
                                    a = simd::load<vector>(pixel + q * next + u * Lanes);
                                else
                                    a = vector(pixel[q * next + c]);
                                simd::add_product(sum[q][u], a, weights[u]);
                            });
                        });
                    }
                }
            }
            simd::unroll<Pooled * Units>([&](auto t) CTNN_INLINED {
                constexpr std::size_t q = t / Units, u = t % Units;
                kept[q][u] =
                    combine_row<Pooling, window_columns>(kept[q][u], [&](auto n) CTNN_INLINED {
                        return activation::before::value(sum[q * window_columns + n][u]);
                    });
            });
        }
        float* to = y + (h * pooled_columns + w) * Conv.filters;
        simd::unroll<Pooled * Units>([&](auto t) CTNN_INLINED {
            constexpr std::size_t q = t / Units, u = t % Units;
            store_lanes<(u + 1 == Units ? Used : Lanes)>(
                to + q * Conv.filters + u * Lanes,
                vector(activation::after::value(Pooling::finish(kept[q][u]))));
        });
    }

    template <std::size_t Used, class Vector>
    [[gnu::always_inline]] static void store_lanes(float* to, Vector x) noexcept {
        if constexpr (Used == simd::lanes_of<Vector>) {
            simd::store(to, x);
        } else {
            float lanes[simd::lanes_of<Vector>];
            simd::store(lanes, x);
            std::copy_n(lanes, Used, to);
        }
    }
};

/// y = activation(bias + x kernel) for one input; kernel: Inputs x Outputs.
template <std::size_t Inputs, std::size_t Outputs, bool HasBias, activation Activation>
struct dense_with_outputs_in_lanes {
    static constexpr loop_choice choice() noexcept {
        return {layout::hwc, {1, simd::tile_size(units, units_most) * lanes}};
    }
    static void run(const float* x, const float* kernel, const float* bias, float* y) noexcept {
        static_assert(lanes >= 4);
        simd::for_tiles<units, units_most>(
            [&](std::size_t first, auto size) { tile<lanes, size>(first, x, kernel, bias, y); });
    }

private:
    static constexpr std::size_t lanes = std::bit_floor(std::min(Outputs, simd::native_lanes));
    static constexpr std::size_t units = (Outputs + lanes - 1) / lanes, units_most = 8;

    /// Vectors number `first` ... of the outputs; the last of all overlaps the one before, so that
    /// it ends where the outputs end. Few vectors take several inputs at once, each with sums of
    /// its own, to hide the latency of the multiply-add.
    template <std::size_t Lanes, std::size_t Units>
    static void tile(std::size_t first, const float* x, const float* kernel, const float* bias,
                     float* y) noexcept {
        using vector = simd::vector<Lanes>;
        constexpr std::size_t parts =
            std::min<std::size_t>(Inputs, std::max<std::size_t>(1, 8 / Units));
        std::size_t at[Units];
        for (std::size_t u = 0; u < Units; ++u)
            at[u] = std::min((first + u) * Lanes, Outputs - Lanes);
        vector sum[parts][Units];
        simd::unroll<parts * Units>([&](auto t) CTNN_INLINED {
            sum[t / Units][t % Units] = vector(0.0f);
            if constexpr (HasBias && t < Units) sum[0][t] = simd::load<vector>(bias + at[t]);
        });
        constexpr std::size_t whole = Inputs / parts * parts;
        const auto add = [&](std::size_t i, auto part) CTNN_INLINED {
            const vector a(x[i]);
            simd::unroll<Units>([&](auto u) CTNN_INLINED {
                simd::add_product(sum[part][u], a,
                                  simd::load<vector>(kernel + i * Outputs + at[u]));
            });
        };
        for (std::size_t i = 0; i < whole; i += parts)
            simd::unroll<parts>([&](auto part) CTNN_INLINED { add(i + part, part); });
        simd::unroll<Inputs - whole>([&](auto part) CTNN_INLINED { add(whole + part, part); });
        simd::unroll<Units>([&](auto u) CTNN_INLINED {
            vector total = sum[0][u];
            simd::unroll<parts - 1>([&](auto part)
                                        CTNN_INLINED { total = total + sum[part + 1][u]; });
            simd::store(y + at[u], vector(Activation::value(total)));
        });
    }
};

}  // namespace ctnn::detail
