// Convolutions with one image in every lane, for batches and training: forward, then backward. The
// channel count, the stride and the size do not matter to the lanes, so there are no tails; a
// vector of one lane is the scalar version. What keeps the processor busy is a tile of sums in
// registers.
#pragma once

#include <ctnn/convolution.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace ctnn::detail {

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
    /// The targets all of whose sources exist.
    [[nodiscard]] constexpr axis::range inside() const noexcept {
        const auto is_inside = [&](std::size_t m) {
            return taps > 0 && has_source(m, 0) && has_source(m, taps - 1);
        };
        std::size_t first = 0, last = targets;
        while (first < targets && !is_inside(first)) ++first;
        while (last > first && !is_inside(last - 1)) --last;
        return {first, last};
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

/// The loop nest. Sources have `SourceChannels` numbers a pixel, the kernel TapSize a tap.
template <tap_sum Rows, tap_sum Columns, weight_steps Weights, std::size_t SourceChannels,
          std::size_t KernelWidth, std::size_t TapSize, bool IsDepthwise>
struct tap_sums {
    /// Adds to sum[q * Features + f] what feature f of target (m, n + q) takes. `Inside`: all
    /// sources of these columns exist.
    template <std::size_t Wide, std::size_t Features, bool Inside, class T>
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
            if constexpr (IsDepthwise && Inside && Wide > 1) {
                add_sliding<Wide, Features>(row, taps, n, sum);
            } else {
                for (std::size_t j = 0; j < Columns.taps; ++j) {
                    if constexpr (!Inside)
                        if (!Columns.has_source(n, j)) continue;
                    add_tap<Wide, Features>(row + static_cast<std::size_t>(Columns.source(n, j)) *
                                                      SourceChannels,
                                            taps + j * Columns.tap_step * TapSize, sum);
                }
            }
        }
    }

private:
    template <std::size_t Wide, std::size_t Features, class T>
    [[gnu::always_inline]] static constexpr void add_tap(const T* pixel, const float* weights,
                                                         T (&sum)[Wide * Features]) noexcept {
        constexpr std::size_t next = Columns.step * SourceChannels;
        simd::load_again();
        if constexpr (IsDepthwise) {
            simd::unroll<Features>([&](auto f) __attribute__((always_inline)) {
                const T weight(weights[f]);
                simd::unroll<Wide>([&](auto q) __attribute__((always_inline)) {
                    T& s = sum[q * Features + f];
                    s = simd::fma(pixel[q * next + f], weight, s);
                });
            });
        } else {
            for (std::size_t c = 0; c < Weights.sources; ++c, weights += Weights.source_step) {
                T from[Wide];
                simd::unroll<Wide>([&](auto q) __attribute__((always_inline)) {
                    from[q] = pixel[q * next + c];
                });
                simd::unroll<Features>([&](auto f) __attribute__((always_inline)) {
                    const T weight(weights[f * Weights.feature_step]);
                    simd::unroll<Wide>([&](auto q) __attribute__((always_inline)) {
                        T& s = sum[q * Features + f];
                        s = simd::fma(from[q], weight, s);
                    });
                });
            }
        }
    }

    /// Depthwise: every pixel of a row is loaded once for all targets that see it.
    template <std::size_t Wide, std::size_t Features, class T>
    [[gnu::always_inline]] static constexpr void add_sliding(const T* row, const float* taps,
                                                             std::size_t n,
                                                             T (&sum)[Wide * Features]) noexcept {
        constexpr std::ptrdiff_t end =
            (static_cast<std::ptrdiff_t>(Columns.taps) - 1) * Columns.shift;  // of the last tap
        constexpr std::ptrdiff_t low = std::min<std::ptrdiff_t>(0, end);
        constexpr std::size_t reach =
            static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, end) - low) +
            (Wide - 1) * Columns.step + 1;
        const T* pixel =
            row + static_cast<std::size_t>(Columns.source(n, 0) + low) * SourceChannels;
        simd::load_again();
        simd::unroll<Features>([&](auto f) __attribute__((always_inline)) {
            simd::unroll<reach>([&](auto p) __attribute__((always_inline)) {
                const T from = pixel[p * SourceChannels + f];
                simd::unroll<Columns.taps>([&](auto j) __attribute__((always_inline)) {
                    constexpr std::ptrdiff_t at = static_cast<std::ptrdiff_t>(p) + low -
                                                  static_cast<std::ptrdiff_t>(j) * Columns.shift;
                    constexpr auto step = static_cast<std::ptrdiff_t>(Columns.step);
                    if constexpr (at >= 0 && at % step == 0 &&
                                  at / step < static_cast<std::ptrdiff_t>(Wide)) {
                        T& s = sum[static_cast<std::size_t>(at / step) * Features + f];
                        s = simd::fma(from, T(taps[j * Columns.tap_step * TapSize + f]), s);
                    }
                });
            });
        });
    }
};

/// x, y, ...: tensors of `T`, one image per lane; the kernel's numbers are the same for all lanes.
template <convolution Of>
struct convolution_of_images {
    static constexpr std::size_t group_channels = Of.group_channels();
    static constexpr std::size_t group_filters = Of.group_filters();
    static constexpr std::size_t height = Of.rows.output(), width = Of.columns.output();
    static constexpr bool is_depthwise = Of.is_depthwise();
    // A depthwise convolution's groups are tiled together.
    static constexpr std::size_t groups = is_depthwise ? 1 : Of.groups;
    static constexpr std::size_t channels_at_once = is_depthwise ? Of.channels : group_channels;
    static constexpr std::size_t filters_at_once = is_depthwise ? Of.filters : group_filters;

    // h, w: output row, column (after pooling, if there is); p, q: row, column in the pooling
    // window; g: group; f: filter of the group; c: channel of the group; t: position in the tile

    /// y = pooling(activation(bias + x * kernel)). With `Position` = std::uint8_t also writes, for
    /// every output and lane, which number of its pooling window (row by row, from 0) was the first
    /// of the largest.
    template <class Activation, class Pooling, class T, class Position = std::nullptr_t>
    static constexpr void forward(const T* x, const float* kernel, const float* bias, T* y,
                                  Position* positions = nullptr) noexcept {
        for (std::size_t h = 0; h < height / Pooling::window_rows; ++h)
            for (std::size_t g = 0; g < groups; ++g)
                for_columns<width / Pooling::window_columns,
                            inside_pooled<Pooling::window_columns>.first,
                            inside_pooled<Pooling::window_columns>.last,
                            columns_at_once<T>(filters_at_once) / Pooling::window_columns>([&](
                    std::size_t w, auto count, auto inside) __attribute__((always_inline)) {
                    simd::for_tiles<filters_at_once, tile_for<T>(filters_at_once).features>([&](
                        std::size_t f, auto size) __attribute__((always_inline)) {
                        outputs<Activation, Pooling, count, size, inside>(
                            x + g * group_channels, kernel + g * group_filters + f, bias, y,
                            positions, h, w, g * group_filters + f);
                    });
                });
    }

    /// d_x(pixel, c) = sum over every (h, w, i, j, f) that saw the pixel of d_y(h, w, f) kernel(i,
    /// j, c, f)
    template <class T>
    static constexpr void input_gradient(const float* kernel, const T* d_y, T* d_x) noexcept {
        simd::unroll<Of.rows.stride>([&](auto row) __attribute__((always_inline)) {
            simd::unroll<Of.columns.stride>([&](auto column) __attribute__((always_inline)) {
                input_gradient_of<row, column>(kernel, d_y, d_x);
            });
        });
    }

    /// d_kernel(i, j, c, f) += sum over h, w of x(h s + i d - pad, ..., c) d_y(h, w, f); d_bias(f)
    /// += sum of d_y(h, w, f); both summed over the images in the lanes.
    template <class T>
    static constexpr void parameter_gradient(const T* x, const T* d_y, float* d_kernel,
                                             float* d_bias) noexcept {
        if constexpr (Of.has_bias)
            simd::for_tiles<Of.filters>([&](std::size_t f,
                                            auto size) __attribute__((always_inline)) {
                T sum[size]{};
                for (std::size_t o = 0; o < height * width; ++o)
                    simd::unroll<size>([&](auto t) __attribute__((always_inline)) {
                        sum[t] = sum[t] + d_y[o * Of.filters + f + t];
                    });
                for (std::size_t t = 0; t < size; ++t) d_bias[f + t] += simd::sum_of_lanes(sum[t]);
            });
        if constexpr (simd::lanes_of<T> == 1)
            kernel_gradient_of_one(x, d_y, d_kernel);
        else if constexpr (is_depthwise)
            simd::for_tiles<Of.channels, 4>([&](std::size_t c, auto size) __attribute__((
                always_inline)) { depthwise_kernel_gradient<size>(x + c, d_y + c, d_kernel + c); });
        else
            for (std::size_t g = 0; g < groups; ++g)
                simd::for_tiles<group_filters, at_once>([&](
                    std::size_t f, auto filters) __attribute__((always_inline)) {
                    simd::for_tiles<group_channels, at_once>([&](
                        std::size_t c, auto channels) __attribute__((always_inline)) {
                        const std::size_t first = g * group_filters + f;
                        kernel_gradient<channels, filters, T>(x + g * group_channels + c,
                                                              d_y + first,
                                                              d_kernel + c * Of.filters + first);
                    });
                });
    }

    /// What forward does: lanes of T, sums at once (before pooling).
    template <class T>
    static constexpr loop_choice forward_choice() noexcept {
        const tile most = tile_for<T>(filters_at_once);
        return {simd::lanes_of<T> == 1 ? layout::one_lane : layout::hwcn,
                {std::min(most.columns, width), simd::tile_size(filters_at_once, most.features)}};
    }

private:
    template <class T>
    static constexpr tile tile_for(std::size_t features) noexcept {
        return is_depthwise ? tile_of_depthwise_images(simd::lanes_of<T>, features)
                            : tile_of_images(simd::lanes_of<T>, features);
    }

    template <class T>
    static constexpr std::size_t columns_at_once(std::size_t features) noexcept {
        const std::size_t columns = tile_for<T>(features).columns;
        return columns > 1 ? columns : 0;
    }

    using forward_sums = tap_sums<forward_sum(Of.rows), forward_sum(Of.columns),
                                  weight_steps{group_channels, Of.filters, 1}, Of.channels,
                                  Of.columns.taps, Of.tap_size(), is_depthwise>;

    /// Pooled columns all of whose taps are inside.
    template <std::size_t Pool>
    static constexpr axis::range inside_pooled = [] {
        const axis::range all = forward_sum(Of.columns).inside();
        const std::size_t first = std::min(width / Pool, (all.first + Pool - 1) / Pool);
        return axis::range{first, std::max(first, std::min(width / Pool, all.last / Pool))};
    }();

    /// Calls f(w, count, inside) for 0 ... Total: up to `Most` columns at once where all taps are
    /// inside, single ones elsewhere; single ones everywhere if Most is 0.
    template <std::size_t Total, std::size_t First, std::size_t Last, std::size_t Most, class F>
    [[gnu::always_inline]] static constexpr void for_columns(F&& f) noexcept {
        constexpr std::integral_constant<std::size_t, 1> one;
        if constexpr (Most == 0) {
            for (std::size_t w = 0; w < Total; ++w) f(w, one, std::false_type{});
        } else {
            for (std::size_t w = 0; w < First; ++w) f(w, one, std::false_type{});
            simd::for_tiles<Last - First, Most>([&](std::size_t w, auto count) __attribute__((
                always_inline)) { f(First + w, count, std::true_type{}); });
            for (std::size_t w = Last; w < Total; ++w) f(w, one, std::false_type{});
        }
    }

    template <class Activation, class Pooling, std::size_t Count, std::size_t Size, bool Inside,
              class T, class Position>
    [[gnu::always_inline]] static constexpr void
    outputs(const T* x, const float* kernel, const float* bias, T* y,
            [[maybe_unused]] Position* positions, std::size_t h, std::size_t w,
            std::size_t first) noexcept {
        constexpr bool keeps_positions = std::is_same_v<Position, std::uint8_t>;
        constexpr std::size_t pool = Pooling::window_columns;
        constexpr std::size_t wide = Inside ? Count * pool : 1;  // columns at once
        T kept[Count * Size];
        [[maybe_unused]] T found[Count * Size];
        simd::unroll<Count * Size>([&](auto t) __attribute__((always_inline)) {
            kept[t] = Pooling::template start<T>();
            if constexpr (keeps_positions) found[t] = T(0.0f);
        });
        for (std::size_t p = 0; p < Pooling::window_rows; ++p)
            for (std::size_t q = 0; q < Count * pool; q += wide) {
                T sum[wide * Size];
                simd::unroll<wide * Size>([&](auto t) __attribute__((always_inline)) {
                    if constexpr (Of.has_bias)
                        sum[t] = T(bias[first + t % Size]);
                    else
                        sum[t] = T(0.0f);
                });
                forward_sums::template add<wide, Size, Inside>(x + (is_depthwise ? first : 0),
                                                               kernel, h * Pooling::window_rows + p,
                                                               w * pool + q, sum);
                simd::unroll<wide * Size>([&](auto t) __attribute__((always_inline)) {
                    constexpr std::size_t to = t / Size / pool * Size + t % Size;
                    const T value(Activation::value(sum[t]));
                    if constexpr (keeps_positions) {
                        const auto position = static_cast<float>(p * pool + q + t / Size % pool);
                        found[to] = simd::select(value > kept[to], T(position), found[to]);
                    }
                    kept[to] = Pooling::combine(kept[to], value);
                });
            }
        const std::size_t at = (h * (width / pool) + w) * Of.filters + first;
        simd::unroll<Count * Size>([&](auto t) __attribute__((always_inline)) {
            constexpr std::size_t to = t / Size * Of.filters + t % Size;
            y[at + to] = Pooling::finish(kept[t]);
            if constexpr (keeps_positions)
                simd::store_bytes(positions + (at + to) * simd::lanes_of<T>, found[t]);
        });
    }

    /// Every stride-th pixel of every stride-th row: all have the same taps.
    template <std::size_t Row, std::size_t Column, class T>
    static constexpr void input_gradient_of(const float* kernel, const T* d_y, T* d_x) noexcept {
        constexpr tap_sum rows = backward_sum(Of.rows, Row);
        constexpr tap_sum columns = backward_sum(Of.columns, Column);
        using backward_sums = tap_sums<rows, columns, weight_steps{group_filters, 1, Of.filters},
                                       Of.filters, Of.columns.taps, Of.tap_size(), is_depthwise>;
        constexpr std::size_t feature_step = is_depthwise ? 1 : Of.filters;
        for (std::size_t m = 0; m < rows.targets; ++m)
            for (std::size_t g = 0; g < groups; ++g)
                for_columns<columns.targets, columns.inside().first, columns.inside().last,
                            columns_at_once<T>(channels_at_once)>([&](
                    std::size_t n, auto count, auto inside) __attribute__((always_inline)) {
                    simd::for_tiles<channels_at_once, tile_for<T>(channels_at_once).features>([&](
                        std::size_t c, auto size) __attribute__((always_inline)) {
                        T sum[count * size];
                        simd::unroll<count * size>([&](auto t) __attribute__((always_inline)) {
                            sum[t] = T(0.0f);
                        });
                        backward_sums::template add<count, size, inside>(
                            d_y + g * group_filters + (is_depthwise ? c : 0),
                            kernel + g * group_filters + c * feature_step, m, n, sum);
                        T* to = d_x +
                                ((Row + m * Of.rows.stride) * Of.columns.input + Column +
                                 n * Of.columns.stride) *
                                    Of.channels +
                                g * group_channels + c;
                        simd::unroll<count * size>([&](auto t) __attribute__((always_inline)) {
                            to[t / size * Of.columns.stride * Of.channels + t % size] = sum[t];
                        });
                    });
                });
    }

    /// One image: the definition.
    template <class T>
    static constexpr void kernel_gradient_of_one(const T* x, const T* d_y,
                                                 float* d_kernel) noexcept {
        for (std::size_t h = 0; h < height; ++h) {
            const auto taps_i = Of.rows.taps_inside(h);
            for (std::size_t w = 0; w < width; ++w) {
                const auto taps_j = Of.columns.taps_inside(w);
                const T* from = d_y + (h * width + w) * Of.filters;
                for (std::size_t i = taps_i.first; i < taps_i.last; ++i)
                    for (std::size_t j = taps_j.first; j < taps_j.last; ++j) {
                        const T* pixel =
                            x + (Of.rows.pixel(h, i) * Of.columns.input + Of.columns.pixel(w, j)) *
                                    Of.channels;
                        float* to = d_kernel + (i * Of.columns.taps + j) * Of.tap_size();
                        for (std::size_t g = 0; g < Of.groups; ++g)
                            for (std::size_t c = 0; c < group_channels; ++c)
                                for (std::size_t f = 0; f < group_filters; ++f)
                                    to[c * Of.filters + g * group_filters + f] +=
                                        pixel[g * group_channels + c] * from[g * group_filters + f];
                    }
            }
        }
    }

    // The kernel's gradient for some channels and filters, band after band of rows. Unless they lie
    // together already, a band's numbers are copied first, with zeros for padding: pixels that lie
    // a power of 2 apart share few sets of the cache, and every tile of weights reads them again.
    static constexpr std::size_t at_once = Of.rows.taps * Of.columns.taps < 4 ? 16 : 8;
    static constexpr std::size_t band_bytes = std::size_t{128} * 1024;

    template <class T, std::size_t Channels, std::size_t Filters>
    struct band {
        static constexpr bool copies_x = Channels != Of.channels ||
                                         Of.rows.padded() != Of.rows.input ||
                                         Of.columns.padded() != Of.columns.input;
        static constexpr bool copies_y = Filters != Of.filters;
        static constexpr std::size_t x_row = Of.columns.padded() * Channels,
                                     y_row = width * Filters;
        static constexpr std::size_t overlap =  // rows of x that the next band needs again
            Of.rows.reach() > Of.rows.stride ? Of.rows.reach() - Of.rows.stride : 0;
        static constexpr std::size_t numbers = band_bytes / sizeof(T);
        static constexpr std::size_t rows = std::clamp<std::size_t>(
            (numbers - std::min(numbers, overlap* x_row)) / (Of.rows.stride * x_row + y_row), 1,
            height);
        static constexpr std::size_t x_rows = (rows - 1) * Of.rows.stride + Of.rows.reach();

        T x_copy[copies_x ? x_rows * x_row : 1], y_copy[copies_y ? rows * y_row : 1];
        const T *x, *y;

        /// What `count` rows of outputs from row `first` on need.
        void fill(const T* all_x, const T* all_y, std::size_t first, std::size_t count) noexcept {
            x = copies_x ? x_copy : all_x + first * Of.rows.stride * x_row;
            y = copies_y ? y_copy : all_y + first * y_row;
            if constexpr (copies_x)
                for (std::size_t r = 0; r < (count - 1) * Of.rows.stride + Of.rows.reach(); ++r)
                    copy_row(all_x, first * Of.rows.stride + r - Of.rows.before,
                             x_copy + r * x_row);
            if constexpr (copies_y)
                for (std::size_t o = 0; o < count * width; ++o)
                    simd::unroll<Filters>([&](auto t) __attribute__((always_inline)) {
                        y_copy[o * Filters + t] = all_y[(first * width + o) * Of.filters + t];
                    });
        }

    private:
        static void copy_row(const T* from, std::size_t row, T* to) noexcept {
            const bool has_row = row < Of.rows.input;  // above the first: very large
            for (std::size_t q = 0; q < Of.columns.padded(); ++q, to += Channels) {
                const std::size_t column = q - Of.columns.before;
                if (has_row && column < Of.columns.input) {
                    const T* pixel = from + (row * Of.columns.input + column) * Of.channels;
                    simd::unroll<Channels>([&](auto t) __attribute__((always_inline)) {
                        to[t] = pixel[t];
                    });
                } else {
                    simd::unroll<Channels>([&](auto t)
                                               __attribute__((always_inline)) { to[t] = T(0.0f); });
                }
            }
        }
    };

    template <std::size_t Channels, std::size_t Filters, class T>
    static void kernel_gradient(const T* x, const T* d_y, float* d_kernel) noexcept {
        using this_band = band<T, Channels, Filters>;
        using tiles = weight_sums<T, Channels, Filters>;
        this_band copied;
        if constexpr (this_band::rows == height) {
            copied.fill(x, d_y, 0, height);
            tiles::for_each_tile([&](std::size_t i, std::size_t j, std::size_t c, std::size_t f,
                                     auto tile) __attribute__((always_inline)) {
                T sum[tile.size];
                tile.clear(sum);
                tile.add(copied, height, i, j, c, f, sum);
                tile.store(sum, d_kernel, i, j, c, f);
            });
        } else {
            T kept[tiles::size];
            for (T& sum : kept) sum = T(0.0f);
            for (std::size_t first = 0; first < height; first += this_band::rows) {
                const std::size_t count = std::min(this_band::rows, height - first);
                copied.fill(x, d_y, first, count);
                T* next = kept;
                tiles::for_each_tile([&](std::size_t i, std::size_t j, std::size_t c, std::size_t f,
                                         auto tile) __attribute__((always_inline)) {
                    T sum[tile.size];
                    simd::unroll<tile.size>([&](auto t) __attribute__((always_inline)) {
                        sum[t] = next[t];
                    });
                    tile.add(copied, count, i, j, c, f, sum);
                    simd::unroll<tile.size>([&](auto t) __attribute__((always_inline)) {
                        next[t] = sum[t];
                    });
                    next += tile.size;
                });
            }
            const T* next = kept;
            tiles::for_each_tile([&](std::size_t i, std::size_t j, std::size_t c, std::size_t f,
                                     auto tile) __attribute__((always_inline)) {
                tile.store(next, d_kernel, i, j, c, f);
                next += tile.size;
            });
        }
    }

    /// The weights of `Channels` channels and `Filters` filters, in tiles.
    template <class T, std::size_t Channels, std::size_t Filters>
    struct weight_sums {
        static constexpr std::size_t size = Of.rows.taps * Of.columns.taps * Channels * Filters;

        // Sums at once: filters x columns of the kernel x channels.
        static constexpr std::size_t most = simd::registers * 3 / 4;
        static constexpr std::size_t filters_most = std::min<std::size_t>(4, Filters);
        static constexpr std::size_t columns_most = std::min<std::size_t>(3, Of.columns.taps);
        static constexpr std::size_t channels_most =
            std::max<std::size_t>(1, most / filters_most / columns_most);

        template <class F>
        [[gnu::always_inline]] static void for_each_tile(F&& f) noexcept {
            for (std::size_t i = 0; i < Of.rows.taps; ++i)
                simd::for_tiles<Filters, filters_most>([&](
                    std::size_t filter, auto filters) __attribute__((always_inline)) {
                    simd::for_tiles<Channels, channels_most>([&](
                        std::size_t channel, auto channels) __attribute__((always_inline)) {
                        simd::for_tiles<Of.columns.taps, columns_most>([&](
                            std::size_t j, auto columns) __attribute__((always_inline)) {
                            f(i, j, channel, filter, tile<columns, channels, filters>{});
                        });
                    });
                });
        }

        /// `J` neighbouring columns of the kernel, `C` channels and `F` filters.
        template <std::size_t J, std::size_t C, std::size_t F>
        struct tile {
            static constexpr std::size_t size = J * C * F;

            [[gnu::always_inline]] static void clear(T* sum) noexcept {
                simd::unroll<size>([&](auto t)
                                       __attribute__((always_inline)) { sum[t] = T(0.0f); });
            }
            [[gnu::always_inline]] static void add(const band<T, Channels, Filters>& from,
                                                   std::size_t count, std::size_t i, std::size_t j,
                                                   std::size_t c, std::size_t f,
                                                   T (&sum)[size]) noexcept {
                const T* slope = from.y + f;
                for (std::size_t h = 0; h < count; ++h) {
                    const T* pixel = from.x +
                                     (h * Of.rows.stride + i * Of.rows.dilation) * from.x_row +
                                     j * Of.columns.dilation * Channels + c;
                    for (std::size_t w = 0; w < width;
                         ++w, pixel += Of.columns.stride * Channels, slope += Filters) {
                        T seen[J * C];
                        simd::unroll<J * C>([&](auto u) __attribute__((always_inline)) {
                            seen[u] = pixel[u / C * Of.columns.dilation * Channels + u % C];
                        });
                        simd::unroll<F>([&](auto n) __attribute__((always_inline)) {
                            const T d = simd::in_register(slope[n]);
                            simd::unroll<J * C>([&](auto u) __attribute__((always_inline)) {
                                sum[u * F + n] = simd::fma(seen[u], d, sum[u * F + n]);
                            });
                        });
                    }
                }
            }
            [[gnu::always_inline]] static void store(const T* sum, float* d_kernel, std::size_t i,
                                                     std::size_t j, std::size_t c,
                                                     std::size_t f) noexcept {
                float* to =
                    d_kernel + (i * Of.columns.taps + j) * Of.tap_size() + c * Of.filters + f;
                simd::unroll<size>([&](auto t) __attribute__((always_inline)) {
                    to[t / (C * F) * Of.tap_size() + t / F % C * Of.filters + t % F] +=
                        simd::sum_of_lanes(sum[t]);
                });
            }
        };
    };

    /// `Size` channels: the sums of one row of the kernel.
    template <std::size_t Size, class T>
    static void depthwise_kernel_gradient(const T* x, const T* d_y, float* d_kernel) noexcept {
        constexpr std::size_t most = std::max<std::size_t>(1, simd::registers * 3 / 4 / Size);
        for (std::size_t i = 0; i < Of.rows.taps; ++i)
            simd::for_tiles<Of.columns.taps, most>([&](
                std::size_t j, auto columns) __attribute__((always_inline)) {
                T sum[columns * Size];
                simd::unroll<columns * Size>([&](auto t) __attribute__((always_inline)) {
                    sum[t] = T(0.0f);
                });
                const auto seen = Of.rows.outputs_inside(i);
                for (std::size_t h = seen.first; h < seen.last; ++h) {
                    const T* row = x + Of.rows.pixel(h, i) * Of.columns.input * Of.channels;
                    const T* slope = d_y + h * width * Of.filters;
                    for (std::size_t w = 0; w < width; ++w, slope += Of.filters)
                        simd::unroll<columns>([&](auto n) __attribute__((always_inline)) {
                            const std::size_t column = Of.columns.pixel(w, j + n);
                            if (column >= Of.columns.input) return;  // left of the first: large
                            simd::unroll<Size>([&](auto t) __attribute__((always_inline)) {
                                T& s = sum[n * Size + t];
                                s = simd::fma(row[column * Of.channels + t], slope[t], s);
                            });
                        });
                }
                simd::unroll<columns * Size>([&](auto t) __attribute__((always_inline)) {
                    d_kernel[(i * Of.columns.taps + j + t / Size) * Of.tap_size() + t % Size] +=
                        simd::sum_of_lanes(sum[t]);
                });
            });
    }
};

}  // namespace ctnn::detail
