// Convolutions with one image in every lane, for batches and training: forward, then backward. The
// channel count, the stride and the size do not matter to the lanes, so there are no tails; a
// vector of one lane is the scalar version. What keeps the processor busy is a tile of sums in
// registers.
#pragma once

#include <ctnn/kernels/convolution.hpp>
#include <ctnn/kernels/pooled_tile.hpp>
#include <ctnn/kernels/tap_sums.hpp>
#include <ctnn/kernels/weight_blocks.hpp>
#include <ctnn/simd/bytes.hpp>
#include <ctnn/simd/loops.hpp>
#include <ctnn/simd/maximum.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace ctnn::detail {

/// In the place of a bias: sums are added to what lies in their places.
struct to_what_is_there {};

/// x, y, ...: tensors of `T`, one image per lane; the kernel's numbers are the same for all lanes.
template <convolution Conv>
struct convolution_with_images_in_lanes {
    static constexpr std::size_t group_channels = Conv.group_channels();
    static constexpr std::size_t group_filters = Conv.group_filters();
    static constexpr std::size_t height = Conv.rows.output(), width = Conv.columns.output();
    static constexpr bool is_depthwise = Conv.is_depthwise();
    // A depthwise convolution's groups are tiled together.
    static constexpr std::size_t groups = is_depthwise ? 1 : Conv.groups;
    static constexpr std::size_t channels_at_once = is_depthwise ? Conv.channels : group_channels;
    static constexpr std::size_t filters_at_once = is_depthwise ? Conv.filters : group_filters;

    // h, w: output row, column (after pooling, if there is); p, q: row, column in the pooling
    // window; g: group; f: filter of the group; c: channel of the group; t: position in the tile

    /// y = pooling(activation(bias + x * kernel)), scaled before the activation if that says so. With
    /// `Position` = std::uint8_t also writes, for every output and lane, which number of its pooling
    /// window (row by row, from 0) was the first of the largest.
    template <activation Activation, pooling Pooling, class T, class Position = std::nullptr_t>
    [[gnu::noinline]] static constexpr void
    forward(const T* x, const float* kernel, const float* bias, T* y, Position* positions = nullptr,
            const float* scale = nullptr) noexcept {
        if constexpr (simd::lanes_of<T> != 1 && pays_in_blocks<Conv> &&
                      std::is_same_v<Pooling, no_pooling>)
            return convolution_in_blocks<Conv, Activation>::template forward<T>(x, kernel, bias, y);
        for (std::size_t h = 0; h < height / Pooling::window_rows; ++h)
            for (std::size_t g = 0; g < groups; ++g)
                for_columns<width / Pooling::window_columns,
                            inside_pooled<Pooling::window_columns>.first,
                            inside_pooled<Pooling::window_columns>.last,
                            columns_at_once<T>(filters_at_once) / Pooling::window_columns>(
                    [&](std::size_t w, auto count, auto seen) CTNN_INLINED {
                        simd::for_tiles<filters_at_once, tile_for<T>(filters_at_once).features>(
                            [&](std::size_t f, auto size) CTNN_INLINED {
                                outputs<Activation, Pooling, count, size, seen>(
                                    x + g * group_channels, kernel + g * group_filters + f, bias, y,
                                    positions, h, w, g * group_filters + f, scale);
                            });
                    });
    }

    /// d_x(pixel, c) = sum over every (h, w, i, j, f) that saw the pixel of d_y(h, w, f) kernel(i,
    /// j, c, f); with `bias`, c floats, added to bias(c), with `to_what_is_there` to d_x.
    template <class T, class Bias = std::nullptr_t>
    static constexpr void input_gradient(const float* kernel, const T* d_y, T* d_x,
                                         Bias bias = nullptr) noexcept {
        if constexpr (simd::lanes_of<T> != 1 && pays_in_blocks<Conv>) {
            constexpr std::size_t size = Conv.rows.input * Conv.columns.input * Conv.channels;
            for (std::size_t n = 0; n < size; ++n) {
                if constexpr (std::is_same_v<Bias, std::nullptr_t>)
                    d_x[n] = T(0.0f);
                else if constexpr (!std::is_same_v<Bias, to_what_is_there>)
                    d_x[n] = T(bias[n % Conv.channels]);
            }
            return weight_blocks<Conv, false>::template add<T>(kernel, d_y, d_x);
        }
        simd::unroll<Conv.rows.stride>([&](auto row) CTNN_INLINED {
            simd::unroll<Conv.columns.stride>([&](auto column) CTNN_INLINED {
                input_gradient_of<row, column>(kernel, d_y, d_x, bias);
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

    using forward_sums = tap_sums<forward_sum(Conv.rows), forward_sum(Conv.columns),
                                  weight_steps{group_channels, Conv.filters, 1}, Conv.channels,
                                  Conv.columns.taps, Conv.tap_size(), is_depthwise>;

    /// Pooled columns all of whose taps are inside.
    template <std::size_t Pool>
    static constexpr axis::range inside_pooled = [] {
        const axis::range all = forward_sum(Conv.columns).inside();
        const std::size_t first = std::min(width / Pool, (all.first + Pool - 1) / Pool);
        return axis::range{first, std::max(first, std::min(width / Pool, all.last / Pool))};
    }();

    /// Calls f(w, count, seen) for 0 ... Total, `seen` as in tap_sums.hpp: up to `Most` columns at once where
    /// all taps are inside, single ones elsewhere (but of depthwise convolutions, whose few sums would wait
    /// for themselves); single ones everywhere if Most is 0.
    template <std::size_t Total, std::size_t First, std::size_t Last, std::size_t Most, class F>
    [[gnu::always_inline]] static constexpr void for_columns(F&& f) noexcept {
        constexpr number<1> one;
        if constexpr (Most == 0) {
            for (std::size_t w = 0; w < Total; ++w) f(w, one, number<some_taps>{});
        } else if constexpr (is_depthwise && edges<Total, First, Last, Most>::are_few) {
            using tiles = edges<Total, First, Last, Most>;
            simd::unroll<tiles::before>([&](auto n) CTNN_INLINED { tiles::template at<n>(f); });
            constexpr number<tiles::size> size;
            constexpr number<tiles::size - 1> less;
            for (std::size_t n = tiles::before; n < std::min(tiles::larger, tiles::behind); ++n)
                f(tiles::start(n), size, number<all_taps>{});
            if constexpr (less > 0)
                for (std::size_t n = std::max(tiles::before, tiles::larger); n < tiles::behind; ++n)
                    f(tiles::start(n), less, number<all_taps>{});
            simd::unroll<tiles::count - tiles::behind>(
                [&](auto n) CTNN_INLINED { tiles::template at<tiles::behind + n>(f); });
        } else {
            for (std::size_t w = 0; w < First; ++w) f(w, one, number<some_taps>{});
            simd::for_tiles<Last - First, Most>([&](std::size_t w, auto count) CTNN_INLINED {
                f(First + w, count, number<all_taps>{});
            });
            for (std::size_t w = Last; w < Total; ++w) f(w, one, number<some_taps>{});
        }
    }
    template <std::size_t N>
    using number = std::integral_constant<std::size_t, N>;
    /// All columns in tiles of nearly equal size, `larger` ones of `size`, then smaller ones: those that
    /// see padding come before number `before`, and from `behind` on.
    template <std::size_t Total, std::size_t First, std::size_t Last, std::size_t Most>
    struct edges {
        static constexpr std::size_t size = simd::tile_size(Total, Most),
                                     count = simd::tile_count(Total, Most),
                                     larger = count - (size * count - Total);
        static constexpr std::size_t start(std::size_t n) noexcept {
            return n * size - (n > larger ? n - larger : 0);
        }
        static constexpr std::size_t before = [] {
            std::size_t n = 0;
            while (n < count && start(n) < First) ++n;
            return n;
        }();
        static constexpr std::size_t behind = [] {
            std::size_t n = count;
            while (n > before && start(n) > Last) --n;
            return n;
        }();
        static constexpr bool are_few = before <= 2 && count - behind <= 2;
        template <std::size_t N, class F>
        [[gnu::always_inline]] static constexpr void at(F& f) noexcept {
            f(start(N), number<start(N + 1) - start(N)>{}, number<start(N)>{});
        }
    };

    template <class Activation, class Pooling, std::size_t Count, std::size_t Size,
              std::size_t Seen, class T, class Position>
    [[gnu::always_inline]] static constexpr void
    outputs(const T* x, const float* kernel, const float* bias, T* y,
            [[maybe_unused]] Position* positions, std::size_t h, std::size_t w, std::size_t first,
            [[maybe_unused]] const float* scale) noexcept {
        constexpr std::size_t pool = Pooling::window_columns, items = Count * Size;
        // Columns at once, and of a window.
        constexpr std::size_t wide = Seen == some_taps ? 1 : Count * pool,
                              parts = Seen == some_taps ? 1 : pool;
        constexpr std::size_t seen = Seen == some_taps || Seen == all_taps ? Seen : Seen * pool;
        constexpr std::size_t across = Count * pool / wide;  // steps in a row of the window
        constexpr std::size_t steps = Pooling::window_rows * across;
        const std::size_t at = h * Conv.output_row(width / pool) + w * Conv.output_step() + first;
        // What is scaled comes before what is added.
        constexpr bool adds = adds_to_output<Activation>,
                       adds_first = adds && !scales_output<Activation>;
        const auto add = [&](std::size_t step, T(&sum)[wide * Size]) CTNN_INLINED {
            CTNN_UNROLLED
            for (std::size_t t = 0; t < wide * Size; ++t) {
                sum[t] = Conv.has_bias ? T(bias[first + t % Size]) : T(0.0f);
                if constexpr (adds_first)
                    sum[t] = sum[t] + y[at + t / Size * Conv.output_step() + t % Size];
            }
            forward_sums::template add<wide, Size, seen>(x + (is_depthwise ? first : 0), kernel,
                                                         h * Pooling::window_rows + step / across,
                                                         w * pool + step % across * wide, sum);
        };
        const auto place_of = [&](std::size_t item) CTNN_INLINED {
            return at + item / Size * Conv.output_step() + item % Size;
        };
        const auto output = [&](std::size_t item, T sum) CTNN_INLINED {
            sum = scaled_sum<Activation>(sum, scale, first + item % Size, Conv.filters);
            return adds && !adds_first ? T(sum + y[place_of(item)]) : sum;
        };
        const auto place = [](std::size_t item, std::size_t part) CTNN_INLINED {
            return (item / Size * parts + part) * Size + item % Size;
        };
        if constexpr (!std::is_same_v<Position, std::uint8_t>) {
            pooled_tile<T, Activation, Pooling, items, parts>(
                steps, add, output,
                [&](std::size_t item, T value) CTNN_INLINED { y[place_of(item)] = value; }, place);
        } else {
            using activation = activation_around<Activation, Pooling>;
            T kept[items], found[items];
            CTNN_UNROLLED
            for (std::size_t item = 0; item < items; ++item) {
                kept[item] = Pooling::template start<T>();
                found[item] = T(0.0f);
            }
            for (std::size_t step = 0; step < steps; ++step) {
                T sum[wide * Size];
                add(step, sum);
                const std::size_t position = step / across * pool + step % across * wide;
                CTNN_UNROLLED
                for (std::size_t part = 0; part < parts; ++part) {
                    CTNN_UNROLLED
                    for (std::size_t item = 0; item < items; ++item) {
                        const T value = activation::before::value(sum[place(item, part)]);
                        found[item] =
                            simd::select(simd::exceeds(value, kept[item]),
                                         T(static_cast<float>(position + part)), found[item]);
                        kept[item] = Pooling::combine(kept[item], value);
                    }
                }
            }
            CTNN_UNROLLED
            for (std::size_t item = 0; item < items; ++item) {
                y[place_of(item)] = activation::after::value(Pooling::finish(kept[item]));
                simd::store_bytes(positions + place_of(item) * simd::lanes_of<T>, found[item]);
            }
        }
    }

    /// Every stride-th pixel of every stride-th row: all have the same taps.
    template <std::size_t Row, std::size_t Column, class T, class Bias>
    [[gnu::noinline]] static constexpr void input_gradient_of(const float* kernel, const T* d_y,
                                                              T* d_x,
                                                              [[maybe_unused]] Bias bias) noexcept {
        constexpr tap_sum rows = backward_sum(Conv.rows, Row);
        constexpr tap_sum columns = backward_sum(Conv.columns, Column);
        using backward_sums =
            tap_sums<rows, columns, weight_steps{group_filters, 1, Conv.filters}, Conv.filters,
                     Conv.columns.taps, Conv.tap_size(), is_depthwise>;
        constexpr std::size_t feature_step = is_depthwise ? 1 : Conv.filters;
        constexpr bool adds = std::is_same_v<Bias, to_what_is_there>;
        if constexpr (adds && (rows.taps == 0 || columns.taps == 0)) return;
        for (std::size_t m = 0; m < rows.targets; ++m)
            for (std::size_t g = 0; g < groups; ++g)
                for_columns<columns.targets, columns.inside().first, columns.inside().last,
                            columns_at_once<T>(channels_at_once)>([&](std::size_t n, auto count,
                                                                      auto seen) CTNN_INLINED {
                    simd::for_tiles<channels_at_once, tile_for<T>(channels_at_once).features>(
                        [&](std::size_t c, auto size) CTNN_INLINED {
                            constexpr std::size_t sums = count * size;
                            T sum[sums];
                            CTNN_UNROLLED
                            for (std::size_t t = 0; t < sums; ++t)
                                if constexpr (adds || std::is_same_v<Bias, std::nullptr_t>)
                                    sum[t] = T(0.0f);
                                else
                                    sum[t] = T(bias[g * group_channels + c + t % size]);
                            backward_sums::template add<count, size, seen>(
                                d_y + g * group_filters + (is_depthwise ? c : 0),
                                kernel + g * group_filters + c * feature_step, m, n, sum);
                            T* to = d_x +
                                    ((Row + m * Conv.rows.stride) * Conv.columns.input + Column +
                                     n * Conv.columns.stride) *
                                        Conv.pixel_step() +
                                    g * group_channels + c;
                            CTNN_UNROLLED
                            for (std::size_t t = 0; t < sums; ++t) {
                                T& place = to[t / size * Conv.columns.stride * Conv.pixel_step() +
                                              t % size];
                                place = adds ? T(place + sum[t]) : sum[t];
                            }
                        });
                });
    }
};

}  // namespace ctnn::detail
