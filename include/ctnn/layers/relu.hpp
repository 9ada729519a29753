// The rectifier.
#pragma once

#include <ctnn/layer.hpp>

namespace ctnn {

/// y = max(x, 0); slope 1 above 0, else 0 (also at 0, as in TensorFlow). Any shape.
/// https://keras.io/api/layers/activations
struct relu {
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : elementwise<on<Input>, Input> {
        static constexpr std::string_view name = "relu";
        static constexpr layer_facts facts{
            .in_place = true, .is_elementwise = true, .is_increasing = true};
        template <class T>
        static constexpr T value(T x) noexcept {
            return simd::max(T(0.0f), x);  // in this order NaN stays
        }
        template <class T>
        static constexpr T slope(T y) noexcept {
            return simd::select(y > T(0.0f), T(1.0f), y);  // else y is 0, or not a number
        }
    };
};

}  // namespace ctnn
