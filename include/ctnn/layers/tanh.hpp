// The hyperbolic tangent.
#pragma once

#include <ctnn/layer.hpp>
#include <ctnn/simd/elementary_functions.hpp>

namespace ctnn {

/// y = (e^x - e^-x) / (e^x + e^-x), in [-1, 1]. Any shape. `<cmath>` has a function
/// of that name, so after `using namespace ctnn;` write `ctnn::tanh` or `hyperbolic_tangent`.
/// https://keras.io/api/layers/activations
struct tanh {
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : elementwise<on<Input>, Input> {
        static constexpr std::string_view name = "tanh";
        static constexpr layer_facts facts{
            .in_place = true, .is_elementwise = true, .is_increasing = true};
        template <class T>
        static constexpr T value(T x) noexcept {
            return simd::tanh(x);
        }
        template <class T>
        static constexpr T slope(T y) noexcept {
            return T(1.0f) - y * y;
        }
    };
};
/// The same layer, by a name that nothing else has.
using hyperbolic_tangent = tanh;

}  // namespace ctnn
