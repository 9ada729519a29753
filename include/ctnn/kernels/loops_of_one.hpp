// Which loops compute a convolution of one image.
#pragma once

#include <ctnn/kernels/channels_in_lanes.hpp>
#include <ctnn/kernels/columns_in_lanes.hpp>
#include <ctnn/kernels/filters_in_lanes.hpp>
#include <ctnn/kernels/weight_blocks.hpp>

#include <type_traits>

namespace ctnn::detail {

template <convolution Conv, activation Activation, pooling Pooling>
constexpr auto choose_loops_of_one() noexcept {
    if constexpr (layout_of_one_image(Conv, Pooling::window_rows, Pooling::window_columns) ==
                  layout::chw)
        return std::type_identity<convolution_with_columns_in_lanes<Conv, Activation, Pooling>>{};
    else if constexpr (Conv.is_depthwise())
        return std::type_identity<convolution_with_channels_in_lanes<Conv, Activation, Pooling>>{};
    else if constexpr (pays_in_blocks<Conv> && std::is_same_v<Pooling, no_pooling>)
        return std::type_identity<convolution_in_blocks<Conv, Activation>>{};
    else
        return std::type_identity<convolution_with_filters_in_lanes<Conv, Activation, Pooling>>{};
}
template <convolution Conv, class Activation, class Pooling>
struct loops_of_one : decltype(choose_loops_of_one<Conv, Activation, Pooling>())::type {};

}  // namespace ctnn::detail
