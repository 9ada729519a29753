// Reshape: the same numbers under another shape.
#pragma once

#include <ctnn/layer.hpp>

namespace ctnn {

/// shape<H, W, C> -> shape<Height, Width, Channels>, with as many numbers, in their order (row by
/// row, channel fastest). Costs nothing in a network. Rejected: another number of numbers.
/// https://keras.io/api/layers/reshaping_layers/reshape
template <std::size_t Height, std::size_t Width, std::size_t Channels>
struct reshape {
    using target = shape<Height, Width, Channels>;
    template <class Input>
    using output_on = std::conditional_t<Input::size == target::size, target, shape<0, 0, 0>>;
    template <class Input>
    struct on : reshaping<on<Input>, Input, output_on<Input>> {
        static constexpr std::string_view name = "reshape";
        static constexpr std::size_t numbers = target::size, input_numbers = Input::size;
        static_assert(numbers == input_numbers,
                      "ctnn::reshape: the numbers of the shape must be as many as the input's");
    };
};

}  // namespace ctnn
