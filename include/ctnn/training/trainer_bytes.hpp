// How much memory training takes, known before there is a board to train on.
#pragma once

#include <ctnn/training/backpropagation.hpp>

#include <cstddef>

namespace ctnn {

/// Bytes of RAM that training `Network` takes: the parameters, their gradient, the optimizer, and,
/// for one image in each lane of `T`, the way forward and back and the targets. `float` is one
/// image at a time, as on a microcontroller; `simd::native`, where that is more than one lane, is
/// what `train_step` does, which adds two gradients. The data comes on top. A network that looks at
/// the whole batch (batch_normalization) keeps all its images: at most `Batch`.
template <class Network, class Loss, class Optimizer, class T = float, std::size_t Batch = 32>
inline constexpr std::size_t trainer_bytes = [] {
    using pass = backpropagation<Network, T, Loss::template on<Network>::leaves>;
    constexpr bool is_segmented = pass::segments > 1;
    constexpr std::size_t packs = is_segmented ? (Batch - 1) / simd::lanes_of<T> + 1 : 1;
    constexpr std::size_t gradients = simd::lanes_of<T> == 1 && !is_segmented ? 1 : 2;
    return (1 + gradients) * sizeof(parameters<Network>) + sizeof(Optimizer) +
           packs * (sizeof(pass) + sizeof(tensor<typename Network::output_shape, T>));
}();

}  // namespace ctnn
