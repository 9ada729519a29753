// A float network with every kind of layer that has an int8 form, with weights and images.
#pragma once

#include <ctnn/quantization.hpp>

#include "support/random.hpp"

#include <vector>

namespace int8_networks {

using namespace ctnn;

using all_kinds =
    network<shape<9, 8, 3>, conv2d<5, kernel<3, 3>, same>, batch_normalization<>, relu6,
            residual<depthwise_conv2d<kernel<3, 3>, same>, batch_normalization<>, relu,
                     conv2d<5, kernel<1, 1>, use_bias<false>>>,
            relu, max_pool2d<window<2, 2>>,
            multiply<sequence<>, sequence<global_average_pool2d, conv2d<5, kernel<1, 1>>, sigmoid>>,
            concatenate<conv2d<4, kernel<3, 3>, same>,
                        sequence<average_pool2d<window<2, 2>>, up_sampling2d<>>>,
            scale_and_offset, swish, zero_padding2d<1, 0, 0, 1>, conv2d<6, kernel<2, 2>, groups<3>>,
            average<sequence<>, sequence<conv2d<6, kernel<1, 1>>, relu>>, flatten, dense<7>,
            softmax>;

template <class Network>
typename Network::parameters random_weights(unsigned seed) {
    typename Network::parameters w{};
    generator random(seed);
    for (const parameter_entry& entry : Network::parameter_table)
        for (std::size_t i = 0; i < entry.size; ++i) {
            const bool is_variance = entry.array == "moving_variance" || entry.array == "gamma" ||
                                     entry.array == "scale";
            w.elements[entry.offset + i] =
                is_variance ? 0.5f + random.between(0.0f, 1.0f) : random.between(-0.5f, 0.5f);
        }
    return w;
}
template <class Network>
std::vector<typename Network::input> random_images(std::size_t count, unsigned seed) {
    generator random(seed);
    std::vector<typename Network::input> images(count);
    for (auto& image : images)
        for (float& pixel : image) pixel = random.between(-1.0f, 2.0f);
    return images;
}

}  // namespace int8_networks
