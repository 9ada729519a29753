// A factor and a summand for each channel: what batch normalization is in predictions.
#pragma once

#include <ctnn/layer.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace ctnn {

/// y = scale(c) x + offset(c) for each channel c; scale and offset are learnt. Any shape.
struct scale_and_offset {
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : layer_base<on<Input>, Input, Input,
                           starting_at_one<parameter_array<"scale", Input::channels>>,
                           parameter_array<"offset", Input::channels>> {
        using weights = parameter_view<on, const float>;
        using gradients = parameter_view<on, float>;
        static constexpr std::string_view name = "scale_and_offset";
        static constexpr layer_facts facts{.in_place = true,
                                           .needs_input = true,
                                           .scales_channels = true,
                                           .fuses_activation = true};

        template <class T>
        static constexpr void compute(weights w, tensor_view<Input, const T> x,
                                      tensor_view<Input, T> y) noexcept {
            compute_fused<detail::no_activation, detail::no_pooling>(w, x, y,
                                                                     static_cast<T*>(nullptr));
        }
        static constexpr void write_scale(weights w, float* to) noexcept {
            const auto scale = w.template get<"scale">(), offset = w.template get<"offset">();
            std::copy(offset.begin(), offset.end(), std::copy(scale.begin(), scale.end(), to));
        }
        /// The same, then an elementwise layer.
        template <class Activation, class Pooling, class T>
        static constexpr void compute_fused(weights w, tensor_view<Input, const T> x,
                                            tensor_view<Input, T> y, T* /*scratch*/) noexcept {
            const float* const scale = w.template get<"scale">().data();
            const float* const offset = w.template get<"offset">().data();
            for (std::size_t i = 0; i < Input::size; i += Input::channels)
                for (std::size_t c = 0; c < Input::channels; ++c)
                    y[i + c] =
                        Activation::value(T(simd::fma(T(x[i + c]), T(scale[c]), T(offset[c]))));
        }
        template <class T>
        static constexpr void input_gradient(weights w, tensor_view<Input, const T> /*x*/,
                                             tensor_view<Input, const T> d_y,
                                             tensor_view<Input, T> d_x) noexcept {
            for (std::size_t i = 0; i < Input::size; ++i)
                d_x[i] = d_y[i] * T(w.template get<"scale">()[i % Input::channels]);
        }
        template <class T>
        static constexpr void parameter_gradient(tensor_view<Input, const T> x,
                                                 tensor_view<Input, const T> d_y,
                                                 gradients d_w) noexcept {
            for (std::size_t c = 0; c < Input::channels; ++c) {
                T of_scale(0.0f), of_offset(0.0f);
                for (std::size_t i = c; i < Input::size; i += Input::channels) {
                    of_scale = simd::fma(T(x[i]), T(d_y[i]), of_scale);
                    of_offset = of_offset + d_y[i];
                }
                d_w.template get<"scale">()[c] += simd::sum_of_lanes(of_scale);
                d_w.template get<"offset">()[c] += simd::sum_of_lanes(of_offset);
            }
        }
    };
};

}  // namespace ctnn
