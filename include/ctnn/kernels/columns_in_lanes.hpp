// One image at a time with SIMD where there are few filters: the lanes belong to the columns of the
// output, after pooling. The input is copied so that these columns' pixels lie side by side.
#pragma once

#include <ctnn/kernels/convolution.hpp>
#include <ctnn/kernels/pooled_tile.hpp>
#include <ctnn/simd/loops.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace ctnn::detail {

/// y = pooling(activation(bias + x * kernel)) for one image.
template <convolution Conv, activation Activation, pooling Pooling>
struct convolution_with_columns_in_lanes {
private:
    static constexpr std::size_t window_rows = Pooling::window_rows,
                                 window_columns = Pooling::window_columns;
    static constexpr std::size_t pooled_rows = Conv.rows.output() / window_rows;
    static constexpr std::size_t pooled_columns = Conv.columns.output() / window_columns;
    static constexpr std::size_t lanes = lanes_for(pooled_columns),
                                 vectors = vectors_for(pooled_columns);
    using vector = simd::vector<lanes>;

    // Pixel `column` of a padded row and channel, counted from the block's first, lies at column %
    // phases * length + column / phases. More pixels than the lanes' own: `beyond` in each phase.
    static constexpr std::size_t phases = window_columns * Conv.columns.stride;
    static constexpr std::size_t beyond =
        ((window_columns - 1) * Conv.columns.stride + Conv.columns.reach() - 1) / phases;

    // What is computed at once, at most 32 KiB of pixels: pooled rows, and vectors of columns.
    static constexpr std::size_t most = 8192;
    static constexpr std::size_t high = pixels_for(Conv.rows, window_rows) * Conv.channels * phases;
    static constexpr std::size_t vectors_at_once = std::clamp<std::size_t>(
        most / high < beyond ? 1 : (most / high - beyond) / lanes, 1, vectors);
    static constexpr std::size_t length = vectors_at_once * lanes + beyond;
    static constexpr std::size_t channel_size = phases * length;
    static constexpr std::size_t row_size = Conv.channels * channel_size;
    static constexpr std::size_t rows_at_once =
        vectors_at_once < vectors
            ? 1
            : outputs_for(Conv.rows, window_rows, most / row_size, (pooled_rows * window_rows)) /
                  window_rows;

    /// Where the first lane's pixel lies, for column q of the pooling window and j of the kernel.
    static constexpr auto offsets = [] {
        std::array<std::size_t, window_columns * Conv.columns.taps> result{};
        for (std::size_t j = 0; j < Conv.columns.taps; ++j)
            for (std::size_t q = 0; q < window_columns; ++q) {
                const std::size_t column = q * Conv.columns.stride + j * Conv.columns.dilation;
                result[j * window_columns + q] = column % phases * length + column / phases;
            }
        return result;
    }();

    /// `rows` rows of the padded input from row `first` on, with the pixels of a block from
    /// `column` on.
    static void copy(const float* x, std::size_t first, std::size_t rows, std::size_t column,
                     float* to) noexcept {
        constexpr std::size_t end = Conv.columns.before + Conv.columns.input;
        std::fill_n(to, rows * row_size, 0.0f);
        for (std::size_t r = 0; r < rows; ++r) {
            const std::size_t row = first + r - Conv.rows.before;  // above the first: very large
            if (row >= Conv.rows.input) continue;
            const float* from = x + row * Conv.columns.input * Conv.channels;
            for (std::size_t c = 0; c < Conv.channels; ++c)
                for (std::size_t phase = 0; phase < phases; ++phase) {
                    // From the first to the last pixel of this phase that exists.
                    const std::size_t start = column + phase;
                    const std::size_t n_first =
                        start < Conv.columns.before
                            ? (Conv.columns.before - start + phases - 1) / phases
                            : 0;
                    const std::size_t n_end =
                        std::min(length, end > start ? (end - start + phases - 1) / phases : 0);
                    float* place = to + r * row_size + c * channel_size + phase * length;
                    for (std::size_t n = n_first; n < n_end; ++n)
                        place[n] =
                            from[(n * phases + start - Conv.columns.before) * Conv.channels + c];
                }
        }
    }

    // Sums at once: columns of the pooling window x vectors x filters, as many as fit: a load of
    // pixels mostly touches two lines of the cache.
    static constexpr std::size_t sums_most = simd::registers >= 32 ? 24 : 12;
    static constexpr std::size_t vectors_most = std::clamp<std::size_t>(
        sums_most / window_columns / std::min<std::size_t>(Conv.group_filters(), 6), 1,
        vectors_at_once);
    static constexpr std::size_t filters_most = std::clamp<std::size_t>(
        sums_most / window_columns / simd::tile_size(vectors_at_once, vectors_most), 1,
        Conv.group_filters());

public:
    /// Numbers of scratch memory that `run` needs.
    static constexpr std::size_t scratch_size =
        pixels_for(Conv.rows, (rows_at_once * window_rows)) * row_size;

    static void run(const float* x, const float* kernel, const float* bias, float* y,
                    float* scratch, const float* scale = nullptr) noexcept {
        // The last block of a row ends where the row does, even if it computes some again.
        for (std::size_t h = 0; h < pooled_rows; h += rows_at_once) {
            const std::size_t rows = std::min(rows_at_once, pooled_rows - h);
            for (std::size_t i = 0; i < vectors; i += vectors_at_once) {
                const std::size_t w = std::min(i, vectors - vectors_at_once) * lanes;
                copy(x, h * window_rows * Conv.rows.stride,
                     pixels_for(Conv.rows, rows * window_rows), w * phases, scratch);
                for (std::size_t r = 0; r < rows; ++r)
                    for (std::size_t g = 0; g < Conv.groups; ++g)
                        row_of_outputs(
                            scratch + r * window_rows * Conv.rows.stride * row_size +
                                g * Conv.group_channels() * channel_size,
                            kernel + g * Conv.group_filters(),
                            Conv.bias_from(bias, g * Conv.group_filters()),
                            Conv.template scale_from<Activation>(scale, g * Conv.group_filters()),
                            y + (h + r) * Conv.output_row(pooled_columns) +
                                g * Conv.group_filters(),
                            w);
            }
        }
    }

    static constexpr loop_choice choice() noexcept {
        return {layout::chw,
                {simd::tile_size(vectors_at_once, vectors_most) * lanes * window_columns,
                 simd::tile_size(Conv.group_filters(), filters_most)}};
    }

private:
    /// One row of a block; w: the column that the block starts with.
    static void row_of_outputs(const float* x, const float* kernel, const float* bias,
                               const float* scale, float* y, std::size_t w) noexcept {
        simd::for_tiles<vectors_at_once, vectors_most>([&](std::size_t v, auto wide) CTNN_INLINED {
            simd::for_tiles<Conv.group_filters(), filters_most>(
                [&](std::size_t f, auto filters) CTNN_INLINED {
                    outputs<wide, filters>(x + v * lanes, kernel + f, Conv.bias_from(bias, f),
                                           Conv.template scale_from<Activation>(scale, f), y + f,
                                           w + v * lanes);
                });
        });
    }

    /// w: first column after pooling; p, q: row, column in the pooling window; i, j: position in
    /// the kernel; v: vector; f: filter
    template <std::size_t Vectors, std::size_t Filters>
    [[gnu::always_inline]] static void
    outputs(const float* x, const float* kernel, const float* bias,
            [[maybe_unused]] const float* scale, float* y, std::size_t w) noexcept {
        constexpr std::size_t wide = window_columns * Vectors;
        float out[Filters][Vectors * lanes];
        pooled_tile<vector, Activation, Pooling, Vectors * Filters, window_columns>(
            window_rows,
            [&](std::size_t p, vector(&sum)[wide * Filters]) CTNN_INLINED {
                CTNN_UNROLLED
                for (std::size_t t = 0; t < wide * Filters; ++t)
                    sum[t] = Conv.has_bias ? vector(bias[t % Filters]) : vector(0.0f);
                const float* k = kernel;
                for (std::size_t i = 0; i < Conv.rows.taps; ++i) {
                    const float* row =
                        x + (p * Conv.rows.stride + i * Conv.rows.dilation) * row_size;
                    for (std::size_t j = 0; j < Conv.columns.taps; ++j) {
                        simd::load_again();
                        const float* channel = row;
                        for (std::size_t c = 0; c < Conv.group_channels();
                             ++c, k += Conv.filters, channel += channel_size) {
                            vector from[wide];
                            CTNN_UNROLLED
                            for (std::size_t u = 0; u < wide; ++u) {
                                from[u] = simd::load<vector>(
                                    channel + offsets[j * window_columns + u / Vectors] +
                                    u % Vectors * lanes);
                                if constexpr (lanes >= 8)
                                    from[u] = simd::in_register(from[u]);  // SSE2: memory
                            }
                            CTNN_UNROLLED
                            for (std::size_t f = 0; f < Filters; ++f) {
                                const vector weight(k[f]);
                                CTNN_UNROLLED
                                for (std::size_t u = 0; u < wide; ++u)
                                    simd::add_product(sum[u * Filters + f], from[u], weight);
                            }
                        }
                    }
                }
            },
            [&](std::size_t t, vector sum) CTNN_INLINED {
                return scaled_sum<Activation>(sum, scale, t % Filters, Conv.filters);
            },
            [&](std::size_t t, vector value)
                CTNN_INLINED { simd::store(out[t % Filters] + t / Filters * lanes, value); });
        const std::size_t count = std::min(Vectors * lanes, pooled_columns - w);
        for (std::size_t n = 0; n < count; ++n)
            for (std::size_t f = 0; f < Filters; ++f)
                y[(w + n) * Conv.output_step() + f] = out[f][n];
    }
};

}  // namespace ctnn::detail
