// Convolutions of one dimension: names, options and kernels of their own, the arithmetic of two.
#pragma once

#include <ctnn/layers/conv2d.hpp>
#include <ctnn/layers/conv2d_transpose.hpp>
#include <ctnn/layers/depthwise_conv2d.hpp>
#include <ctnn/layers/one_dimension.hpp>

namespace ctnn {
namespace detail {

/// A convolution, with `Base` as its base, that computes what `Two` does, with arrays of its own.
template <template <class...> class Base, class Layer, class Two, class Kernel, class Bias>
struct convolution_along_row
    : Base<Layer, typename Two::input_shape, typename Two::output_shape, Kernel, Bias> {
    static constexpr auto settings = Two::settings;
    static constexpr std::size_t multiply_adds = Two::multiply_adds;
    static constexpr convolution conv = Two::conv;
};

}  // namespace detail

/// 1-D convolution with `Filters` filters: `conv2d` along a row.
///
/// y(t, f) = bias(f) + sum over i, c of x(t s + i d - pad, c) kernel(i, c, f)
///
/// shape<1, T, C> -> shape<1, floor((T + pads - reach) / s) + 1, Filters>, reach = (kernel - 1) d
/// + 1. Options, each of one number: kernel<> (required), stride<>, dilation<>, groups<>,
/// use_bias<>, and one of valid (default), same, causal, padding<both>, padding<before, after>.
/// Rejected: an input of several rows; what conv2d rejects.
/// https://keras.io/api/layers/convolution_layers/convolution1d
template <std::size_t Filters, class... Options>
struct conv1d {
    using two = conv2d<Filters, typename detail::along_row_or_causal<Options>::type...>;
    /// The same with a bias.
    template <class... Others>
    using with_options = conv1d<Filters, Others...>;
    using with_bias = typename detail::without_option<with_options, detail::option_kind::bias,
                                                      detail::option_pack<>, Options...>::type;
    template <class Input>
    using row = detail::row<two, Input, Options...>;
    template <class Input>
    using output_on = typename row<Input>::output;
    template <class Input>
    struct on
        : row<Input>::template base<
              on<Input>, detail::convolution_along_row<
                             detail::convolution_layer, on<Input>, typename two::template on<Input>,
                             parameter_array<"kernel", two::kernel_size::width,
                                             Input::channels / two::group_count, Filters>,
                             parameter_array<"bias", two::has_bias ? Filters : 0>>> {
        static constexpr std::string_view name = "conv1d";
        static_assert(sizeof(typename row<Input>::check) > 0);
    };
};

/// 1-D convolution of each channel by itself: `depthwise_conv2d` along a row. With a
/// depth_multiplier<M>, 1 unless said otherwise:
///
/// y(t, c M + m) = bias(c M + m) + sum over i of x(t s + i d - pad, c) kernel(i, c, m)
///
/// shape<1, T, C> -> shape<1, floor((T + pads - reach) / s) + 1, C M>. Options as of `conv1d`, with
/// depth_multiplier<> instead of groups<>. Rejected: an input of several rows; what
/// depthwise_conv2d rejects. https://keras.io/api/layers/convolution_layers/depthwise_convolution1d
template <class... Options>
struct depthwise_conv1d {
    using two = depthwise_conv2d<typename detail::along_row_or_causal<Options>::type...>;
    /// The same with a bias.
    template <class... Others>
    using with_options = depthwise_conv1d<Others...>;
    using with_bias = typename detail::without_option<with_options, detail::option_kind::bias,
                                                      detail::option_pack<>, Options...>::type;
    template <class Input>
    using row = detail::row<two, Input, Options...>;
    template <class Input>
    using output_on = typename row<Input>::output;
    template <class Input>
    struct on
        : row<Input>::template base<
              on<Input>,
              detail::convolution_along_row<
                  detail::convolution_layer, on<Input>, typename two::template on<Input>,
                  parameter_array<"kernel", two::kernel_size::width, Input::channels,
                                  two::multiplier>,
                  parameter_array<"bias", two::has_bias ? Input::channels * two::multiplier : 0>>> {
        static constexpr std::string_view name = "depthwise_conv1d";
        static_assert(sizeof(typename row<Input>::check) > 0);
    };
};

/// Transposed 1-D convolution with `Filters` filters: `conv2d_transpose` along a row.
///
/// y(t, f) = bias(f) + sum over every r, i, c with r s + i d - pad = t of x(r, c) kernel(i, f, c)
///
/// shape<1, T, C> -> shape<1, T', Filters>. Options, each of one number: kernel<> (required),
/// stride<>, dilation<>, use_bias<>, and one of valid (default), same, padding<both>,
/// padding<before, after>; T' is as of conv2d_transpose. Rejected: an input of several rows; what
/// conv2d_transpose rejects. https://keras.io/api/layers/convolution_layers/convolution1d_transpose
template <std::size_t Filters, class... Options>
struct conv1d_transpose {
    using two = conv2d_transpose<Filters, typename detail::along_row<Options>::type...>;
    template <class Input>
    using row = detail::row<two, Input, Options...>;
    template <class Input>
    using output_on = typename row<Input>::output;
    template <class Input>
    struct on
        : row<Input>::template base<
              on<Input>,
              detail::convolution_along_row<
                  detail::transposed_convolution_layer, on<Input>, typename two::template on<Input>,
                  parameter_array<"kernel", two::kernel_size::width, Filters, Input::channels>,
                  parameter_array<"bias", two::has_bias ? Filters : 0>>> {
        static constexpr std::string_view name = "conv1d_transpose";
        static_assert(sizeof(typename row<Input>::check) > 0);
    };
};

}  // namespace ctnn
