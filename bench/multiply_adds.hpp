// The work that no implementation can save.
#pragma once

#include <ctnn/ctnn.hpp>

#include <cstddef>
#include <utility>

namespace bench {

/// Multiply-adds of one image that no implementation can save: taps on padding do not count.
constexpr std::size_t multiply_adds_inside(const ctnn::detail::convolution& conv) {
    const auto taps = [](const ctnn::detail::axis& axis) {
        std::size_t sum = 0;
        for (std::size_t o = 0; o < axis.output(); ++o)
            sum += axis.taps_inside(o).last - axis.taps_inside(o).first;
        return sum;
    };
    return taps(conv.rows) * taps(conv.columns) * conv.tap_size();
}

template <class Layer>
constexpr std::size_t multiply_adds_of_layer() noexcept {
    if constexpr (requires { Layer::conv; })
        return multiply_adds_inside(Layer::conv);
    else
        return Layer::multiply_adds;
}
template <class Network>
constexpr std::size_t multiply_adds_of_network() noexcept {
    return []<std::size_t... I>(std::index_sequence<I...>) {
        return (std::size_t{0} + ... +
                multiply_adds_of_layer<typename Network::template leaf<I>>());
    }
    (std::make_index_sequence<Network::leaf_count>{});
}

}  // namespace bench
