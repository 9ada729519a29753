// The specification of one step, as a person would write it: what is the default is left out.
#pragma once

#include <ctnn/layers/activations.hpp>
#include <ctnn/layers/average_pool2d.hpp>
#include <ctnn/layers/batch_normalization.hpp>
#include <ctnn/layers/borders.hpp>
#include <ctnn/layers/conv2d.hpp>
#include <ctnn/layers/conv2d_transpose.hpp>
#include <ctnn/layers/dense.hpp>
#include <ctnn/layers/depthwise_conv2d.hpp>
#include <ctnn/layers/elu.hpp>
#include <ctnn/layers/flatten.hpp>
#include <ctnn/layers/global_average_pool2d.hpp>
#include <ctnn/layers/global_max_pool2d.hpp>
#include <ctnn/layers/leaky_relu.hpp>
#include <ctnn/layers/max_pool2d.hpp>
#include <ctnn/layers/prelu.hpp>
#include <ctnn/layers/relu.hpp>
#include <ctnn/layers/reshape.hpp>
#include <ctnn/layers/scale_and_offset.hpp>
#include <ctnn/layers/sigmoid.hpp>
#include <ctnn/layers/softmax.hpp>
#include <ctnn/layers/tanh.hpp>
#include <ctnn/layers/up_sampling2d.hpp>
#include <ctnn/model_file/graph.hpp>

#include <array>
#include <cstddef>
#include <type_traits>

namespace ctnn::detail {

/// A step without what only a reader needs: a constant of the program.
struct listed_step {
    step_kind kind{};
    std::array<std::size_t, 2> extents{}, stride{}, dilation{};
    bool is_same = false, has_bias = false, is_bilinear = false;
    std::array<std::size_t, 4> pads{};
    std::size_t filters = 0, groups = 1;
    model_fraction first{}, second{};
    model_shape output{};
    model_scale scale{};
    std::size_t arrays = 0;  // how many
};

/// An option that a layer does not need, since it is the default.
struct no_option;
template <template <class...> class Layer, class Kept, class... Options>
struct with_needed;
template <template <class...> class Layer, class... Kept>
struct with_needed<Layer, option_pack<Kept...>> {
    using type = Layer<Kept...>;
};
template <template <class...> class Layer, class... Kept, class First, class... Rest>
struct with_needed<Layer, option_pack<Kept...>, First, Rest...>
    : with_needed<Layer,
                  std::conditional_t<std::is_same_v<First, no_option>, option_pack<Kept...>,
                                     option_pack<Kept..., First>>,
                  Rest...> {};
/// `Layer` with those of the options that are not `no_option`.
template <template <class...> class Layer, class... Options>
using with_needed_options = typename with_needed<Layer, option_pack<>, Options...>::type;
template <bool IsNeeded, class Option>
using if_needed = std::conditional_t<IsNeeded, Option, no_option>;

/// The options of a step, as a person would write them.
template <listed_step S>
struct options_of_step {
    static constexpr bool is_strided = S.stride[0] != 1 || S.stride[1] != 1;
    using kernel_size = kernel<S.extents[0], S.extents[1]>;
    using window_size = window<S.extents[0], S.extents[1]>;
    using strides = if_needed<is_strided, stride<S.stride[0], S.stride[1]>>;
    using window_strides = if_needed<S.stride != S.extents, stride<S.stride[0], S.stride[1]>>;
    using dilations =
        if_needed<S.dilation[0] != 1 || S.dilation[1] != 1, dilation<S.dilation[0], S.dilation[1]>>;
    using group_count = if_needed<S.groups != 1, groups<S.groups>>;
    using bias = if_needed<!S.has_bias, use_bias<false>>;
    static constexpr bool is_even = S.pads[0] == S.pads[1] && S.pads[2] == S.pads[3];
    using padding_by_hand =
        std::conditional_t<is_even && S.pads[0] == S.pads[2], padding<S.pads[0]>,
                           std::conditional_t<is_even, padding<S.pads[0], S.pads[2]>,
                                              padding<S.pads[0], S.pads[1], S.pads[2], S.pads[3]>>>;
    static constexpr bool is_padded = S.pads != std::array<std::size_t, 4>{};
    using pad = std::conditional_t<S.is_same, same, if_needed<is_padded, padding_by_hand>>;
};

template <std::size_t Filters>
struct convolution_of {
    template <class... Options>
    using layer = conv2d<Filters, Options...>;
};
template <std::size_t Filters>
struct transposed {
    template <class... Options>
    using layer = conv2d_transpose<Filters, Options...>;
};

template <step_kind Kind>
constexpr auto layer_without_options() noexcept {
    if constexpr (Kind == step_kind::relu)
        return std::type_identity<relu>{};
    else if constexpr (Kind == step_kind::relu6)
        return std::type_identity<relu6>{};
    else if constexpr (Kind == step_kind::prelu)
        return std::type_identity<prelu>{};
    else if constexpr (Kind == step_kind::selu)
        return std::type_identity<selu>{};
    else if constexpr (Kind == step_kind::sigmoid)
        return std::type_identity<sigmoid>{};
    else if constexpr (Kind == step_kind::hard_sigmoid)
        return std::type_identity<hard_sigmoid>{};
    else if constexpr (Kind == step_kind::hard_swish)
        return std::type_identity<hard_swish>{};
    else if constexpr (Kind == step_kind::swish)
        return std::type_identity<swish>{};
    else if constexpr (Kind == step_kind::tanh)
        return std::type_identity<hyperbolic_tangent>{};
    else if constexpr (Kind == step_kind::gelu)
        return std::type_identity<gelu>{};
    else if constexpr (Kind == step_kind::softplus)
        return std::type_identity<softplus>{};
    else if constexpr (Kind == step_kind::softsign)
        return std::type_identity<softsign>{};
    else if constexpr (Kind == step_kind::exponential)
        return std::type_identity<exponential>{};
    else if constexpr (Kind == step_kind::softmax)
        return std::type_identity<softmax>{};
    else if constexpr (Kind == step_kind::flatten)
        return std::type_identity<flatten>{};
    else if constexpr (Kind == step_kind::scale_and_offset)
        return std::type_identity<scale_and_offset>{};
    else if constexpr (Kind == step_kind::global_max_pool2d)
        return std::type_identity<global_max_pool2d>{};
    else
        return std::type_identity<global_average_pool2d>{};
}

/// The specification of a step that reads one value.
template <listed_step S>
constexpr auto layer_of_step() noexcept {
    using with = options_of_step<S>;
    if constexpr (S.kind == step_kind::conv2d)
        return std::type_identity<with_needed_options<
            convolution_of<S.filters>::template layer, typename with::kernel_size,
            typename with::strides, typename with::dilations, typename with::group_count,
            typename with::pad, typename with::bias>>{};
    else if constexpr (S.kind == step_kind::depthwise_conv2d)
        return std::type_identity<with_needed_options<
            depthwise_conv2d, typename with::kernel_size, typename with::strides,
            typename with::dilations, if_needed<S.filters != 1, depth_multiplier<S.filters>>,
            typename with::pad, typename with::bias>>{};
    else if constexpr (S.kind == step_kind::conv2d_transpose)
        return std::type_identity<
            with_needed_options<transposed<S.filters>::template layer, typename with::kernel_size,
                                typename with::strides, typename with::dilations,
                                typename with::pad, typename with::bias>>{};
    else if constexpr (S.kind == step_kind::dense)
        return std::type_identity<
            std::conditional_t<S.has_bias, dense<S.filters>, dense<S.filters, use_bias<false>>>>{};
    else if constexpr (S.kind == step_kind::max_pool2d)
        return std::type_identity<
            with_needed_options<max_pool2d, typename with::window_size,
                                typename with::window_strides, typename with::pad>>{};
    else if constexpr (S.kind == step_kind::average_pool2d)
        return std::type_identity<
            with_needed_options<average_pool2d, typename with::window_size,
                                typename with::window_strides, typename with::pad>>{};
    else if constexpr (S.kind == step_kind::batch_normalization)
        return std::type_identity<with_needed_options<
            batch_normalization, if_needed<S.first != model_fraction{1, 1000},
                                           epsilon<S.first.numerator, S.first.denominator>>>>{};
    else if constexpr (S.kind == step_kind::leaky_relu)
        return std::type_identity<
            leaky_relu<negative_slope<S.first.numerator, S.first.denominator>>>{};
    else if constexpr (S.kind == step_kind::elu)
        return std::type_identity<
            with_needed_options<elu, if_needed<S.first != model_fraction{1, 1},
                                               alpha<S.first.numerator, S.first.denominator>>>>{};
    else if constexpr (S.kind == step_kind::clip)
        return std::type_identity<clip<low<S.first.numerator, S.first.denominator>,
                                       high<S.second.numerator, S.second.denominator>>>{};
    else if constexpr (S.kind == step_kind::reshape)
        return std::type_identity<reshape<S.output.height, S.output.width, S.output.channels>>{};
    else if constexpr (S.kind == step_kind::zero_padding2d)
        return std::type_identity<zero_padding2d<S.pads[0], S.pads[1], S.pads[2], S.pads[3]>>{};
    else if constexpr (S.kind == step_kind::up_sampling2d)
        return std::type_identity<
            with_needed_options<up_sampling2d,
                                if_needed<S.extents != std::array<std::size_t, 2>{2, 2},
                                          factor<S.extents[0], S.extents[1]>>,
                                if_needed<S.is_bilinear, bilinear>>>{};
    else
        return layer_without_options<S.kind>();
}

}  // namespace ctnn::detail
