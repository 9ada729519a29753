// Convolutions whose weights no cache holds, with one image in every lane: a block of weights meets
// the whole map before the next one does. Sums wait where outputs will lie.
#pragma once

#include <ctnn/kernels/convolution.hpp>
#include <ctnn/kernels/tap_sums.hpp>
#include <ctnn/simd/loops.hpp>

#include <algorithm>
#include <cstddef>

namespace ctnn::detail {

/// target(q, f) += sum over n < sources of source(q, n) weight(n, f): `Pixels` x `Features` sums in
/// registers. Steps: numbers from one to the next.
template <std::size_t Pixels, std::size_t Features, std::size_t SourceStep, std::size_t FeatureStep,
          class T>
[[gnu::noinline]] void add_products(const T* source, std::size_t pixel_step, const float* weights,
                                    std::size_t sources, T* target,
                                    std::size_t target_step) noexcept {
    T sum[Pixels * Features];
    CTNN_UNROLLED
    for (std::size_t t = 0; t < Pixels * Features; ++t)
        sum[t] = target[t / Features * target_step + t % Features];
    add_sources<Pixels, Features, SourceStep, FeatureStep>(source, pixel_step, weights, sources,
                                                           sum);
    CTNN_UNROLLED
    for (std::size_t t = 0; t < Pixels * Features; ++t)
        target[t / Features * target_step + t % Features] = sum[t];
}

/// Whether blocks pay: with fewer weights, pixel after pixel is at least as fast.
template <convolution Conv>
inline constexpr bool pays_in_blocks =
    simd::native_lanes > 1 &&
    Conv.rows.taps* Conv.columns.taps* Conv.group_channels() * Conv.group_filters() >= 400'000;

/// Forward: y(h, w, f) += sum over i, j, c of x(h s + i d - pad, ..., c) kernel(i, j, c, f).
/// Backward: d_x(h s + i d - pad, ..., c) += sum over h, w, i, j, f of d_y(h, w, f) kernel(i, j, c,
/// f). Of every tap the outputs that see a pixel are known, so nothing is padded.
template <convolution Conv, bool IsForward>
struct weight_blocks {
    template <class T>
    static void add(const float* kernel, const T* source, T* target) noexcept {
        for (std::size_t g = 0; g < Conv.groups; ++g)
            simd::for_tiles<features, features_most>(
                [&](std::size_t first, auto block) CTNN_INLINED {
                    const float* const weights =
                        kernel + g * Conv.group_filters() + first * feature_step;
                    for (std::size_t i = 0; i < Conv.rows.taps; ++i)
                        for (std::size_t j = 0; j < Conv.columns.taps; ++j)
                            for (std::size_t n = 0; n < sources; n += sources_most)
                                add_block<block>(
                                    weights + (i * Conv.columns.taps + j) * Conv.tap_size() +
                                        n * source_step,
                                    source + g * sources + n, std::min(sources_most, sources - n),
                                    target + g * features + first, i, j);
                });
    }

private:
    static constexpr std::size_t sources = IsForward ? Conv.group_channels() : Conv.group_filters(),
                                 features =
                                     IsForward ? Conv.group_filters() : Conv.group_channels();
    static constexpr std::size_t source_step = IsForward ? Conv.filters : 1,
                                 feature_step = IsForward ? 1 : Conv.filters;
    // Of a block of 64 KiB of weights; rows of 64 features are whole cache lines.
    static constexpr std::size_t sources_most = 256, features_most = 64;

    // From one pixel that a tap sees, or output, to the next; from row to row.
    static constexpr std::size_t x_step = Conv.columns.stride * Conv.channels,
                                 x_row = Conv.rows.stride * Conv.columns.input * Conv.channels,
                                 y_step = Conv.filters,
                                 y_row = Conv.columns.output() * Conv.filters;
    static constexpr std::size_t source_pixel = IsForward ? x_step : y_step,
                                 source_row = IsForward ? x_row : y_row,
                                 target_pixel = IsForward ? y_step : x_step,
                                 target_row = IsForward ? y_row : x_row;

    /// `Features` features, some sources, one tap.
    template <std::size_t Features, class T>
    static void add_block(const float* weights, const T* source, std::size_t count, T* target,
                          std::size_t i, std::size_t j) noexcept {
        const axis::range h = Conv.rows.outputs_inside(i), w = Conv.columns.outputs_inside(j);
        if (h.first >= h.last || w.first >= w.last) return;
        const std::size_t x = (Conv.rows.pixel(h.first, i) * Conv.columns.input +
                               Conv.columns.pixel(w.first, j)) *
                              Conv.channels,
                          y = h.first * y_row + w.first * y_step;
        source += IsForward ? x : y;
        target += IsForward ? y : x;
        // A kernel of one tap sees rows that follow each other without a gap.
        const bool is_one_row =
            x_row == Conv.columns.output() * x_step && w.last - w.first == Conv.columns.output();
        const std::size_t rows = is_one_row ? 1 : h.last - h.first,
                          columns = (w.last - w.first) * (h.last - h.first) / rows;
        constexpr tile most = tile_of_images(simd::lanes_of<T>, Features);
        simd::for_tiles<Features, most.features>([&](std::size_t f, auto features) CTNN_INLINED {
            for (std::size_t r = 0; r < rows; ++r)
                add_row<most.columns, features>(weights + f * feature_step, source + r * source_row,
                                                count, target + r * target_row + f, columns);
        });
    }

    template <std::size_t Most, std::size_t Features, class T>
    static void add_row(const float* weights, const T* source, std::size_t count, T* target,
                        std::size_t pixels) noexcept {
        for (std::size_t tiles = (pixels + Most - 1) / Most; tiles > 0; --tiles) {
            const std::size_t now = (pixels + tiles - 1) / tiles;  // of nearly equal size
            simd::unroll<Most>([&](auto q) CTNN_INLINED {
                if (now == q + 1)
                    add_products<q + 1, Features, source_step, feature_step>(
                        source, source_pixel, weights, count, target, target_pixel);
            });
            source += now * source_pixel;
            target += now * target_pixel;
            pixels -= now;
        }
    }
};

}  // namespace ctnn::detail
