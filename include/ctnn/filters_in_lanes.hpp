// One image at a time with SIMD: the lanes belong to the filters (or outputs) of a layer, an input
// number is broadcast to all of them. Bias, activation and pooling are done in registers, so that
// the map before pooling is never stored. Batches and training put images in the lanes instead.
#pragma once

#include <ctnn/shape.hpp>
#include <ctnn/simd.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <limits>

namespace ctnn::detail {

/// In the place of an activation or a pooling layer that is not there.
struct no_activation {
    template <class T>
    static constexpr T value(T x) noexcept {
        return x;
    }
};
struct no_pooling {
    static constexpr std::size_t window_rows = 1, window_columns = 1;
    template <class T>
    static constexpr T start() noexcept {
        return T(0.0f);
    }
    template <class T>
    static constexpr T combine(T, T x) noexcept {
        return x;
    }
    template <class T>
    static constexpr T finish(T x) noexcept {
        return x;
    }
};

/// The widest vector that `count` numbers fill, or the narrowest that holds them.
constexpr std::size_t lanes_for(std::size_t count) noexcept {
    const std::size_t needed = std::max<std::size_t>(4, std::bit_ceil(count));
    return std::min(simd::native_lanes, needed);
}

/// What the loops below know of a convolution: sizes in floats, `Rows` and `Columns` are axes
/// without padding (the input has been padded before).
template <std::size_t Channels, std::size_t Filters, axis Rows, axis Columns, bool HasBias,
          class Activation, class Pooling>
struct convolution_of_one_image {
    static constexpr std::size_t pooled_rows = Rows.output() / Pooling::window_rows;
    static constexpr std::size_t pooled_columns = Columns.output() / Pooling::window_columns;
    static constexpr std::size_t taps = Rows.taps * Columns.taps * Channels;

    /// x: Rows.input x Columns.input x Channels; kernel: taps x Filters; y: pooled.
    static void run(const float* x, const float* kernel, const float* bias, float* y) noexcept {
        constexpr std::size_t lanes = lanes_for(Filters), whole = Filters / lanes;
        simd::for_tiles<whole, 4>([&](std::size_t first, auto units) {
            tile_of_filters<lanes, units, lanes>(x, kernel + first * lanes, Filters,
                                                 bias + first * lanes, y + first * lanes);
        });
        if constexpr (constexpr std::size_t rest = Filters % lanes; rest > 0) {
            // The last filters, copied out so that a vector of them can be loaded.
            constexpr std::size_t rest_lanes = lanes_for(rest), first = Filters - rest;
            alignas(64) float rest_kernel[taps * rest_lanes];
            alignas(64) float rest_bias[rest_lanes]{};
            for (std::size_t i = 0; i < taps; ++i)
                for (std::size_t t = 0; t < rest_lanes; ++t)
                    rest_kernel[i * rest_lanes + t] =
                        t < rest ? kernel[i * Filters + first + t] : 0.0f;
            if constexpr (HasBias) std::copy_n(bias + first, rest, rest_bias);
            tile_of_filters<rest_lanes, 1, rest>(x, rest_kernel, rest_lanes, rest_bias, y + first);
        }
    }

private:
    /// `Units` vectors of filters over the whole image; `Used` lanes of the last one are stored.
    template <std::size_t Lanes, std::size_t Units, std::size_t Used>
    static void tile_of_filters(const float* x, const float* kernel, std::size_t step,
                                const float* bias, float* y) noexcept {
        // Registers: the sums, what pooling has kept of them, one vector of each unit, one input.
        constexpr std::size_t for_a_column = Units * (Pooling::window_columns + 1);
        constexpr std::size_t most =
            std::max<std::size_t>(1, (simd::registers - Units - 2) / for_a_column);
        for (std::size_t h = 0; h < pooled_rows; ++h)
            simd::for_tiles<pooled_columns, most>([&](std::size_t w,
                                                      auto columns) __attribute__((always_inline)) {
                tile_of_outputs<Lanes, Units, Used, columns>(x, kernel, step, bias, y, h, w);
            });
    }

    /// h, w: pooled row, column; p, q: row, column in the tile; i, j: position in the kernel; u:
    /// unit
    template <std::size_t Lanes, std::size_t Units, std::size_t Used, std::size_t Pooled>
    [[gnu::always_inline]] static void
    tile_of_outputs(const float* x, const float* kernel, std::size_t step, const float* bias,
                    float* y, std::size_t h, std::size_t w) noexcept {
        using vector = simd::vector<Lanes>;
        constexpr std::size_t window = Pooling::window_columns, wide = Pooled * window;
        vector kept[Pooled][Units];
        simd::unroll<Pooled * Units>([&](auto t) __attribute__((always_inline)) {
            kept[t / Units][t % Units] = Pooling::template start<vector>();
        });
        for (std::size_t p = 0; p < Pooling::window_rows; ++p) {
            vector sum[wide][Units];
            simd::unroll<wide * Units>([&](auto t) __attribute__((always_inline)) {
                if constexpr (HasBias)
                    sum[t / Units][t % Units] = simd::load<vector>(bias + t % Units * Lanes);
                else
                    sum[t / Units][t % Units] = vector(0.0f);
            });
            const float* k = kernel;
            for (std::size_t i = 0; i < Rows.taps; ++i) {
                const std::size_t row =
                    (h * Pooling::window_rows + p) * Rows.stride + i * Rows.dilation;
                for (std::size_t j = 0; j < Columns.taps; ++j) {
                    const std::size_t column = w * window * Columns.stride + j * Columns.dilation;
                    const float* pixel = x + (row * Columns.input + column) * Channels;
                    for (std::size_t c = 0; c < Channels; ++c, k += step) {
                        vector weights[Units];
                        simd::unroll<Units>([&](auto u) __attribute__((always_inline)) {
                            weights[u] = simd::load<vector>(k + u * Lanes);
                        });
                        simd::unroll<wide>([&](auto q) __attribute__((always_inline)) {
                            const vector a(pixel[q * Columns.stride * Channels + c]);
                            simd::unroll<Units>([&](auto u) __attribute__((always_inline)) {
                                sum[q][u] = simd::fma(a, weights[u], sum[q][u]);
                            });
                        });
                    }
                }
            }
            simd::unroll<wide * Units>([&](auto t) __attribute__((always_inline)) {
                constexpr std::size_t q = t / Units, u = t % Units;
                kept[q / window][u] =
                    Pooling::combine(kept[q / window][u], vector(Activation::value(sum[q][u])));
            });
        }
        float* to = y + (h * pooled_columns + w) * Filters;
        simd::unroll<Pooled * Units>([&](auto t) __attribute__((always_inline)) {
            constexpr std::size_t q = t / Units, u = t % Units;
            store_lanes<(u + 1 == Units ? Used : Lanes)>(to + q * Filters + u * Lanes,
                                                         vector(Pooling::finish(kept[q][u])));
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
template <std::size_t Inputs, std::size_t Outputs, bool HasBias, class Activation>
struct dense_of_one_image {
    static void run(const float* x, const float* kernel, const float* bias, float* y) noexcept {
        constexpr std::size_t lanes = std::bit_floor(std::min(Outputs, simd::native_lanes));
        static_assert(lanes >= 4);
        constexpr std::size_t units = (Outputs + lanes - 1) / lanes;
        simd::for_tiles<units, 8>(
            [&](std::size_t first, auto size) { tile<lanes, size>(first, x, kernel, bias, y); });
    }

private:
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
        simd::unroll<parts * Units>([&](auto t) __attribute__((always_inline)) {
            sum[t / Units][t % Units] = vector(0.0f);
            if constexpr (HasBias && t < Units) sum[0][t] = simd::load<vector>(bias + at[t]);
        });
        constexpr std::size_t whole = Inputs / parts * parts;
        const auto add = [&](std::size_t i, auto part) __attribute__((always_inline)) {
            const vector a(x[i]);
            simd::unroll<Units>([&](auto u) __attribute__((always_inline)) {
                sum[part][u] =
                    simd::fma(a, simd::load<vector>(kernel + i * Outputs + at[u]), sum[part][u]);
            });
        };
        for (std::size_t i = 0; i < whole; i += parts)
            simd::unroll<parts>([&](auto part)
                                    __attribute__((always_inline)) { add(i + part, part); });
        simd::unroll<Inputs - whole>([&](auto part) __attribute__((always_inline)) {
            add(whole + part, part);
        });
        simd::unroll<Units>([&](auto u) __attribute__((always_inline)) {
            vector total = sum[0][u];
            simd::unroll<parts - 1>([&](auto part) __attribute__((always_inline)) {
                total = total + sum[part + 1][u];
            });
            simd::store(y + at[u], vector(Activation::value(total)));
        });
    }
};

}  // namespace ctnn::detail
