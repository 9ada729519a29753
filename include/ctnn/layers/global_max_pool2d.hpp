// Max pooling over the whole feature map.
#pragma once

#include <ctnn/layer.hpp>
#include <ctnn/layers/pixel_window.hpp>

namespace ctnn {

/// The largest value of every channel: shape<H, W, C> -> features<C>. The gradient goes to the
/// first maximum. https://keras.io/api/layers/pooling_layers/global_max_pooling2d
struct global_max_pool2d {
    template <class Input>
    using output_on = features<Input::channels>;
    template <class Input>
    struct on : layer_base<on<Input>, Input, output_on<Input>> {
        static constexpr std::string_view name = "global_max_pool2d";

        template <class T>
        static constexpr void compute(tensor_view<Input, const T> x,
                                      tensor_view<output_on<Input>, T> y) noexcept {
            constexpr detail::pixel_window<Input::channels> all{Input::height, Input::width,
                                                                Input::width * Input::channels};
            all.pool(
                x.data(), y.data(),
                []<class V>(V largest, V number) { return simd::maximum(number, largest); },
                [](auto largest) { return largest; });
        }
        template <class T>
        static constexpr void input_gradient(tensor_view<Input, const T> x,
                                             tensor_view<output_on<Input>, const T> d_y,
                                             tensor_view<Input, T> d_x) noexcept {
            for (std::size_t c = 0; c < Input::channels; ++c) {
                T largest = x[c];
                for (std::size_t i = c; i < Input::size; i += Input::channels)
                    largest = simd::maximum(T(x[i]), largest);
                T left = d_y[c];  // what has not found its maximum yet, lane by lane
                for (std::size_t i = c; i < Input::size; i += Input::channels) {
                    const auto is_maximum = simd::is_maximum(T(x[i]), largest);
                    d_x[i] = simd::select(is_maximum, left, T(0.0f));
                    left = simd::select(is_maximum, T(0.0f), left);
                }
            }
        }
    };
};

}  // namespace ctnn
