// Layer normalization: every pixel's channels by their own mean and variance.
#pragma once

#include <ctnn/layer.hpp>
#include <ctnn/layers/option_list.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ctnn {

/// y(c) = gamma(c) (x(c) - mean) / sqrt(variance + epsilon) + beta(c), with the mean and variance
/// of the pixel's channels (the last axis, Keras' default; of `features<N>` all N numbers), the
/// variance divided by their number. Any shape; gamma, 1 at first, and beta are learnt. Option:
/// epsilon<> (0.001, Keras' default). Ba et al., 2016, https://arxiv.org/abs/1607.06450
/// https://keras.io/api/layers/normalization_layers/layer_normalization
template <class... Options>
struct layer_normalization {
    using kind = detail::option_kind;
    using given = detail::options<detail::accepts<kind::epsilon>, Options...>;

    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : layer_base<on<Input>, Input, Input,
                           starting_at_one<parameter_array<"gamma", Input::channels>>,
                           parameter_array<"beta", Input::channels>> {
        using weights = parameter_view<on, const float>;
        using gradients = parameter_view<on, float>;
        static constexpr std::string_view name = "layer_normalization";
        static constexpr layer_facts facts{.in_place = true, .needs_input = true};
        static constexpr float added_to_variance =
            detail::option_or<kind::epsilon, epsilon<1, 1000>, given>::value;
        static constexpr std::array<std::uint64_t, 1> settings{
            std::bit_cast<std::uint32_t>(added_to_variance)};
        static_assert(sizeof(typename given::check) > 0);

        // first: the pixel's first number; c: channel

        template <class T>
        static constexpr void compute(weights w, tensor_view<Input, const T> x,
                                      tensor_view<Input, T> y) noexcept {
            const auto gamma = w.template get<"gamma">(), beta = w.template get<"beta">();
            for (std::size_t first = 0; first < Input::size; first += channels) {
                const normal<T> n(x.data() + first);
                for (std::size_t c = 0; c < channels; ++c)
                    y[first + c] = simd::fma(n.of(T(x[first + c])), T(gamma[c]), T(beta[c]));
            }
        }
        /// d_x = (g - mean of g - x' mean of (g x')) / sqrt(variance + epsilon), with g = gamma d_y
        /// and x' = (x - mean) / sqrt(variance + epsilon)
        template <class T>
        static constexpr void input_gradient(weights w, tensor_view<Input, const T> x,
                                             tensor_view<Input, const T> d_y,
                                             tensor_view<Input, T> d_x) noexcept {
            const auto gamma = w.template get<"gamma">();
            for (std::size_t first = 0; first < Input::size; first += channels) {
                const normal<T> n(x.data() + first);
                T sum(0.0f), product(0.0f);
                for (std::size_t c = 0; c < channels; ++c) {
                    const T g = d_y[first + c] * T(gamma[c]);
                    sum = sum + g;
                    product = simd::fma(g, n.of(T(x[first + c])), product);
                }
                sum = sum * T(share);
                product = product * T(share);
                for (std::size_t c = 0; c < channels; ++c)
                    d_x[first + c] =
                        (d_y[first + c] * T(gamma[c]) - sum - n.of(T(x[first + c])) * product) *
                        n.scale;
            }
        }
        /// d_gamma(c) += sum over the pixels of d_y x', d_beta(c) += sum of d_y
        template <class T>
        static constexpr void parameter_gradient(tensor_view<Input, const T> x,
                                                 tensor_view<Input, const T> d_y,
                                                 gradients d_w) noexcept {
            const auto gamma = d_w.template get<"gamma">(), beta = d_w.template get<"beta">();
            constexpr std::size_t at_once = std::min<std::size_t>(16, Input::height * Input::width);
            for (std::size_t first = 0; first < Input::size; first += at_once * channels) {
                const std::size_t pixels = std::min(at_once, (Input::size - first) / channels);
                std::array<normal<T>, at_once> n{};
                for (std::size_t p = 0; p < pixels; ++p)
                    n[p] = normal<T>(x.data() + first + p * channels);
                for (std::size_t c = 0; c < channels; ++c) {
                    T d_gamma(0.0f), d_beta(0.0f);
                    for (std::size_t p = 0; p < pixels; ++p) {
                        const std::size_t i = first + p * channels + c;
                        d_gamma = simd::fma(T(d_y[i]), n[p].of(T(x[i])), d_gamma);
                        d_beta = d_beta + d_y[i];
                    }
                    gamma[c] += simd::sum_of_lanes(d_gamma);
                    beta[c] += simd::sum_of_lanes(d_beta);
                }
            }
        }

    private:
        static constexpr std::size_t channels = Input::channels;
        static constexpr float share = 1.0f / static_cast<float>(channels);

        /// A pixel's mean, and what makes the variance of its channels 1.
        template <class T>
        struct normal {
            T mean{}, scale{};

            constexpr normal() noexcept = default;
            constexpr explicit normal(const T* pixel) noexcept : mean(0.0f), scale(0.0f) {
                for (std::size_t c = 0; c < channels; ++c) mean = mean + pixel[c];
                mean = mean * T(share);
                T variance(0.0f);
                for (std::size_t c = 0; c < channels; ++c) {
                    const T distance = pixel[c] - mean;
                    variance = simd::fma(distance, distance, variance);
                }
                scale = simd::divide(
                    T(1.0f), T(simd::sqrt(simd::fma(variance, T(share), T(added_to_variance)))));
            }
            constexpr T of(T x) const noexcept { return (x - mean) * scale; }
        };
    };
};

}  // namespace ctnn
