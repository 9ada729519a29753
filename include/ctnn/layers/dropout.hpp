// Layers that do something in training alone: they make it harder, at random.
#pragma once

#include <ctnn/layer.hpp>
#include <ctnn/layers/option_list.hpp>
#include <ctnn/simd/random.hpp>

#include <cmath>
#include <cstddef>
#include <string_view>

namespace ctnn {
namespace detail {

/// The base of a layer that is only there in training.
template <class Layer, class Input>
struct training_layer : layer_base<Layer, Input, Input> {
    static constexpr layer_facts facts{.in_place = true,
                                       .ignores_input = true,
                                       .trains_differently = true,
                                       .only_in_training = true,
                                       .draws = true};
    template <class T>
    static constexpr void compute(tensor_view<Input, const T> x, tensor_view<Input, T> y) noexcept {
        for (std::size_t i = 0; i < Input::size; ++i) y[i] = x[i];
    }
};

/// Each number, or with `Channels` each channel, is dropped with the probability of `Option`, or
/// else multiplied by 1 / (1 - that).
template <fixed_string Name, class Option, bool Channels>
struct dropping {
    using given = options<accepts<option_kind::rate>, Option>;
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : training_layer<on<Input>, Input> {
        static constexpr std::string_view name = Name.view();
        static constexpr float rate_dropped = option_or<option_kind::rate, rate<0>, given>::value;
        static_assert(sizeof(typename given::check) > 0);

        template <class T>
        static constexpr void compute_in_training(tensor_view<Input, const T> x,
                                                  tensor_view<Input, T> y,
                                                  random_lanes<T> random) noexcept {
            constexpr float kept = 1.0f / (1.0f - rate_dropped);
            for (std::size_t i = 0; i < Input::size; ++i) {
                const T draw = random.uniform(Channels ? i % Input::channels : i);
                // Times 0, so that what is not a number stays.
                y[i] = x[i] * simd::select(draw < T(rate_dropped), T(0.0f), T(kept));
            }
        }
        template <class T>
        static constexpr void input_gradient_in_training(tensor_view<Input, const T> d_y,
                                                         tensor_view<Input, T> d_x,
                                                         random_lanes<T> random) noexcept {
            compute_in_training(d_y, d_x, random);
        }
    };
};

}  // namespace detail

/// In training each number is set to 0 with probability rate<> (required, in [0, 1)), and the others
/// are multiplied by 1 / (1 - rate); in predictions nothing happens. What is dropped depends on
/// seed, step, image and place alone, not on lanes or threads. Srivastava et al., 2014,
/// https://jmlr.org/papers/v15/srivastava14a.html
/// https://keras.io/api/layers/regularization_layers/dropout
template <class Rate>
struct dropout : detail::dropping<"dropout", Rate, false> {};

/// The same for whole channels: what is dropped is 0 in every pixel. Tompson et al., 2015,
/// https://arxiv.org/abs/1411.4280
/// https://keras.io/api/layers/regularization_layers/spatial_dropout2d
template <class Rate>
struct spatial_dropout2d : detail::dropping<"spatial_dropout2d", Rate, true> {};

/// In training adds normal random numbers with mean 0 and this standard deviation, stddev<>
/// (required, at least 0); in predictions nothing happens.
/// https://keras.io/api/layers/regularization_layers/gaussian_noise
template <class Deviation>
struct gaussian_noise {
    using given = detail::options<detail::accepts<detail::option_kind::deviation>, Deviation>;
    using deviation = detail::option_or<detail::option_kind::deviation, stddev<0>, given>;
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : detail::training_layer<on<Input>, Input> {
        static constexpr std::string_view name = "gaussian_noise";
        static_assert(sizeof(typename given::check) > 0);

        /// Box and Muller, "A note on the generation of random normal deviates", 1958.
        template <class T>
        static void compute_in_training(tensor_view<Input, const T> x, tensor_view<Input, T> y,
                                        detail::random_lanes<T> random) noexcept {
            constexpr std::size_t lanes = simd::lanes_of<T>;
            for (std::size_t i = 0; i < Input::size; ++i) {
                float u[lanes], v[lanes];
                simd::store(u, random.uniform(2 * i));
                simd::store(v, random.uniform(2 * i + 1));
                for (std::size_t n = 0; n < lanes; ++n)
                    u[n] = deviation::value * std::sqrt(-2.0f * std::log(1.0f - u[n])) *
                           std::cos(6.2831853f * v[n]);
                y[i] = x[i] + simd::load<T>(u);
            }
        }
        template <class T>
        static constexpr void input_gradient_in_training(tensor_view<Input, const T> d_y,
                                                         tensor_view<Input, T> d_x,
                                                         detail::random_lanes<T>) noexcept {
            for (std::size_t i = 0; i < Input::size; ++i) d_x[i] = d_y[i];
        }
    };
};

}  // namespace ctnn
