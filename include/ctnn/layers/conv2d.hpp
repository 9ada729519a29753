// The convolution layer: its shape rule and checks. Forward and backward: convolution_layer.hpp.
#pragma once

#include <ctnn/layers/convolution_layer.hpp>
#include <ctnn/layers/sliding_window.hpp>

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
    /// The same with a bias.
    template <class... Others>
    using with_options = conv2d<Filters, Others...>;
    using with_bias = typename detail::without_option<with_options, kind::bias,
                                                      detail::option_pack<>, Options...>::type;
    static constexpr std::size_t group_count =
        detail::option_or<kind::groups, groups<1>, given>::count;

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
    struct on : detail::convolution_layer<
                    on<Input>, Input, output_on<Input>,
                    parameter_array<"kernel", kernel_size::height, kernel_size::width,
                                    Input::channels / group_count, Filters>,
                    parameter_array<"bias", has_bias ? Filters : 0>> {
        using output_shape = output_on<Input>;

        static constexpr std::string_view name = "conv2d";
        static constexpr auto rows = window_on<Input>::rows;
        static constexpr auto columns = window_on<Input>::columns;
        static constexpr auto settings = window_on<Input>::settings;
        static constexpr std::size_t channels_per_group = Input::channels / group_count;
        static constexpr std::size_t multiply_adds =
            output_shape::size * kernel_size::height * kernel_size::width * channels_per_group;

        static_assert(sizeof(typename given::check) > 0);
        static_assert(sizeof(typename window_on<Input>::check) > 0);
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

        static constexpr detail::convolution conv{rows,    columns,     Input::channels,
                                                  Filters, group_count, has_bias};
    };
};

}  // namespace ctnn
