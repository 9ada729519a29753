// How much memory training takes, known before there is a board to train on.
#pragma once

#include <ctnn/training/backpropagation.hpp>

#include <cstddef>

namespace ctnn {

/// Bytes of RAM that training `Network` takes: the parameters, their gradient, the optimizer, and,
/// for one image in each lane of `T`, the way forward and back and the targets. `float` is one
/// image at a time, as on a microcontroller; `simd::native`, where that is more than one lane, is
/// what `train_step` does, which adds two gradients. The data comes on top.
template <class Network, class Loss, class Optimizer, class T = float>
inline constexpr std::size_t
    trainer_bytes = (simd::lanes_of<T> == 1 ? 2 : 3) * sizeof(parameters<Network>) +
                    sizeof(Optimizer) +
                    sizeof(backpropagation<Network, T, Loss::template on<Network>::leaves>) +
                    sizeof(tensor<typename Network::output_shape, T>);

}  // namespace ctnn
