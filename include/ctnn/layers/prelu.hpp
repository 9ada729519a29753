// The rectifier whose slope below 0 is learnt.
#pragma once

#include <ctnn/layer.hpp>

namespace ctnn {

/// y = x above 0, else alpha(c) x; alpha, one for each channel (Keras' shared_axes=[1, 2]), is
/// learnt. Any shape. He et al., 2015, https://arxiv.org/abs/1502.01852
/// https://keras.io/api/layers/activation_layers/prelu
struct prelu {
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : layer_base<on<Input>, Input, Input, parameter_array<"alpha", Input::channels>> {
        using weights = parameter_view<on, const float>;
        using gradients = parameter_view<on, float>;
        static constexpr std::string_view name = "prelu";
        static constexpr layer_facts facts{.in_place = true, .needs_input = true};

        template <class T>
        static constexpr void compute(weights w, tensor_view<Input, const T> x,
                                      tensor_view<Input, T> y) noexcept {
            for (std::size_t first = 0; first < Input::size; first += Input::channels)
                for (std::size_t c = 0; c < Input::channels; ++c) {
                    const T number = x[first + c];
                    y[first + c] =
                        simd::select(number > T(0.0f), number, T(number * T(alpha(w, c))));
                }
        }
        template <class T>
        static constexpr void input_gradient(weights w, tensor_view<Input, const T> x,
                                             tensor_view<Input, const T> d_y,
                                             tensor_view<Input, T> d_x) noexcept {
            for (std::size_t i = 0; i < Input::size; ++i)
                d_x[i] = d_y[i] * simd::select(x[i] > T(0.0f), T(1.0f), T(alpha(w, i)));
        }
        template <class T>
        static constexpr void parameter_gradient(tensor_view<Input, const T> x,
                                                 tensor_view<Input, const T> d_y,
                                                 gradients d_w) noexcept {
            for (std::size_t c = 0; c < Input::channels; ++c) {
                T sum(0.0f);
                for (std::size_t i = c; i < Input::size; i += Input::channels)
                    sum = simd::fma(simd::min(T(0.0f), T(x[i])), T(d_y[i]), sum);
                d_w.template get<"alpha">()[c] += simd::sum_of_lanes(sum);
            }
        }

    private:
        static constexpr float alpha(weights w, std::size_t i) noexcept {
            return w.template get<"alpha">()[i % Input::channels];
        }
    };
};

}  // namespace ctnn
