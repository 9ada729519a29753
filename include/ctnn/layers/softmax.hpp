// Softmax: numbers to probabilities.
#pragma once

#include <ctnn/layer.hpp>
#include <ctnn/simd/elementary_functions.hpp>

namespace ctnn {

/// y(c) = e^(x(c) - m) / sum over k of e^(x(k) - m), with m = max(x): the channels of every pixel
/// become probabilities that add up to 1. Any shape; never not a number for finite x.
/// As a network's last layer it is differentiated together with the cross-entropy (losses.hpp).
/// https://keras.io/api/layers/activation_layers/softmax
struct softmax {
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : layer_base<on<Input>, Input, Input> {
        static constexpr std::string_view name = "softmax";
        static constexpr layer_facts facts{.in_place = true};

        template <class T>
        static constexpr void compute(tensor_view<Input, const T> x,
                                      tensor_view<Input, T> y) noexcept {
            for (std::size_t first = 0; first < Input::size; first += Input::channels) {
                T largest = x[first];
                for (std::size_t c = 1; c < Input::channels; ++c)
                    largest = simd::max(T(x[first + c]), largest);
                simd::transform<Input::channels>(
                    x.data() + first, y.data() + first,
                    [&]<class V>(V number) { return simd::exp(V(number - V(largest))); });
                T sum(0.0f);
                for (std::size_t c = 0; c < Input::channels; ++c) sum = sum + y[first + c];
                const T scale = simd::divide(T(1.0f), sum);
                for (std::size_t c = 0; c < Input::channels; ++c)
                    y[first + c] = y[first + c] * scale;
            }
        }
        template <class T>
        static constexpr void input_gradient(tensor_view<Input, const T> x,
                                             tensor_view<Input, const T> d_y,
                                             tensor_view<Input, T> d_x) noexcept {
            compute(x, d_x);  // y, where it is not in anybody's way
            input_gradient_from_output(tensor_view<Input, const T>(d_x), d_y, d_x);
        }
        /// d_x(c) = y(c) (d_y(c) - sum over k of d_y(k) y(k))
        template <class T>
        static constexpr void input_gradient_from_output(tensor_view<Input, const T> y,
                                                         tensor_view<Input, const T> d_y,
                                                         tensor_view<Input, T> d_x) noexcept {
            for (std::size_t first = 0; first < Input::size; first += Input::channels) {
                T sum(0.0f);
                for (std::size_t c = 0; c < Input::channels; ++c)
                    sum = simd::fma(T(d_y[first + c]), y[first + c], sum);
                for (std::size_t c = 0; c < Input::channels; ++c)
                    d_x[first + c] = y[first + c] * (d_y[first + c] - sum);
            }
        }
    };
};

}  // namespace ctnn
