// One image at a time with SIMD where there are few filters: the lanes belong to the columns of the
// output, after pooling. The input is copied so that these columns' pixels lie side by side.
#pragma once

#include <ctnn/convolution.hpp>
#include <ctnn/loops.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace ctnn::detail {

/// y = pooling(activation(bias + x * kernel)) for one image.
template <convolution Of, class Activation, class Pooling>
struct convolution_with_columns_in_lanes {
    static void run(const float* x, const float* kernel, const float* bias, float* y) noexcept {
        simd::for_tiles<pooled_rows, rows_at_once>([&](std::size_t first,
                                                       auto rows) __attribute__((always_inline)) {
            alignas(64) float side_by_side[Of.rows_for(rows, window_rows) * row_size]{};
            copy(x, first * window_rows * Of.rows.stride, Of.rows_for(rows, window_rows),
                 side_by_side);
            for (std::size_t h = 0; h < rows; ++h)
                for (std::size_t g = 0; g < Of.groups; ++g)
                    row_of_outputs(
                        side_by_side + h * window_rows * Of.rows.stride * row_size +
                            g * Of.group_channels() * channel_size,
                        kernel + g * Of.group_filters(), Of.bias_from(bias, g * Of.group_filters()),
                        y + (first + h) * pooled_columns * Of.filters + g * Of.group_filters());
        });
    }

    static constexpr loop_choice choice() noexcept {
        return {layout::chw,
                {simd::tile_size(vectors, vectors_most) * lanes * window_columns,
                 simd::tile_size(Of.group_filters(), filters_most)}};
    }

private:
    static constexpr std::size_t window_rows = Pooling::window_rows,
                                 window_columns = Pooling::window_columns;
    static constexpr std::size_t pooled_rows = Of.rows.output() / window_rows;
    static constexpr std::size_t pooled_columns = Of.columns.output() / window_columns;
    static constexpr std::size_t lanes = lanes_for(pooled_columns),
                                 vectors = vectors_for(pooled_columns);
    using vector = simd::vector<lanes>;
    using activation = activation_around<Activation, Pooling>;

    // Padded pixel `column` of a row and channel lies at column % phases * length + column /
    // phases.
    static constexpr std::size_t phases = window_columns * Of.columns.stride;
    static constexpr std::size_t length =
        vectors * lanes +
        ((window_columns - 1) * Of.columns.stride + Of.columns.reach() - 1) / phases;
    static constexpr std::size_t channel_size = phases * length;
    static constexpr std::size_t row_size = Of.channels * channel_size;

    static constexpr std::size_t rows_at_once = rows_that_fit(
        pooled_rows, [](std::size_t rows) { return Of.rows_for(rows, window_rows) * row_size; });

    /// Where the first lane's pixel lies, for column q of the pooling window and j of the kernel.
    static constexpr auto offsets = [] {
        std::array<std::size_t, window_columns * Of.columns.taps> result{};
        for (std::size_t j = 0; j < Of.columns.taps; ++j)
            for (std::size_t q = 0; q < window_columns; ++q) {
                const std::size_t column = q * Of.columns.stride + j * Of.columns.dilation;
                result[j * window_columns + q] = column % phases * length + column / phases;
            }
        return result;
    }();

    /// Rows `first` ... of the padded input; padding is there already.
    static void copy(const float* x, std::size_t first, std::size_t rows, float* to) noexcept {
        for (std::size_t r = 0; r < rows; ++r) {
            const std::size_t row = first + r - Of.rows.before;  // above the first: very large
            if (row >= Of.rows.input) continue;
            const float* from = x + row * Of.columns.input * Of.channels;
            for (std::size_t c = 0; c < Of.channels; ++c)
                simd::unroll<phases>([&](auto phase) __attribute__((always_inline)) {
                    // The first and the last pixel of this phase that exist.
                    constexpr std::size_t begin =
                        phase < Of.columns.before
                            ? (Of.columns.before - phase + phases - 1) / phases
                            : 0;
                    constexpr std::size_t columns = Of.columns.before + Of.columns.input;
                    constexpr std::size_t end = std::min(
                        length, columns > phase ? (columns - phase + phases - 1) / phases : 0);
                    float* place = to + r * row_size + c * channel_size + phase * length;
                    for (std::size_t n = begin; n < end; ++n)
                        place[n] = from[(n * phases + phase - Of.columns.before) * Of.channels + c];
                });
        }
    }

    // Sums at once: columns of the pooling window x vectors x filters, as many as fit: a load of
    // pixels mostly touches two lines of the cache.
    static constexpr std::size_t most = simd::registers >= 32 ? 24 : 12;
    static constexpr std::size_t vectors_most = std::clamp<std::size_t>(
        most / window_columns / std::min<std::size_t>(Of.group_filters(), 6), 1, vectors);
    static constexpr std::size_t filters_most = std::clamp<std::size_t>(
        most / window_columns / simd::tile_size(vectors, vectors_most), 1, Of.group_filters());

    static void row_of_outputs(const float* x, const float* kernel, const float* bias,
                               float* y) noexcept {
        simd::for_tiles<vectors, vectors_most>([&](std::size_t v,
                                                   auto wide) __attribute__((always_inline)) {
            simd::for_tiles<Of.group_filters(), filters_most>([&](
                std::size_t f, auto filters) __attribute__((always_inline)) {
                outputs<wide, filters>(x + v * lanes, kernel + f, Of.bias_from(bias, f), y + f,
                                       v * lanes);
            });
        });
    }

    /// w: first column after pooling; p, q: row, column in the pooling window; i, j: position in
    /// the kernel; v: vector; f: filter
    template <std::size_t Vectors, std::size_t Filters>
    [[gnu::always_inline]] static void outputs(const float* x, const float* kernel,
                                               const float* bias, float* y,
                                               std::size_t w) noexcept {
        constexpr std::size_t wide = window_columns * Vectors;
        vector kept[Vectors * Filters];
        simd::unroll<Vectors * Filters>([&](auto t) __attribute__((always_inline)) {
            kept[t] = Pooling::template start<vector>();
        });
        for (std::size_t p = 0; p < window_rows; ++p) {
            vector sum[wide * Filters];
            simd::unroll<wide * Filters>([&](auto t) __attribute__((always_inline)) {
                if constexpr (Of.has_bias)
                    sum[t] = vector(bias[t % Filters]);
                else
                    sum[t] = vector(0.0f);
            });
            const float* k = kernel;
            for (std::size_t i = 0; i < Of.rows.taps; ++i) {
                const float* row = x + (p * Of.rows.stride + i * Of.rows.dilation) * row_size;
                for (std::size_t j = 0; j < Of.columns.taps; ++j) {
                    simd::load_again();
                    const float* channel = row;
                    for (std::size_t c = 0; c < Of.group_channels();
                         ++c, k += Of.filters, channel += channel_size) {
                        vector from[wide];
                        simd::unroll<wide>([&](auto u) __attribute__((always_inline)) {
                            from[u] = simd::load<vector>(channel +
                                                         offsets[j * window_columns + u / Vectors] +
                                                         u % Vectors * lanes);
                        });
                        simd::unroll<Filters>([&](auto f) __attribute__((always_inline)) {
                            const vector weight(k[f]);
                            simd::unroll<wide>([&](auto u) __attribute__((always_inline)) {
                                vector& s = sum[u * Filters + f];
                                simd::add_product(s, from[u], weight);
                            });
                        });
                    }
                }
            }
            simd::unroll<wide * Filters>([&](auto t) __attribute__((always_inline)) {
                vector& best = kept[t / Filters % Vectors * Filters + t % Filters];
                best = Pooling::combine(best, vector(activation::before::value(sum[t])));
            });
        }
        float out[Filters][Vectors * lanes];
        simd::unroll<Vectors * Filters>([&](auto t) __attribute__((always_inline)) {
            simd::store(out[t % Filters] + t / Filters * lanes,
                        vector(activation::after::value(Pooling::finish(kept[t]))));
        });
        const std::size_t count = std::min(Vectors * lanes, pooled_columns - w);
        for (std::size_t n = 0; n < count; ++n)
            for (std::size_t f = 0; f < Filters; ++f) y[(w + n) * Of.filters + f] = out[f][n];
    }
};

}  // namespace ctnn::detail
