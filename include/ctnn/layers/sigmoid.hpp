// The logistic function.
#pragma once

#include <ctnn/layer.hpp>
#include <ctnn/simd/elementary_functions.hpp>

namespace ctnn {

/// y = 1 / (1 + e^-x), in [0, 1]. Any shape.
/// https://keras.io/api/layers/activations
struct sigmoid {
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : elementwise<on<Input>, Input> {
        static constexpr std::string_view name = "sigmoid";
        static constexpr layer_facts facts{
            .in_place = true, .is_elementwise = true, .is_increasing = true};
        template <class T>
        static constexpr T value(T x) noexcept {
            return simd::sigmoid(x);
        }
        template <class T>
        static constexpr T slope(T y) noexcept {
            return y * (T(1.0f) - y);
        }
    };
};

}  // namespace ctnn
