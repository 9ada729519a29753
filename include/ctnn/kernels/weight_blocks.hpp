// Convolutions whose weights no cache holds: a block of weights meets the whole map before the next one
// does. Sums wait where outputs will lie. Images in the lanes, or, of one image, filters.
#pragma once

#include <ctnn/kernels/convolution.hpp>
#include <ctnn/kernels/fusion.hpp>
#include <ctnn/kernels/tap_sums.hpp>
#include <ctnn/simd/loops.hpp>

#include <algorithm>
#include <cstddef>
#include <type_traits>

namespace ctnn::detail {

/// target(q, f) += sum over n < sources of source(q, n) weight(n, f): `Pixels` x `Features` sums of V in
/// registers. Steps: numbers from one to the next. V is T, or has a feature in every lane.
template <std::size_t Pixels, std::size_t Features, std::size_t SourceStep, std::size_t FeatureStep,
          class V, class T>
[[gnu::noinline]] void add_products(const T* source, std::size_t pixel_step, const float* weights,
                                    std::size_t sources, T* target,
                                    std::size_t target_step) noexcept {
    constexpr std::size_t width = simd::lanes_of<V> / simd::lanes_of<T>;
    V sum[Pixels * Features];
    CTNN_UNROLLED
    for (std::size_t t = 0; t < Pixels * Features; ++t)
        sum[t] = simd::load_as<V>(target + t / Features * target_step + t % Features * width);
    if constexpr (width == 1)
        add_sources<Pixels, Features, SourceStep, FeatureStep>(source, pixel_step, weights, sources,
                                                               sum);
    else
        for (std::size_t n = 0; n < sources; ++n, weights += SourceStep) {
            V weight[Features];
            CTNN_UNROLLED
            for (std::size_t f = 0; f < Features; ++f)
                weight[f] = simd::load<V>(weights + f * width);
            CTNN_UNROLLED
            for (std::size_t q = 0; q < Pixels; ++q) {
                const V from(source[q * pixel_step + n]);
                CTNN_UNROLLED
                for (std::size_t f = 0; f < Features; ++f)
                    simd::add_product(sum[q * Features + f], from, weight[f]);
            }
        }
    CTNN_UNROLLED
    for (std::size_t t = 0; t < Pixels * Features; ++t)
        simd::store_as(target + t / Features * target_step + t % Features * width, sum[t]);
}

/// Whether blocks pay: with fewer weights, pixel after pixel is at least as fast.
template <convolution Conv>
inline constexpr bool pays_in_blocks =
    simd::native_lanes > 1 &&
    Conv.rows.taps* Conv.columns.taps* Conv.group_channels() * Conv.group_filters() >= 250'000;

/// Forward: y(h, w, f) += sum over i, j, c of x(h s + i d - pad, ..., c) kernel(i, j, c, f).
/// Backward: d_x(h s + i d - pad, ..., c) += sum over h, w, i, j, f of d_y(h, w, f) kernel(i, j, c,
/// f). Of every tap the outputs that see a pixel are known, so nothing is padded.
template <convolution Conv, bool IsForward>
struct weight_blocks {
    /// V: T, or forward of one image (float) a vector.
    template <class V, class T>
    static void add(const float* kernel, const T* source, T* target) noexcept {
        static_assert(IsForward || std::is_same_v<V, T>);
        for (std::size_t g = 0; g < Conv.groups; ++g)
            add_features<V, 0>(kernel + g * Conv.group_filters(), source + g * sources,
                               target + g * features);
    }

    /// Pixels and vectors of features at once.
    template <class V, class T>
    static constexpr tile tile_of(std::size_t count) noexcept {
        if (width_of<V, T> == 1) return tile_of_images(simd::lanes_of<T>, count);
        const std::size_t columns =
            std::min(is_row ? Conv.rows.output() * Conv.columns.output() : Conv.columns.output(),
                     simd::registers / 4);
        return {columns, std::min(count, simd::registers * 3 / 4 / columns)};
    }

private:
    static constexpr std::size_t sources = IsForward ? Conv.group_channels() : Conv.group_filters(),
                                 features =
                                     IsForward ? Conv.group_filters() : Conv.group_channels();
    static constexpr std::size_t source_step = IsForward ? Conv.filters : 1,
                                 feature_step = IsForward ? 1 : Conv.filters;

    // From one pixel that a tap sees, or output, to the next; from row to row.
    static constexpr std::size_t x_step = Conv.columns.stride * Conv.channels,
                                 x_row = Conv.rows.stride * Conv.columns.input * Conv.channels,
                                 y_step = IsForward ? Conv.output_step() : Conv.filters,
                                 y_row = IsForward ? Conv.output_row(Conv.columns.output())
                                                   : Conv.columns.output() * Conv.filters;
    static constexpr std::size_t source_pixel = IsForward ? x_step : y_step,
                                 source_row = IsForward ? x_row : y_row,
                                 target_pixel = IsForward ? y_step : x_step,
                                 target_row = IsForward ? y_row : x_row;
    /// A kernel of one tap sees rows that follow each other without a gap.
    static constexpr bool is_row = Conv.columns.taps == 1 &&
                                   x_row == Conv.columns.output() * x_step &&
                                   y_row == Conv.columns.output() * y_step;

    template <class V, class T>
    static constexpr std::size_t width_of = simd::lanes_of<V> / simd::lanes_of<T>;

    /// The features from First on, as many as fill a V each, then the rest in narrower ones.
    template <class V, std::size_t First, class T>
    static void add_features(const float* kernel, const T* source, T* target) noexcept {
        constexpr std::size_t width = width_of<V, T>, count = (features - First) / width;
        // Images: a block of 64 KiB of weights; rows of 64 features are whole cache lines. One image meets
        // its weights once: processors foresee whole rows.
        constexpr std::size_t count_most = width == 1 ? 64 : std::max<std::size_t>(1, count),
                              sources_most = width == 1 ? 256 : 128;
        simd::for_tiles<count, count_most>([&](std::size_t n, auto block) CTNN_INLINED {
            const std::size_t first = First + n * width;
            for (std::size_t i = 0; i < Conv.rows.taps; ++i)
                for (std::size_t j = 0; j < Conv.columns.taps; ++j)
                    for (std::size_t c = 0; c < sources; c += sources_most)
                        add_block<block, V>(kernel + (i * Conv.columns.taps + j) * Conv.tap_size() +
                                                c * source_step + first * feature_step,
                                            source + c, std::min(sources_most, sources - c),
                                            target + first, i, j);
        });
        if constexpr (First + count * width < features)
            add_features<
                std::conditional_t<
                    (width > 4), simd::vector<std::max<std::size_t>(4, simd::lanes_of<V> / 2)>, T>,
                First + count * width>(kernel, source, target);
    }

    /// `Features` features, or vectors of them, some sources, one tap.
    template <std::size_t Features, class V, class T>
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
        const bool is_one_row = is_row && w.last - w.first == Conv.columns.output();
        const std::size_t rows = is_one_row ? 1 : h.last - h.first,
                          columns = (w.last - w.first) * (h.last - h.first) / rows;
        constexpr tile most = tile_of<V, T>(Features);
        simd::for_tiles<Features, most.features>([&](std::size_t f, auto features) CTNN_INLINED {
            const std::size_t first = f * width_of<V, T>;
            for (std::size_t r = 0; r < rows; ++r)
                add_row<most.columns, features, V>(weights + first * feature_step,
                                                   source + r * source_row, count,
                                                   target + r * target_row + first, columns);
        });
    }

    template <std::size_t Most, std::size_t Features, class V, class T>
    static void add_row(const float* weights, const T* source, std::size_t count, T* target,
                        std::size_t pixels) noexcept {
        for (std::size_t tiles = simd::tile_count(pixels, Most); tiles > 0; --tiles) {
            const std::size_t now = (pixels + tiles - 1) / tiles;  // of nearly equal size
            simd::unroll<Most>([&](auto q) CTNN_INLINED {
                if (now == q + 1)
                    add_products<q + 1, Features, source_step, feature_step, V>(
                        source, source_pixel, weights, count, target, target_pixel);
            });
            source += now * source_pixel;
            target += now * target_pixel;
            pixels -= now;
        }
    }
};

/// y = activation(bias + x * kernel), added to what is there if `Activation` says so. V as above.
template <convolution Conv, activation Activation>
struct convolution_in_blocks {
    template <class V, class T>
    static void forward(const T* x, const float* kernel, const float* bias, T* y) noexcept {
        static_assert(!scales_output<Activation>);
        if constexpr (Conv.has_bias || !adds_to_output<Activation>)
            for_pixels(y, [&](T* to) CTNN_INLINED {
                simd::for_numbers<Conv.filters, T>([&]<class U>(std::size_t f, U) CTNN_INLINED {
                    U start(0.0f);
                    if constexpr (Conv.has_bias && std::is_same_v<T, float>)
                        start = simd::load_as<U>(bias + f);
                    else if constexpr (Conv.has_bias)
                        start = U(bias[f]);
                    if constexpr (adds_to_output<Activation>)
                        start = start + simd::load_as<U>(to + f);
                    simd::store_as(to + f, start);
                });
            });
        weight_blocks<Conv, true>::template add<V>(kernel, x, y);
        using activation = activation_around<Activation, no_pooling>;
        for_pixels(y, [](T* to) CTNN_INLINED {
            simd::transform<Conv.filters>(to, to, [](auto sum) CTNN_INLINED {
                return activation::after::value(activation::before::value(sum));
            });
        });
    }

    // Of one image, as the other loops are called (loops_of_one.hpp).
    static constexpr bool adds_once = true;
    static constexpr std::size_t scratch_size = 0;
    static void run(const float* x, const float* kernel, const float* bias, float* y,
                    float* /*scratch*/, const float* /*scale*/ = nullptr) noexcept {
        forward<simd::native>(x, kernel, bias, y);
    }
    static constexpr loop_choice choice() noexcept {
        constexpr std::size_t lanes = simd::native_lanes;
        constexpr tile tile = weight_blocks<Conv, true>::template tile_of<simd::native, float>(
            Conv.group_filters() / lanes);
        return {layout::hwc, {tile.columns, tile.features * lanes}};
    }

private:
    template <class T, class F>
    [[gnu::always_inline]] static void for_pixels(T* y, F&& f) noexcept {
        constexpr std::size_t width = Conv.columns.output();
        for (std::size_t h = 0; h < Conv.rows.output(); ++h)
            for (std::size_t w = 0; w < width; ++w)
                f(y + h * Conv.output_row(width) + w * Conv.output_step());
    }
};

}  // namespace ctnn::detail
