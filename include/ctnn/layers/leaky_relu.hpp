// The rectifier that leaks.
#pragma once

#include <ctnn/layer.hpp>
#include <ctnn/layers/option_list.hpp>

#include <array>
#include <bit>
#include <cstdint>

namespace ctnn {

/// y = x above 0, else a x, with a = 0.3 (Keras' default) unless said otherwise. Any shape.
/// Options: negative_slope<>: `leaky_relu<negative_slope<1, 100>>` has a = 0.01. Rejected: a slope
/// below 0. https://keras.io/api/layers/activation_layers/leaky_relu
template <class... Options>
struct leaky_relu {
    using kind = detail::option_kind;
    using given = detail::options<detail::accepts<kind::slope>, Options...>;
    static constexpr float a = detail::option_or<kind::slope, negative_slope<3, 10>, given>::value;

    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : elementwise<on<Input>, Input> {
        static constexpr std::string_view name = "leaky_relu";
        static constexpr layer_facts facts{
            .in_place = true, .is_elementwise = true, .is_increasing = true};
        static constexpr std::array<std::uint64_t, 1> settings{std::bit_cast<std::uint32_t>(a)};
        static_assert(sizeof(typename given::check) > 0);
        template <class T>
        static constexpr T value(T x) noexcept {
            return simd::select(x > T(0.0f), x, x * T(a));
        }
        template <class T>
        static constexpr T slope(T y) noexcept {
            return simd::select(y > T(0.0f), T(1.0f), simd::select(simd::is_nan(y), y, T(a)));
        }
    };
};

}  // namespace ctnn
