// Average pooling over the whole feature map.
#pragma once

#include <ctnn/layer.hpp>
#include <ctnn/layers/pixel_window.hpp>

namespace ctnn {

/// The mean of every channel: shape<H, W, C> -> features<C>. The gradient is spread evenly.
/// https://keras.io/api/layers/pooling_layers/global_average_pooling2d
struct global_average_pool2d {
    template <class Input>
    using output_on = features<Input::channels>;
    template <class Input>
    struct on : layer_base<on<Input>, Input, output_on<Input>> {
        static constexpr std::string_view name = "global_average_pool2d";
        static constexpr std::size_t pixels = Input::height * Input::width;
        static constexpr float share = 1.0f / static_cast<float>(pixels);

        template <class T>
        static constexpr void compute(tensor_view<Input, const T> x,
                                      tensor_view<output_on<Input>, T> y) noexcept {
            constexpr detail::pixel_window<Input::channels> all{Input::height, Input::width,
                                                                Input::width * Input::channels};
            all.pool(
                x.data(), y.data(), [](auto sum, auto number) { return sum + number; },
                []<class V>(V sum) { return sum * V(share); });
        }
        template <class T>
        static constexpr void input_gradient(tensor_view<Input, const T> /*x*/,
                                             tensor_view<output_on<Input>, const T> d_y,
                                             tensor_view<Input, T> d_x) noexcept {
            for (std::size_t p = 0; p < pixels; ++p)
                for (std::size_t c = 0; c < Input::channels; ++c)
                    d_x[p * Input::channels + c] = d_y[c] * T(share);
        }
    };
};

}  // namespace ctnn
