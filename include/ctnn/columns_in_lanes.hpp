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
private:
    static constexpr std::size_t window_rows = Pooling::window_rows,
                                 window_columns = Pooling::window_columns;
    static constexpr std::size_t pooled_rows = Of.rows.output() / window_rows;
    static constexpr std::size_t pooled_columns = Of.columns.output() / window_columns;
    static constexpr std::size_t lanes = lanes_for(pooled_columns),
                                 vectors = vectors_for(pooled_columns);
    using vector = simd::vector<lanes>;
    using activation = activation_around<Activation, Pooling>;

    // Pixel `column` of a padded row and channel, counted from the block's first, lies at column %
    // phases * length + column / phases. More pixels than the lanes' own: `beyond` in each phase.
    static constexpr std::size_t phases = window_columns * Of.columns.stride;
    static constexpr std::size_t beyond =
        ((window_columns - 1) * Of.columns.stride + Of.columns.reach() - 1) / phases;

    // What is computed at once, at most 32 KiB of pixels: pooled rows, and vectors of columns.
    static constexpr std::size_t most = 8192;
    static constexpr std::size_t high = pixels_for(Of.rows, window_rows) * Of.channels * phases;
    static constexpr std::size_t vectors_at_once = std::clamp<std::size_t>(
        most / high < beyond ? 1 : (most / high - beyond) / lanes, 1, vectors);
    static constexpr std::size_t length = vectors_at_once * lanes + beyond;
    static constexpr std::size_t channel_size = phases * length;
    static constexpr std::size_t row_size = Of.channels * channel_size;
    static constexpr std::size_t rows_at_once =
        vectors_at_once < vectors
            ? 1
            : outputs_for(Of.rows, window_rows, most / row_size, pooled_rows* window_rows) /
                  window_rows;

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

    /// `rows` rows of the padded input from row `first` on, with the pixels of a block from
    /// `column` on.
    static void copy(const float* x, std::size_t first, std::size_t rows, std::size_t column,
                     float* to) noexcept {
        constexpr std::size_t end = Of.columns.before + Of.columns.input;
        std::fill_n(to, rows * row_size, 0.0f);
        for (std::size_t r = 0; r < rows; ++r) {
            const std::size_t row = first + r - Of.rows.before;  // above the first: very large
            if (row >= Of.rows.input) continue;
            const float* from = x + row * Of.columns.input * Of.channels;
            for (std::size_t c = 0; c < Of.channels; ++c)
                for (std::size_t phase = 0; phase < phases; ++phase) {
                    // From the first to the last pixel of this phase that exists.
                    const std::size_t start = column + phase;
                    const std::size_t n_first =
                        start < Of.columns.before
                            ? (Of.columns.before - start + phases - 1) / phases
                            : 0;
                    const std::size_t n_end =
                        std::min(length, end > start ? (end - start + phases - 1) / phases : 0);
                    float* place = to + r * row_size + c * channel_size + phase * length;
                    for (std::size_t n = n_first; n < n_end; ++n)
                        place[n] = from[(n * phases + start - Of.columns.before) * Of.channels + c];
                }
        }
    }

    // Sums at once: columns of the pooling window x vectors x filters, as many as fit: a load of
    // pixels mostly touches two lines of the cache.
    static constexpr std::size_t sums_most = simd::registers >= 32 ? 24 : 12;
    static constexpr std::size_t vectors_most = std::clamp<std::size_t>(
        sums_most / window_columns / std::min<std::size_t>(Of.group_filters(), 6), 1,
        vectors_at_once);
    static constexpr std::size_t filters_most = std::clamp<std::size_t>(
        sums_most / window_columns / simd::tile_size(vectors_at_once, vectors_most), 1,
        Of.group_filters());

public:
    /// Numbers of scratch memory that `run` needs.
    static constexpr std::size_t scratch_size =
        pixels_for(Of.rows, rows_at_once* window_rows) * row_size;

    static void run(const float* x, const float* kernel, const float* bias, float* y,
                    float* scratch) noexcept {
        // The last block of a row ends where the row does, even if it computes some again.
        for (std::size_t h = 0; h < pooled_rows; h += rows_at_once) {
            const std::size_t rows = std::min(rows_at_once, pooled_rows - h);
            for (std::size_t i = 0; i < vectors; i += vectors_at_once) {
                const std::size_t w = std::min(i, vectors - vectors_at_once) * lanes;
                copy(x, h * window_rows * Of.rows.stride, pixels_for(Of.rows, rows * window_rows),
                     w * phases, scratch);
                for (std::size_t r = 0; r < rows; ++r)
                    for (std::size_t g = 0; g < Of.groups; ++g)
                        row_of_outputs(
                            scratch + r * window_rows * Of.rows.stride * row_size +
                                g * Of.group_channels() * channel_size,
                            kernel + g * Of.group_filters(),
                            Of.bias_from(bias, g * Of.group_filters()),
                            y + (h + r) * pooled_columns * Of.filters + g * Of.group_filters(), w);
            }
        }
    }

    static constexpr loop_choice choice() noexcept {
        return {layout::chw,
                {simd::tile_size(vectors_at_once, vectors_most) * lanes * window_columns,
                 simd::tile_size(Of.group_filters(), filters_most)}};
    }

private:
    /// One row of a block; w: the column that the block starts with.
    static void row_of_outputs(const float* x, const float* kernel, const float* bias, float* y,
                               std::size_t w) noexcept {
        simd::for_tiles<vectors_at_once, vectors_most>([&](
            std::size_t v, auto wide) __attribute__((always_inline)) {
            simd::for_tiles<Of.group_filters(), filters_most>([&](
                std::size_t f, auto filters) __attribute__((always_inline)) {
                outputs<wide, filters>(x + v * lanes, kernel + f, Of.bias_from(bias, f), y + f,
                                       w + v * lanes);
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
            simd::unroll<Vectors * Filters>([&](auto t) __attribute__((always_inline)) {
                kept[t] = combine_row<Pooling, window_columns>(
                    kept[t], [&](auto q) __attribute__((always_inline)) {
                        return activation::before::value(sum[q * Vectors * Filters + t]);
                    });
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
