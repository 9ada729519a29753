// The depthwise convolution: small kernels for each channel, no mixing between channels.
#pragma once

#include <ctnn/layers/convolution_layer.hpp>
#include <ctnn/layers/sliding_window.hpp>

namespace ctnn {

/// 2-D convolution of each channel by itself, with M filters: a depth_multiplier<M>, 1 unless said
/// otherwise.
///
/// y(h, w, c M + m) = bias(c M + m) + sum over i, j of x(h s + i d - pad, w s + j d - pad, c)
/// kernel(i, j, c, m)
///
/// shape<H, W, C> -> shape<floor((H + pads - reach) / s) + 1, ..., C M> with reach = (kernel - 1) d
/// + 1. Options: kernel<> (required), stride<>, dilation<>, depth_multiplier<>, use_bias<>, and one
/// of valid (default), same, same_size, padding<>. Rejected: a kernel larger than the padded input.
/// https://keras.io/api/layers/convolution_layers/depthwise_convolution2d
template <class... Options>
struct depthwise_conv2d {
    using kind = detail::option_kind;
    using given =
        detail::options<detail::accepts<kind::kernel, kind::stride, kind::dilation,
                                        kind::depth_multiplier, kind::padding, kind::bias>,
                        Options...>;
    static constexpr std::size_t kernels_given =
        given::fit ? detail::times_given<kind::kernel, Options...> : 1;  // one mistake, one error

    using kernel_size = detail::option_or<kind::kernel, kernel<1, 1>, given>;
    static constexpr bool has_bias = detail::option_or<kind::bias, use_bias<true>, given>::value;
    static constexpr std::size_t multiplier =
        detail::option_or<kind::depth_multiplier, depth_multiplier<1>, given>::count;
    /// The same with a bias.
    template <class... Others>
    using with_options = depthwise_conv2d<Others...>;
    using with_bias = typename detail::without_option<with_options, kind::bias,
                                                      detail::option_pack<>, Options...>::type;

    template <class Input>
    using window_on =
        detail::sliding_window<Input, kernel_size,
                               detail::option_or<kind::stride, stride<1, 1>, given>,
                               detail::option_or<kind::dilation, dilation<1, 1>, given>,
                               detail::option_or<kind::padding, valid, given>>;
    template <class Input>
    using output_on = typename window_on<Input>::template output<
        given::fit && kernels_given == 1 ? Input::channels * multiplier : 0>;

    template <class Input>
    struct on : detail::convolution_layer<
                    on<Input>, Input, output_on<Input>,
                    parameter_array<"kernel", kernel_size::height, kernel_size::width,
                                    Input::channels, multiplier>,
                    parameter_array<"bias", has_bias ? Input::channels * multiplier : 0>> {
        using output_shape = output_on<Input>;

        static constexpr std::string_view name = "depthwise_conv2d";
        static constexpr std::size_t channels = Input::channels, filters = channels * multiplier;
        static constexpr auto rows = window_on<Input>::rows;
        static constexpr auto columns = window_on<Input>::columns;
        static constexpr auto settings = window_on<Input>::settings;
        static constexpr std::size_t multiply_adds =
            output_shape::size * kernel_size::height * kernel_size::width;

        static_assert(sizeof(typename given::check) > 0);
        static_assert(sizeof(typename window_on<Input>::check) > 0);
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

        static constexpr detail::convolution conv{rows,    columns,  channels,
                                                  filters, channels, has_bias};
    };
};

}  // namespace ctnn
