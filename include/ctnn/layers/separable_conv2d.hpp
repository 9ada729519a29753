// Separable convolutions: two layers that stand for one entry.
#pragma once

#include <ctnn/layers/conv1d.hpp>
#include <ctnn/layers/conv2d.hpp>
#include <ctnn/layers/depthwise_conv2d.hpp>

#include <cstddef>
#include <type_traits>

namespace ctnn {

template <class... Entries>
struct sequence;  // network.hpp

namespace detail {

template <class Option>
using without_bias =
    std::conditional_t<is_kind<Option>(option_kind::bias), use_bias<false>, Option>;
/// `Layer` with these options, but without a bias.
template <template <class...> class Layer, class... Options>
using biasless =
    std::conditional_t<times_given<option_kind::bias, Options...> == 0,
                       Layer<Options..., use_bias<false>>, Layer<without_bias<Options>...>>;
/// The bias option among `Options`, where there is one.
template <class... Options>
using bias_of =
    typename find_option<option_kind::bias, use_bias<true>, options<accepts<>, Options...>>::type;

}  // namespace detail

/// Separable 2-D convolution: `depthwise_conv2d` without a bias, then `conv2d` of 1 x 1 with
/// `Filters` filters; in tables and files these two.
///
/// shape<H, W, C> -> shape<floor((H + pads - reach) / s) + 1, ..., Filters>. Options: use_bias<> is
/// the second one's, all others are those of depthwise_conv2d, kernel<> required.
/// https://keras.io/api/layers/convolution_layers/separable_convolution2d
template <std::size_t Filters, class... Options>
using separable_conv2d = sequence<detail::biasless<depthwise_conv2d, Options...>,
                                  conv2d<Filters, kernel<1>, detail::bias_of<Options...>>>;

/// The same in one dimension: `depthwise_conv1d` without a bias, then `conv1d` of one step.
/// https://keras.io/api/layers/convolution_layers/separable_convolution1d
template <std::size_t Filters, class... Options>
using separable_conv1d = sequence<detail::biasless<depthwise_conv1d, Options...>,
                                  conv1d<Filters, kernel<1>, detail::bias_of<Options...>>>;

}  // namespace ctnn
