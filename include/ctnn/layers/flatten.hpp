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
    struct on : layer_base<on<Input>, Input, output_on<Input>> {
        static constexpr std::string_view name = "flatten";
        static constexpr bool reshapes = true;

        template <class T>
        static constexpr void compute(tensor_view<Input, const T> x,
                                      tensor_view<output_on<Input>, T> y) noexcept {
            for (std::size_t i = 0; i < Input::size; ++i) y[i] = x[i];
        }
        template <class T>
        static constexpr void input_gradient(tensor_view<Input, const T> /*x*/,
                                             tensor_view<output_on<Input>, const T> d_y,
                                             tensor_view<Input, T> d_x) noexcept {
            for (std::size_t i = 0; i < Input::size; ++i) d_x[i] = d_y[i];
        }
    };
};

}  // namespace ctnn
