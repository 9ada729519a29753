// The register-tiled loop nest of convolutions, forward and back: sums over the taps of a kernel.
// Only the arithmetic of the axes and what lies how far apart differ between the two directions.
#pragma once

#include <ctnn/kernels/convolution.hpp>
#include <ctnn/simd/loops.hpp>

#include <algorithm>
#include <cstddef>

namespace ctnn::detail {

/// Of the numbers below `count` those from the first to the last that are as asked.
template <class IsAsAsked>
constexpr axis::range range_of(std::size_t count, IsAsAsked&& is) noexcept {
    std::size_t first = 0, last = count;
    while (first < count && !is(first)) ++first;
    while (last > first && !is(last - 1)) --last;
    return {first, last};
}

/// One axis of a sum over taps: target m takes from source m step + start + n shift through the
/// kernel's tap first_tap + n tap_step, for every n < taps for which that source exists.
struct tap_sum {
    std::size_t targets, sources, step, taps, first_tap, tap_step;
    std::ptrdiff_t start, shift;

    [[nodiscard]] constexpr std::ptrdiff_t source(std::size_t m, std::size_t n) const noexcept {
        return static_cast<std::ptrdiff_t>(m * step) + start +
               static_cast<std::ptrdiff_t>(n) * shift;
    }
    [[nodiscard]] constexpr bool has_source(std::size_t m, std::size_t n) const noexcept {
        return static_cast<std::size_t>(source(m, n)) < sources;  // below 0: very large
    }
    /// Of so many sources from `from` on those that exist, counted from there.
    [[nodiscard]] constexpr axis::range existing(std::ptrdiff_t from,
                                                 std::size_t count) const noexcept {
        return range_of(count, [&](std::size_t n) {
            return static_cast<std::size_t>(from + static_cast<std::ptrdiff_t>(n)) < sources;
        });
    }
    /// The targets all of whose sources exist.
    [[nodiscard]] constexpr axis::range inside() const noexcept {
        return range_of(targets, [&](std::size_t m) {
            return taps > 0 && has_source(m, 0) && has_source(m, taps - 1);
        });
    }
};

/// Outputs are the targets, pixels the sources.
constexpr tap_sum forward_sum(const axis& a) noexcept {
    return {a.output(),
            a.input,
            a.stride,
            a.taps,
            0,
            1,
            -static_cast<std::ptrdiff_t>(a.before),
            static_cast<std::ptrdiff_t>(a.dilation)};
}
/// Pixels residue, residue + stride, ... are the targets, outputs the sources: what every pixel
/// gave to, it gets from.
constexpr tap_sum backward_sum(const axis& a, std::size_t residue) noexcept {
    tap_sum sum{(a.input - residue + a.stride - 1) / a.stride, a.output(), 1, 0, 0, 1, 0, 0};
    if (residue >= a.input) return sum.targets = 0, sum;
    const auto stride = static_cast<std::ptrdiff_t>(a.stride);
    for (std::size_t i = 0; i < a.taps; ++i) {
        const std::ptrdiff_t from = static_cast<std::ptrdiff_t>(residue + a.before) -
                                    static_cast<std::ptrdiff_t>(i * a.dilation);
        if (from % stride != 0) continue;
        if (sum.taps == 0) sum.first_tap = i, sum.start = from / stride;
        if (sum.taps == 1) sum.tap_step = i - sum.first_tap, sum.shift = from / stride - sum.start;
        ++sum.taps;
    }
    return sum;
}

/// What one feature of a target takes: `sources` numbers of every pixel, through weights that lie
/// `source_step` apart (those of the next feature `feature_step`).
struct weight_steps {
    std::size_t sources, source_step, feature_step;
};

/// sum[q * Features + f] += sum over n < sources of pixel(q, n) weight(n, f): the innermost loop.
/// Steps: numbers from one to the next. Asks for pixels so many `Ahead`, if any.
template <std::size_t Wide, std::size_t Features, std::size_t SourceStep, std::size_t FeatureStep,
          std::size_t Ahead = 0, class T>
[[gnu::always_inline]] constexpr void add_sources(const T* pixel, std::size_t pixel_step,
                                                  const float* weights, std::size_t sources,
                                                  T (&sum)[Wide * Features]) noexcept {
    for (std::size_t n = 0; n < sources; ++n, weights += SourceStep) {
        simd::prefetch_rows<SourceStep>(weights);
        if constexpr (Ahead > 0) {
            CTNN_UNROLLED
            for (std::size_t q = 0; q < Wide; ++q)
                simd::prefetch(pixel + n, (q + Ahead) * pixel_step);
        }
        T from[Wide];
        CTNN_UNROLLED
        for (std::size_t q = 0; q < Wide; ++q) from[q] = pixel[q * pixel_step + n];
        CTNN_UNROLLED
        for (std::size_t f = 0; f < Features; ++f) {
            const T weight(weights[f * FeatureStep]);
            CTNN_UNROLLED
            for (std::size_t q = 0; q < Wide; ++q)
                simd::add_product(sum[q * Features + f], from[q], weight);
        }
    }
}

/// What is known of a tile's columns and padding. `all_taps`: every tap of every column has a source.
/// `some_taps`: maybe not, so each is asked. Any other number is the column that the tile begins with, so
/// that the compiler sees which sources there are.
inline constexpr std::size_t all_taps = static_cast<std::size_t>(-1), some_taps = all_taps - 1;

/// The loop nest. Sources have `SourceChannels` numbers a pixel, the kernel TapSize a tap.
template <tap_sum Rows, tap_sum Columns, weight_steps Weights, std::size_t SourceChannels,
          std::size_t KernelWidth, std::size_t TapSize, bool IsDepthwise>
struct tap_sums {
    /// Adds to sum[q * Features + f] what feature f of target (m, n + q) takes. `Seen`: as above; without
    /// all taps there is one column, but of depthwise convolutions.
    template <std::size_t Wide, std::size_t Features, std::size_t Seen, class T>
    [[gnu::always_inline]] static constexpr void add(const T* source, const float* kernel,
                                                     std::size_t m, std::size_t n,
                                                     T (&sum)[Wide * Features]) noexcept {
        for (std::size_t i = 0; i < Rows.taps; ++i) {
            if (!Rows.has_source(m, i)) continue;
            const T* row = source + static_cast<std::size_t>(Rows.source(m, i)) * Columns.sources *
                                        SourceChannels;
            const float* taps =
                kernel +
                ((Rows.first_tap + i * Rows.tap_step) * KernelWidth + Columns.first_tap) * TapSize;
            if constexpr (IsDepthwise && Seen != some_taps && Wide > 1) {
                add_sliding<Wide, Features, Seen>(row, taps, n, sum);
            } else {
                for (std::size_t j = 0; j < Columns.taps; ++j) {
                    if constexpr (Seen != all_taps)
                        if (!Columns.has_source(n, j)) continue;
                    add_tap<Wide, Features>(row + static_cast<std::size_t>(Columns.source(n, j)) *
                                                      SourceChannels,
                                            taps + j * Columns.tap_step * TapSize, sum);
                }
            }
        }
    }

private:
    /// Pixels that meet one tap and few features: the widest vectors use them up faster than they come
    /// from the third cache.
    template <class T>
    static constexpr std::size_t ahead =
        simd::lanes_of<T> == 16 && Rows.taps* Columns.taps == 1 && TapSize <= 32 * Weights.sources
            ? 6
            : 0;

    template <std::size_t Wide, std::size_t Features, class T>
    [[gnu::always_inline]] static constexpr void add_tap(const T* pixel, const float* weights,
                                                         T (&sum)[Wide * Features]) noexcept {
        constexpr std::size_t next = Columns.step * SourceChannels;
        simd::load_again();
        if constexpr (IsDepthwise) {
            CTNN_UNROLLED
            for (std::size_t f = 0; f < Features; ++f) {
                const T weight(weights[f]);
                CTNN_UNROLLED
                for (std::size_t q = 0; q < Wide; ++q)
                    simd::add_product(sum[q * Features + f], pixel[q * next + f], weight);
            }
        } else {
            add_sources<Wide, Features, Weights.source_step, Weights.feature_step, ahead<T>>(
                pixel, next, weights, Weights.sources, sum);
        }
    }

    /// Depthwise: every pixel of a row is loaded once for all targets that see it.
    template <std::size_t Wide, std::size_t Features, std::size_t Seen, class T>
    [[gnu::always_inline]] static constexpr void add_sliding(const T* row, const float* taps,
                                                             std::size_t n,
                                                             T (&sum)[Wide * Features]) noexcept {
        constexpr std::ptrdiff_t end =
            (static_cast<std::ptrdiff_t>(Columns.taps) - 1) * Columns.shift;  // of the last tap
        constexpr std::ptrdiff_t low = std::min<std::ptrdiff_t>(0, end);
        constexpr auto step = static_cast<std::ptrdiff_t>(Columns.step);
        constexpr std::size_t reach =
            static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, end) - low) +
            (Wide - 1) * Columns.step + 1;
        constexpr axis::range pixels = Seen == all_taps
                                           ? axis::range{0, reach}
                                           : Columns.existing(Columns.source(Seen, 0) + low, reach);
        if constexpr (pixels.first == pixels.last) return;
        constexpr auto first = static_cast<std::ptrdiff_t>(pixels.first);
        const T* pixel =
            row + static_cast<std::size_t>(Columns.source(n, 0) + low + first) * SourceChannels;
        simd::load_again();
        CTNN_UNROLLED
        for (std::size_t f = 0; f < Features; ++f) {
            CTNN_UNROLLED
            for (std::size_t p = pixels.first; p < pixels.last; ++p) {
                const T from = pixel[(p - pixels.first) * SourceChannels + f];
                CTNN_UNROLLED
                for (std::size_t j = 0; j < Columns.taps; ++j) {
                    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(p) + low -
                                              static_cast<std::ptrdiff_t>(j) * Columns.shift;
                    if (at >= 0 && at % step == 0 && at / step < static_cast<std::ptrdiff_t>(Wide))
                        simd::add_product(sum[static_cast<std::size_t>(at / step) * Features + f],
                                          from, T(taps[j * Columns.tap_step * TapSize + f]));
                }
            }
        }
    }
};

}  // namespace ctnn::detail
