// Flatten: a feature map becomes a list.
#pragma once

#include <ctnn/layer.hpp>

namespace ctnn {

/// shape<H, W, C> -> features<H * W * C>, row by row, channel fastest. Costs nothing in a network.
/// https://keras.io/api/layers/reshaping_layers/flatten
struct flatten {
    template <class Input>
    using output_on = features<Input::size>;
    template <class Input>
    struct on : reshaping<on<Input>, Input, output_on<Input>> {
        static constexpr std::string_view name = "flatten";
    };
};

}  // namespace ctnn
