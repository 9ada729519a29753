// Layers that compute with floats as a network in bytes will: values and weights are rounded, and
// gradients pass as if they were not. Jacob et al., 2018, https://arxiv.org/abs/1712.05877
#pragma once

#include <ctnn/layer.hpp>
#include <ctnn/layer_concept.hpp>
#include <ctnn/quantization/int8_layers.hpp>
#include <ctnn/quantization/round_kernel.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ctnn::detail {

/// y = scale (byte - zero) with the byte nearest to x / scale + zero. Any shape. The gradient of
/// what lies beyond the bytes is 0, any other passes.
struct fake_quantization {
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : layer_base<on<Input>, Input, Input, starting_at_one<untrained_array<"scale", 1>>,
                           untrained_array<"zero", 1>> {
        using weights = parameter_view<on, const float>;
        using gradients = parameter_view<on, float>;
        static constexpr std::string_view name = "fake_quantization";
        static constexpr layer_facts facts{.in_place = true, .needs_input = true};

        template <class T>
        static constexpr void compute(weights w, tensor_view<Input, const T> x,
                                      tensor_view<Input, T> y) noexcept {
            const grid<T> g(w);
            for (std::size_t i = 0; i < Input::size; ++i) {
                const T steps = x[i] * g.inverse;
                const T inside =
                    simd::select(steps < g.low, g.low, simd::select(steps > g.high, g.high, steps));
                const auto is_number = steps == steps;
                y[i] = simd::select(
                    is_number, simd::nearest(simd::select(is_number, inside, T(0.0f))) * g.scale,
                    steps);
            }
        }
        template <class T>
        static constexpr void input_gradient(weights w, tensor_view<Input, const T> x,
                                             tensor_view<Input, const T> d_y,
                                             tensor_view<Input, T> d_x) noexcept {
            const grid<T> g(w);
            const T low = g.low - T(0.5f), high = g.high + T(0.5f);
            for (std::size_t i = 0; i < Input::size; ++i) {
                const T steps = x[i] * g.inverse;
                // Times 0, so that what is not a number stays.
                d_x[i] = d_y[i] * simd::select(steps < low, T(0.0f),
                                               simd::select(steps > high, T(0.0f), T(1.0f)));
            }
        }
        template <class T>
        static constexpr void parameter_gradient(tensor_view<Input, const T>,
                                                 tensor_view<Input, const T>, gradients) noexcept {}

    private:
        template <class T>
        struct grid {
            T scale, inverse, low, high;  // the last two in steps of the scale
            constexpr explicit grid(weights w) noexcept
                : scale(w.template get<"scale">()[0]), inverse(1.0f / w.template get<"scale">()[0]),
                  low(-128.0f - w.template get<"zero">()[0]),
                  high(127.0f - w.template get<"zero">()[0]) {}
        };
    };
};
/// The first layer of a network that knows how it will be quantized, which is of `Network`.
template <class Network, int WeightBits>
struct fake_quantized_input : fake_quantization {};

/// "rounded_kernel" beside "kernel".
template <class Array>
struct rounded_array;
template <fixed_string Name, std::size_t... Extents>
struct rounded_array<parameter_array<Name, Extents...>> {
    static constexpr std::string_view prefix = "rounded_";
    static constexpr fixed_string name = [] {
        char text[prefix.size() + sizeof(Name.text)]{};
        std::copy(prefix.begin(), prefix.end(), text);
        std::copy_n(Name.text, sizeof(Name.text), text + prefix.size());
        return fixed_string(text);
    }();
    using type = untrained_array<name, Extents...>;
};
template <class Array>
struct rounded_array<starting_at_one<Array>> : rounded_array<Array> {};

template <class Layer, class Rounded, class Arrays>
struct rounded_layer_base;
template <class Layer, class Rounded, class... Arrays>
struct rounded_layer_base<Layer, Rounded, parameter_arrays<Arrays...>>
    : layer_base<Layer, typename Rounded::input_shape, typename Rounded::output_shape, Arrays...,
                 typename rounded_array<Arrays>::type...,
                 starting_at_one<untrained_array<"input_scale", 1>>> {};

/// A layer that is a convolution in bytes, with its weights rounded. They follow the trained ones:
/// behind these lies what is computed with, so that all loops are those of the layer itself.
template <class Spec, int WeightBits>
struct rounded_weights {
    template <class Input>
    using output_on = typename output_of<Spec, Input>::type;
    template <class Input>
    struct on : rounded_layer_base<on<Input>, typename Spec::template on<Input>,
                                   typename Spec::template on<Input>::arrays> {
        using rounded = typename Spec::template on<Input>;
        using weights = parameter_view<on, const float>;
        using gradients = parameter_view<on, float>;
        static constexpr std::string_view name = rounded::name;
        static constexpr std::size_t multiply_adds = rounded::multiply_adds;
        static constexpr layer_facts facts = rounded::facts;
        static constexpr auto settings = [] {
            std::array<std::uint64_t, rounded::settings.size() + 1> all{};
            *std::copy(rounded::settings.begin(), rounded::settings.end(), all.begin()) =
                static_cast<std::uint64_t>(WeightBits);
            return all;
        }();
        template <class Pooling>
        static constexpr loop_choice choice_for_one() noexcept {
            return rounded::template choice_for_one<Pooling>();
        }
        template <class Pooling>
        static constexpr loop_choice choice_for_many() noexcept {
            return rounded::template choice_for_many<Pooling>();
        }
        template <class T, class Pooling>
        static constexpr std::size_t compute_scratch() noexcept {
            return rounded::template compute_scratch<T, Pooling>();
        }
        template <class T, class Activation, class Pooling>
        static constexpr std::size_t gradient_scratch() noexcept {
            return rounded::template gradient_scratch<T, Activation, Pooling>();
        }

        /// The rounded weights, after the trained ones have changed: those that the bytes will have.
        static void derive(gradients w) noexcept {
            constexpr std::size_t filters = int8_convolution_of<rounded>().filters;
            const float x = w.template get<"input_scale">()[0];
            const float* const bias = has_bias ? w.first + kernel_size : nullptr;
            float* const to = w.first + rounded::parameter_count;
            round_kernel(
                std::span<const float>(w.first, kernel_size), bias, x, WeightBits, filters,
                [&](std::size_t i, std::size_t, float n, float scale) { to[i] = n * scale; },
                [&](std::size_t f, std::int32_t n, double scale) {
                    to[kernel_size + f] = static_cast<float>(n * scale);
                });
        }

        template <class... Arguments>
        static constexpr void compute(weights w, Arguments... a) noexcept {
            rounded::compute(used(w), a...);
        }
        template <class Activation, class Pooling, class... Arguments>
        static constexpr void compute_fused(weights w, Arguments... a) noexcept {
            rounded::template compute_fused<Activation, Pooling>(used(w), a...);
        }
        template <class Activation, class Pooling, std::size_t Step, class... Arguments>
        static constexpr void compute_fused(weights w, Arguments... a) noexcept {
            rounded::template compute_fused<Activation, Pooling, Step>(used(w), a...);
        }
        template <class Activation, class Pooling, class... Arguments>
        static constexpr void compute_with_positions(weights w, Arguments... a) noexcept {
            rounded::template compute_with_positions<Activation, Pooling>(used(w), a...);
        }
        template <class... Arguments>
        static constexpr void input_gradient(weights w, Arguments... a) noexcept {
            rounded::input_gradient(used(w), a...);
        }
        template <class... Arguments>
        static constexpr void add_input_gradient(weights w, Arguments... a) noexcept {
            rounded::add_input_gradient(used(w), a...);
        }
        template <class X, class Y, class... Scratch>
        static constexpr void parameter_gradient(X x, Y d_y, gradients d_w,
                                                 Scratch... scratch) noexcept {
            rounded::parameter_gradient(x, d_y, trained(d_w), scratch...);
        }
        template <class Activation, class Pooling, class X, class Y, class DY, class T>
        static constexpr void
        parameter_gradient_from_positions(X x, Y y, const std::uint8_t* positions, DY d_y,
                                          gradients d_w, T* scratch) noexcept {
            rounded::template parameter_gradient_from_positions<Activation, Pooling>(
                x, y, positions, d_y, trained(d_w), scratch);
        }

    private:
        static constexpr std::size_t kernel_size =
            decltype(array_at<0>(typename rounded::arrays{}))::type::size;
        static constexpr bool has_bias = rounded::parameter_count > kernel_size;
        static constexpr auto used(weights w) noexcept {
            return parameter_view<rounded, const float>(w.first + rounded::parameter_count);
        }
        static constexpr auto trained(gradients d_w) noexcept {
            return parameter_view<rounded, float>(d_w.first);
        }
    };
};

}  // namespace ctnn::detail
