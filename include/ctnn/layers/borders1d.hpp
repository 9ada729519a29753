// Longer and shorter sequences: names and options of their own, the arithmetic of two dimensions.
#pragma once

#include <ctnn/layers/borders.hpp>
#include <ctnn/layers/one_dimension.hpp>
#include <ctnn/layers/up_sampling2d.hpp>

namespace ctnn {
namespace detail {

template <template <std::size_t...> class Layer, std::size_t... Sides>
Layer<Sides...> layer_with(padding<Sides...>);
/// `Layer<0, 0, before, after>` for <before, after>.
template <template <std::size_t...> class Layer, std::size_t... Steps>
using with_sides = decltype(layer_with<Layer>(typename along_row<padding<Steps...>>::type{}));

}  // namespace detail

/// Every step `factor<n>` times, twice unless said otherwise; with `bilinear` what lies between
/// steps: `up_sampling2d` along a row. shape<1, T, C> -> shape<1, T n, C>. Rejected: an input of
/// several rows. https://keras.io/api/layers/reshaping_layers/up_sampling1d
template <class... Options>
struct up_sampling1d
    : detail::named_row<"up_sampling1d",
                        detail::layer_along_row<up_sampling2d, factor<1, 2>, Options...>,
                        Options...> {};

/// Steps of zeros at both ends, `zero_padding1d<both>`, or `<before, after>`.
/// shape<1, T, C> -> shape<1, before + T + after, C>. Rejected: an input of several rows.
/// https://keras.io/api/layers/reshaping_layers/zero_padding1d
template <std::size_t... Steps>
struct zero_padding1d
    : detail::named_row<"zero_padding1d", detail::with_sides<zero_padding2d, Steps...>,
                        padding<Steps...>> {};

/// The sequence without its ends, `cropping1d<both>`, or `<before, after>`.
/// shape<1, T, C> -> shape<1, T - before - after, C>. Rejected: an input of several rows; ends that
/// leave nothing. https://keras.io/api/layers/reshaping_layers/cropping1d
template <std::size_t... Steps>
struct cropping1d
    : detail::named_row<"cropping1d", detail::with_sides<cropping2d, Steps...>, padding<Steps...>> {
};

}  // namespace ctnn
