// The depthwise convolution: one small kernel for each channel, no mixing between channels.
#pragma once

#include <ctnn/layer.hpp>
#include <ctnn/sliding_window.hpp>

namespace ctnn {

/// 2-D convolution of each channel by itself.
///
/// y(h, w, c) = bias(c) + sum over i, j of x(h s + i d - pad, w s + j d - pad, c) kernel(i, j, c)
///
/// shape<H, W, C> -> shape<floor((H + pads - reach) / s) + 1, ..., C>, reach = (kernel - 1) d + 1.
/// Options: kernel<> (required), stride<>, dilation<>, use_bias<>, and one of valid (default),
/// same, same_size, padding<>. The kernel's extents are (height, width, C, 1), as in Keras with a
/// depth multiplier of 1. Rejected: a kernel larger than the padded input.
/// https://keras.io/api/layers/convolution_layers/depthwise_convolution2d
template <class... Options>
struct depthwise_conv2d {
    using kind = detail::option_kind;
    using given = detail::options<
        detail::accepts<kind::kernel, kind::stride, kind::dilation, kind::padding, kind::bias>,
        Options...>;
    static constexpr std::size_t kernels_given =
        given::fit ? detail::times_given<kind::kernel, Options...> : 1;  // one mistake, one error

    using kernel_size = detail::option_or<kind::kernel, kernel<1, 1>, given>;
    static constexpr bool has_bias = detail::option_or<kind::bias, use_bias<true>, given>::value;

    template <class Input>
    using window_on =
        detail::sliding_window<Input, kernel_size,
                               detail::option_or<kind::stride, stride<1, 1>, given>,
                               detail::option_or<kind::dilation, dilation<1, 1>, given>,
                               detail::option_or<kind::padding, valid, given>>;
    template <class Input>
    using output_on = typename window_on<Input>::template output<
        given::fit && kernels_given == 1 ? Input::channels : 0>;

    template <class Input>
    struct on : layer_base<on<Input>, Input, output_on<Input>,
                           parameter_array<"kernel", kernel_size::height, kernel_size::width,
                                           Input::channels, 1>,
                           parameter_array<"bias", has_bias ? Input::channels : 0>> {
        using output_shape = output_on<Input>;
        using weights = parameter_view<on, const float>;
        using gradients = parameter_view<on, float>;

        static constexpr std::string_view name = "depthwise_conv2d";
        static constexpr auto rows = window_on<Input>::rows;
        static constexpr auto columns = window_on<Input>::columns;
        static constexpr auto settings = window_on<Input>::settings;
        static constexpr std::size_t multiply_adds =
            output_shape::size * kernel_size::height * kernel_size::width;

        static_assert(sizeof(typename given::check) > 0);
        static_assert(1 <= kernels_given,
                      "ctnn::depthwise_conv2d: a kernel<height, width> must be given");
        static constexpr std::size_t kernel_height = window_on<Input>::needed_rows,
                                     padded_height = rows.padded();
        static_assert(kernel_height <= padded_height,
                      "ctnn::depthwise_conv2d: the kernel must be at most as tall as its padded "
                      "input; shrink it or pad");
        static constexpr std::size_t kernel_width = window_on<Input>::needed_columns,
                                     padded_width = columns.padded();
        static_assert(kernel_width <= padded_width,
                      "ctnn::depthwise_conv2d: the kernel must be at most as wide as its padded "
                      "input; shrink it or pad");

        // h, w: output row, column; i, j: position in the kernel; c: channel; t: position in the
        // tile of accumulators

        template <class T>
        static constexpr void compute(weights w_, tensor_view<Input, const T> x,
                                      tensor_view<output_shape, T> y) noexcept {
            const auto k = w_.kernel();
            for (std::size_t h = 0; h < output_shape::height; ++h) {
                const auto taps_i = rows.taps_inside(h);
                for (std::size_t w = 0; w < output_shape::width; ++w) {
                    const auto taps_j = columns.taps_inside(w);
                    simd::for_tiles<Input::channels>([&](std::size_t c,
                                                         auto tile) __attribute__((always_inline)) {
                        T sum[tile];
                        simd::unroll<tile>([&](auto t) __attribute__((always_inline)) {
                            if constexpr (has_bias)
                                sum[t] = T(w_.bias()[c + t]);
                            else
                                sum[t] = T(0.0f);
                        });
                        for (std::size_t i = taps_i.first; i < taps_i.last; ++i)
                            for (std::size_t j = taps_j.first; j < taps_j.last; ++j) {
                                const T* pixel = &x(rows.pixel(h, i), columns.pixel(w, j), c);
                                const float* tap = &k(i, j, c);
                                simd::unroll<tile>([&](auto t) __attribute__((always_inline)) {
                                    sum[t] = simd::fma(pixel[t], T(tap[t]), sum[t]);
                                });
                            }
                        simd::unroll<tile>([&](auto t) __attribute__((always_inline)) {
                            y(h, w, c + t) = sum[t];
                        });
                    });
                }
            }
        }

        /// d_x(h s + i d - pad, ..., c) = sum over every (h, w, i, j) that saw the pixel of d_y(h,
        /// w, c) kernel(i, j, c)
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
                            for (std::size_t c = 0; c < Input::channels; ++c) {
                                T& pixel = d_x(rows.pixel(h, i), columns.pixel(w, j), c);
                                pixel = simd::fma(d_y(h, w, c), T(k(i, j, c)), pixel);
                            }
                }
            }
        }

        /// d_kernel(i, j, c) += sum over h, w of x(h s + i d - pad, ..., c) d_y(h, w, c); d_bias(c)
        /// += sum of d_y(h, w, c).
        template <class T>
        static constexpr void parameter_gradient(tensor_view<Input, const T> x,
                                                 tensor_view<output_shape, const T> d_y,
                                                 gradients d_w) noexcept {
            const auto d_k = d_w.kernel();
            simd::for_tiles<Input::channels>([&](std::size_t c,
                                                 auto tile) __attribute__((always_inline)) {
                for (std::size_t i = 0; i < kernel_size::height; ++i) {
                    const auto seen_h = rows.outputs_inside(i);
                    for (std::size_t j = 0; j < kernel_size::width; ++j) {
                        const auto seen_w = columns.outputs_inside(j);
                        T sum[tile]{};
                        for (std::size_t h = seen_h.first; h < seen_h.last; ++h)
                            for (std::size_t w = seen_w.first; w < seen_w.last; ++w) {
                                const T* pixel = &x(rows.pixel(h, i), columns.pixel(w, j), c);
                                const T* from = &d_y(h, w, c);
                                simd::unroll<tile>([&](auto t) __attribute__((always_inline)) {
                                    sum[t] = simd::fma(pixel[t], from[t], sum[t]);
                                });
                            }
                        for (std::size_t t = 0; t < tile; ++t)
                            d_k(i, j, c + t) += simd::sum_of_lanes(sum[t]);
                    }
                }
                if constexpr (has_bias) {
                    T sum[tile]{};
                    for (std::size_t h = 0; h < output_shape::height; ++h)
                        for (std::size_t w = 0; w < output_shape::width; ++w)
                            for (std::size_t t = 0; t < tile; ++t)
                                sum[t] = sum[t] + d_y(h, w, c + t);
                    for (std::size_t t = 0; t < tile; ++t)
                        d_w.bias()[c + t] += simd::sum_of_lanes(sum[t]);
                }
            });
        }
    };
};

}  // namespace ctnn
