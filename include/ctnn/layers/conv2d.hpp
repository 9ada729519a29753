// The convolution layer: its shape rule and checks, forward, then backward.
#pragma once

#include <ctnn/constant_expression.hpp>
#include <ctnn/filters_in_lanes.hpp>
#include <ctnn/layer.hpp>
#include <ctnn/sliding_window.hpp>

#include <algorithm>

namespace ctnn {

/// 2-D convolution (cross-correlation, as in every deep-learning library) with `Filters` filters.
///
/// y(h, w, f) = bias(f) + sum over i, j, c of x(h s + i d - pad, w s + j d - pad, c) kernel(i, j,
/// c, f)
///
/// shape<H, W, C> -> shape<floor((H + pads - reach) / s) + 1, ..., Filters>, reach = (kernel - 1) d
/// + 1. Options: kernel<> (required), stride<>, dilation<>, groups<>, use_bias<>, and one of valid
/// (default), same, same_size, padding<>. With groups, c counts the channels of the filter's own
/// group. Rejected: a kernel larger than the padded input; groups that do not divide channels or
/// filters. https://keras.io/api/layers/convolution_layers/convolution2d
template <std::size_t Filters, class... Options>
struct conv2d {
    using kind = detail::option_kind;
    using given = detail::options<detail::accepts<kind::kernel, kind::stride, kind::dilation,
                                                  kind::groups, kind::padding, kind::bias>,
                                  Options...>;
    static constexpr std::size_t kernels_given =
        given::fit ? detail::times_given<kind::kernel, Options...> : 1;  // one mistake, one error

    using kernel_size = detail::option_or<kind::kernel, kernel<1, 1>, given>;
    static constexpr bool has_bias = detail::option_or<kind::bias, use_bias<true>, given>::value;
    static constexpr std::size_t group_count =
        detail::option_or<kind::groups, groups<1>, given>::count;
    static constexpr std::size_t filters_per_group = Filters / group_count;

    template <class Input>
    using window_on =
        detail::sliding_window<Input, kernel_size,
                               detail::option_or<kind::stride, stride<1, 1>, given>,
                               detail::option_or<kind::dilation, dilation<1, 1>, given>,
                               detail::option_or<kind::padding, valid, given>>;
    template <class Input>
    static constexpr bool fits = Input::channels % group_count == 0 && Filters % group_count == 0 &&
                                 kernels_given == 1 && given::fit;
    template <class Input>
    using output_on = typename window_on<Input>::template output<fits<Input> ? Filters : 0>;

    template <class Input>
    struct on : layer_base<on<Input>, Input, output_on<Input>,
                           parameter_array<"kernel", kernel_size::height, kernel_size::width,
                                           Input::channels / group_count, Filters>,
                           parameter_array<"bias", has_bias ? Filters : 0>> {
        using output_shape = output_on<Input>;
        using weights = parameter_view<on, const float>;
        using gradients = parameter_view<on, float>;

        static constexpr std::string_view name = "conv2d";
        static constexpr auto rows = window_on<Input>::rows;
        static constexpr auto columns = window_on<Input>::columns;
        static constexpr auto settings = window_on<Input>::settings;
        static constexpr std::size_t channels_per_group = Input::channels / group_count;
        static constexpr std::size_t multiply_adds =
            output_shape::size * kernel_size::height * kernel_size::width * channels_per_group;

        static_assert(sizeof(typename given::check) > 0);
        static_assert(1 <= kernels_given, "ctnn::conv2d: a kernel<height, width> must be given");
        static_assert(1 <= Filters, "ctnn::conv2d: the number of filters must be at least 1");
        static constexpr std::size_t channels = Input::channels;
        static_assert(channels == channels / group_count * group_count,
                      "ctnn::conv2d: the channels of the input must be a multiple of the groups");
        static constexpr std::size_t filters =
            channels % group_count == 0 ? Filters : 0;  // one mistake, one error
        static_assert(filters == filters / group_count * group_count,
                      "ctnn::conv2d: the filters must be a multiple of the groups");
        static constexpr std::size_t kernel_height = window_on<Input>::needed_rows,
                                     padded_height = rows.padded();
        static_assert(kernel_height <= padded_height, "ctnn::conv2d: the kernel must be at most as "
                                                      "tall as its padded input; shrink it or pad");
        static constexpr std::size_t kernel_width = window_on<Input>::needed_columns,
                                     padded_width = columns.padded();
        static_assert(kernel_width <= padded_width, "ctnn::conv2d: the kernel must be at most as "
                                                    "wide as its padded input; shrink it or pad");

        // h, w: output row, column; i, j: position in the kernel; r, q: input row, column;
        // c: channel of the group; f: filter of the group; g: group; t: position in the tile of
        // accumulators

        static constexpr bool fuses_activation = true, fuses_pooling = true;

        template <class T>
        static constexpr void compute(weights w_, tensor_view<Input, const T> x,
                                      tensor_view<output_shape, T> y) noexcept {
            compute_fused<detail::no_activation, detail::no_pooling>(w_, x, y);
        }

        /// The same, then an elementwise layer and pooling over disjoint windows, without storing
        /// what is between. p, q: row, column in the pooling window.
        template <class Activation, class Pooling, class T, class Output>
        static constexpr void compute_fused(weights w_, tensor_view<Input, const T> x,
                                            tensor_view<Output, T> y) noexcept {
            if constexpr (std::is_same_v<T, float>) {
                if (std::is_constant_evaluated())
                    return detail::convolve_in_constant_expression<Activation, Pooling>(
                        rows, columns, Input::channels, Filters, group_count, w_.kernel().data(),
                        has_bias ? w_.first + w_.kernel().size() : nullptr, x.data(), y.data());
                if constexpr (suits_filters_in_lanes)
                    return compute_one_image<Activation, Pooling>(w_, x, y);
            }
            for (std::size_t h = 0; h < Output::height; ++h)
                for (std::size_t w = 0; w < Output::width; ++w)
                    for (std::size_t g = 0; g < group_count; ++g)
                        simd::for_tiles<filters_per_group>([&](
                            std::size_t f, auto tile) __attribute__((always_inline)) {
                            const std::size_t first = g * filters_per_group + f;
                            T kept[tile];
                            simd::unroll<tile>([&](auto t) __attribute__((always_inline)) {
                                kept[t] = Pooling::template start<T>();
                            });
                            for (std::size_t p = 0; p < Pooling::window_rows; ++p)
                                for (std::size_t q = 0; q < Pooling::window_columns; ++q) {
                                    T sum[tile];
                                    sums_at(w_, x, h * Pooling::window_rows + p,
                                            w * Pooling::window_columns + q, g, first, sum);
                                    simd::unroll<tile>([&](auto t) __attribute__((always_inline)) {
                                        kept[t] =
                                            Pooling::combine(kept[t], T(Activation::value(sum[t])));
                                    });
                                }
                            simd::unroll<tile>([&](auto t) __attribute__((always_inline)) {
                                y(h, w, first + t) = Pooling::finish(kept[t]);
                            });
                        });
        }

        /// d_x(h s + i d - pad, ...) = sum over every (h, w, i, j, f) that saw the pixel of d_y(h,
        /// w, f) kernel(i, j, c, f)
        template <class T>
        static constexpr void input_gradient(weights w_, tensor_view<Input, const T> /*x*/,
                                             tensor_view<output_shape, const T> d_y,
                                             tensor_view<Input, T> d_x) noexcept {
            const auto k = w_.kernel();
            d_x.fill(T(0.0f));
            for (std::size_t h = 0; h < output_shape::height; ++h) {
                const auto taps_i = rows.taps_inside(h);
                for (std::size_t w = 0; w < output_shape::width; ++w) {
                    const auto taps_j = columns.taps_inside(w);
                    for (std::size_t i = taps_i.first; i < taps_i.last; ++i)
                        for (std::size_t j = taps_j.first; j < taps_j.last; ++j)
                            for (std::size_t g = 0; g < group_count; ++g)
                                simd::for_tiles<channels_per_group>([&](
                                    std::size_t c, auto tile) __attribute__((always_inline)) {
                                    T* pixel = &d_x(rows.pixel(h, i), columns.pixel(w, j),
                                                    g * channels_per_group + c);
                                    T sum[tile];
                                    simd::unroll<tile>([&](auto t) __attribute__((always_inline)) {
                                        sum[t] = pixel[t];
                                    });
                                    const T* from = &d_y(h, w, g * filters_per_group);
                                    const float* column = &k(i, j, c, g * filters_per_group);
                                    for (std::size_t f = 0; f < filters_per_group; ++f)
                                        simd::unroll<tile>([&](
                                            auto t) __attribute__((always_inline)) {
                                            sum[t] = simd::fma(from[f], T(column[t * Filters + f]),
                                                               sum[t]);
                                        });
                                    simd::unroll<tile>([&](auto t) __attribute__((always_inline)) {
                                        pixel[t] = sum[t];
                                    });
                                });
                }
            }
        }

        /// d_kernel(i, j, c, f) += sum over h, w of x(h s + i d - pad, ..., c) d_y(h, w, f);
        /// d_bias(f) += sum of d_y(h, w, f). Filters outermost: one tile's row of d_y is read again
        /// for every j while it is in the first cache.
        template <class T>
        static constexpr void parameter_gradient(tensor_view<Input, const T> x,
                                                 tensor_view<output_shape, const T> d_y,
                                                 gradients d_w) noexcept {
            const auto d_k = d_w.kernel();
            for (std::size_t g = 0; g < group_count; ++g)
                simd::for_tiles<filters_per_group>([&](std::size_t f,
                                                       auto tile) __attribute__((always_inline)) {
                    const std::size_t first = g * filters_per_group + f;
                    for (std::size_t c = 0; c < channels_per_group; ++c)
                        for (std::size_t i = 0; i < kernel_size::height; ++i) {
                            T sums[kernel_size::width][tile]{};
                            const auto seen_h = rows.outputs_inside(i);
                            for (std::size_t h = seen_h.first; h < seen_h.last; ++h)
                                for (std::size_t j = 0; j < kernel_size::width; ++j) {
                                    T sum[tile];
                                    simd::unroll<tile>([&](auto t) __attribute__((always_inline)) {
                                        sum[t] = sums[j][t];
                                    });
                                    const auto seen_w = columns.outputs_inside(j);
                                    for (std::size_t w = seen_w.first; w < seen_w.last; ++w) {
                                        const T pixel = x(rows.pixel(h, i), columns.pixel(w, j),
                                                          g * channels_per_group + c);
                                        const T* from = &d_y(h, w, first);
                                        simd::unroll<tile>([&](
                                            auto t) __attribute__((always_inline)) {
                                            sum[t] = simd::fma(pixel, from[t], sum[t]);
                                        });
                                    }
                                    simd::unroll<tile>([&](auto t) __attribute__((always_inline)) {
                                        sums[j][t] = sum[t];
                                    });
                                }
                            for (std::size_t j = 0; j < kernel_size::width; ++j)
                                for (std::size_t t = 0; t < tile; ++t)
                                    d_k(i, j, c, first + t) += simd::sum_of_lanes(sums[j][t]);
                        }
                    if constexpr (has_bias) {
                        T sum[tile]{};
                        for (std::size_t h = 0; h < output_shape::height; ++h)
                            for (std::size_t w = 0; w < output_shape::width; ++w)
                                for (std::size_t t = 0; t < tile; ++t)
                                    sum[t] = sum[t] + d_y(h, w, first + t);
                        for (std::size_t t = 0; t < tile; ++t)
                            d_w.bias()[first + t] += simd::sum_of_lanes(sum[t]);
                    }
                });
        }

    private:
        /// Filters `first` ... of group g at output (h, w).
        template <class T, std::size_t Tile>
        [[gnu::always_inline]] static constexpr void
        sums_at(weights w_, tensor_view<Input, const T> x, std::size_t h, std::size_t w,
                std::size_t g, std::size_t first, T (&sum)[Tile]) noexcept {
            const auto k = w_.kernel();
            simd::unroll<Tile>([&](auto t) __attribute__((always_inline)) {
                if constexpr (has_bias)
                    sum[t] = T(w_.bias()[first + t]);
                else
                    sum[t] = T(0.0f);
            });
            const auto taps_i = rows.taps_inside(h), taps_j = columns.taps_inside(w);
            for (std::size_t i = taps_i.first; i < taps_i.last; ++i)
                for (std::size_t j = taps_j.first; j < taps_j.last; ++j) {
                    const T* pixel =
                        &x(rows.pixel(h, i), columns.pixel(w, j), g * channels_per_group);
                    const float* row = &k(i, j, 0, first);
                    for (std::size_t c = 0; c < channels_per_group; ++c, row += Filters)
                        simd::unroll<Tile>([&](auto t) __attribute__((always_inline)) {
                            sum[t] = simd::fma(pixel[c], T(row[t]), sum[t]);
                        });
                }
        }

        // One image with filters in the lanes: the input is padded on the stack first, if it is
        // small.
        static constexpr detail::axis padded_rows{rows.padded(), rows.taps, rows.stride,
                                                  rows.dilation, 0,         0};
        static constexpr detail::axis padded_columns{
            columns.padded(), columns.taps, columns.stride, columns.dilation, 0, 0};
        static constexpr bool is_padded =
            rows.padded() != rows.input || columns.padded() != columns.input;
        static constexpr std::size_t padded_size =
            rows.padded() * columns.padded() * Input::channels;
        static constexpr bool suits_filters_in_lanes = simd::native_lanes > 1 && group_count == 1 &&
                                                       Filters >= 3 &&
                                                       (!is_padded || padded_size <= 16384);

        template <class Activation, class Pooling, class Output>
        static void compute_one_image(weights w_, tensor_view<Input, const float> x,
                                      tensor_view<Output, float> y) noexcept {
            using loops =
                detail::convolution_of_one_image<Input::channels, Filters, padded_rows,
                                                 padded_columns, has_bias, Activation, Pooling>;
            const float* bias = nullptr;
            if constexpr (has_bias) bias = w_.bias().data();
            if constexpr (is_padded) {
                alignas(64) float padded[padded_size]{};
                for (std::size_t r = 0; r < Input::height; ++r)
                    std::copy_n(&x(r, 0, 0), Input::width * Input::channels,
                                padded + ((r + rows.before) * columns.padded() + columns.before) *
                                             Input::channels);
                loops::run(padded, w_.kernel().data(), bias, y.data());
            } else {
                loops::run(x.data(), w_.kernel().data(), bias, y.data());
            }
        }
    };
};

}  // namespace ctnn
