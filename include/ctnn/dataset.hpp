// Examples to learn from: inputs, and beside each what the network should say.
#pragma once

#include <ctnn/tensor.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ctnn {

/// The number of a class, from 0.
using class_label = std::int32_t;

/// Inputs and their targets: class labels, or tensors of the network's output shape. Both lists
/// must be equally long.
template <class Input, class Target = class_label>
struct dataset {
    using input = Input;
    using target = Target;

    std::vector<Input> inputs;
    std::vector<Target> targets;

    [[nodiscard]] std::size_t size() const noexcept { return inputs.size(); }
};

}  // namespace ctnn
