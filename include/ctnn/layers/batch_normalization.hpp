// Batch normalization: in training by the batch's own mean and variance, else by moving averages of
// those of training.
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

/// y = gamma(c) (x - mean(c)) / sqrt(variance(c) + epsilon) + beta(c) for each channel c; for
/// `features<N>` each feature is a channel. In training mean and variance are those of all pixels
/// of all images of the batch (the variance divided by their number, as in Keras), whatever the
/// number of lanes and threads, and then moving = momentum moving + (1 - momentum) of the batch. In
/// predictions mean and variance are `moving_mean` and `moving_variance`, which files hold and no
/// gradient changes. Options: momentum<> (0.99), epsilon<> (0.001): Keras' defaults. Ioffe and
/// Szegedy, 2015, https://arxiv.org/abs/1502.03167
/// https://keras.io/api/layers/normalization_layers/batch_normalization
template <class... Options>
struct batch_normalization {
    using kind = detail::option_kind;
    using given = detail::options<detail::accepts<kind::momentum, kind::epsilon>, Options...>;
    static constexpr float momentum_kept =
        detail::option_or<kind::momentum, momentum<99, 100>, given>::value;

    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : layer_base<on<Input>, Input, Input,
                           starting_at_one<parameter_array<"gamma", Input::channels>>,
                           parameter_array<"beta", Input::channels>,
                           untrained_array<"moving_mean", Input::channels>,
                           starting_at_one<untrained_array<"moving_variance", Input::channels>>> {
        using weights = parameter_view<on, const float>;
        using gradients = parameter_view<on, float>;
        static constexpr std::string_view name = "batch_normalization";
        static constexpr layer_facts facts{.in_place = true,
                                           .needs_input = true,
                                           .trains_differently = true,
                                           .sees_batch = true,
                                           .fuses_activation = true};
        static constexpr float added_to_variance =
            detail::option_or<kind::epsilon, epsilon<1, 1000>, given>::value;
        static constexpr std::array<std::uint64_t, 1> settings{
            std::bit_cast<std::uint32_t>(added_to_variance)};
        static_assert(sizeof(typename given::check) > 0);

        template <class T>
        static constexpr void compute(weights w, tensor_view<Input, const T> x,
                                      tensor_view<Input, T> y) noexcept {
            compute_fused<detail::no_activation, detail::no_pooling>(w, x, y,
                                                                     static_cast<T*>(nullptr));
        }
        /// The same, then an elementwise layer.
        template <class Activation, class Pooling, class T>
        static constexpr void compute_fused(weights w, tensor_view<Input, const T> x,
                                            tensor_view<Input, T> y, T* /*scratch*/) noexcept {
            const auto gamma = w.template get<"gamma">(), beta = w.template get<"beta">();
            const auto mean = w.template get<"moving_mean">();
            const auto variance = w.template get<"moving_variance">();
            // A few channels at a time, so that their factors need no memory of the network's.
            constexpr std::size_t most = 64;
            for (std::size_t first = 0; first < channels; first += most) {
                const std::size_t count = std::min(most, channels - first);
                float factor[most], summand[most];
                for (std::size_t c = 0; c < count; ++c) {
                    factor[c] =
                        gamma[first + c] / simd::sqrt(variance[first + c] + added_to_variance);
                    summand[c] = beta[first + c] - mean[first + c] * factor[c];
                }
                for (std::size_t i = first; i < Input::size; i += channels)
                    for (std::size_t c = 0; c < count; ++c)
                        y[i + c] =
                            Activation::value(simd::fma(T(x[i + c]), T(factor[c]), T(summand[c])));
            }
        }

        // In training. What is found out of images, in numbers: for each channel the mean, then the
        // sum of the squared distances from it; and on the way back the gradients of gamma and of
        // beta, which the gradient of x takes, too.

        static constexpr std::size_t batch_numbers = 2 * Input::channels;

        /// Out of the images in the first `images` lanes.
        template <class T>
        static constexpr void gather(tensor_view<Input, const T> x, std::size_t images,
                                     float* found) noexcept {
            const T counts = lanes_with_images<T>(images);
            const float share = 1.0f / static_cast<float>(images * pixels);
            for (std::size_t c = 0; c < channels; ++c) {
                // Distances from a pixel's mean are small, and so is what rounding does to their sum.
                const float near =
                    simd::sum_of_lanes(T(x[c] * counts)) / static_cast<float>(images);
                const float mean =
                    near +
                    share * sum_over_pixels<T>(
                                [&](std::size_t i) { return T((x[i] - T(near)) * counts); }, c);
                found[c] = mean;
                found[channels + c] = sum_over_pixels<T>(
                    [&](std::size_t i) {
                        const T distance = x[i] - T(mean);
                        return T(distance * distance * counts);
                    },
                    c);
            }
        }
        /// What was found out of `images`, now also out of `more` others. Chan, Golub and LeVeque,
        /// "Updating formulae and a pairwise algorithm for computing sample variances", 1979.
        static constexpr void merge(float* found, std::size_t images, const float* others,
                                    std::size_t more) noexcept {
            const double all = static_cast<double>(images + more);
            const double share = static_cast<double>(more) / all;
            const double weight = static_cast<double>(images) * share * static_cast<double>(pixels);
            for (std::size_t c = 0; c < channels; ++c) {
                const double distance = static_cast<double>(others[c]) - found[c];
                found[c] = static_cast<float>(found[c] + distance * share);
                found[channels + c] =
                    static_cast<float>(static_cast<double>(found[channels + c]) +
                                       others[channels + c] + distance * distance * weight);
            }
        }
        /// `found` out of a batch of `images`.
        template <class T>
        static constexpr void compute_in_training(weights w, tensor_view<Input, const T> x,
                                                  tensor_view<Input, T> y, const float* found,
                                                  std::size_t images) noexcept {
            for (std::size_t c = 0; c < channels; ++c) {
                const T factor(w.template get<"gamma">()[c] * scale_of(found, c, images));
                const T summand(w.template get<"beta">()[c]), mean(found[c]);
                for (std::size_t i = c; i < Input::size; i += channels)
                    y[i] = simd::fma(T(x[i] - mean), factor, summand);
            }
        }
        /// The gradients of gamma and beta out of the images in the lanes; those of a lane without
        /// an image are 0.
        template <class T>
        static constexpr void gather_gradients(tensor_view<Input, const T> x,
                                               tensor_view<Input, const T> d_y, const float* found,
                                               std::size_t images, float* d) noexcept {
            for (std::size_t c = 0; c < channels; ++c) {
                const T mean(found[c]);
                d[c] = scale_of(found, c, images) *
                       sum_over_pixels<T>([&](std::size_t i) { return T(T(x[i] - mean) * d_y[i]); },
                                          c);
                d[channels + c] = sum_over_pixels<T>([&](std::size_t i) { return T(d_y[i]); }, c);
            }
        }
        static constexpr void parameter_gradient(const float* d, gradients d_w) noexcept {
            for (std::size_t c = 0; c < channels; ++c) {
                d_w.template get<"gamma">()[c] += d[c];
                d_w.template get<"beta">()[c] += d[channels + c];
            }
        }
        /// d_x = gamma s (d_y - (d_beta + n d_gamma) / N) with s = 1 / sqrt(variance + epsilon),
        /// n = (x - mean) s, N pixels in the batch; 0 behind the first `here` lanes. `d` out of the
        /// whole batch.
        template <class T>
        static constexpr void
        input_gradient_in_training(weights w, tensor_view<Input, const T> x,
                                   tensor_view<Input, const T> d_y, tensor_view<Input, T> d_x,
                                   const float* found, const float* d, std::size_t here,
                                   std::size_t images) noexcept {
            const auto is_image = lanes_with_images<T>(here) > T(0.0f);
            const float share = 1.0f / static_cast<float>(images * pixels);
            for (std::size_t c = 0; c < channels; ++c) {
                const float s = scale_of(found, c, images);
                const T factor(w.template get<"gamma">()[c] * s), mean(found[c]);
                const T by_distance(-s * d[c] * share), by_all(-d[channels + c] * share);
                for (std::size_t i = c; i < Input::size; i += channels)
                    d_x[i] = simd::select(
                        is_image,
                        T(factor * (d_y[i] + simd::fma(T(x[i] - mean), by_distance, by_all))),
                        T(0.0f));
            }
        }
        /// The moving averages, after a step.
        static constexpr void keep(gradients w, const float* found, std::size_t images) noexcept {
            const float count = static_cast<float>(images * pixels);
            const auto move = [](float& average, float value) {
                average = average * momentum_kept + value * (1.0f - momentum_kept);
            };
            for (std::size_t c = 0; c < channels; ++c) {
                move(w.template get<"moving_mean">()[c], found[c]);
                move(w.template get<"moving_variance">()[c], found[channels + c] / count);
            }
        }

    private:
        static constexpr std::size_t channels = Input::channels;
        static constexpr std::size_t pixels = Input::height * Input::width;

        static constexpr float scale_of(const float* found, std::size_t c,
                                        std::size_t images) noexcept {
            return 1.0f / simd::sqrt(found[channels + c] / static_cast<float>(images * pixels) +
                                     added_to_variance);
        }
        /// 1 in the first `images` lanes, 0 in the others.
        template <class T>
        static constexpr T lanes_with_images(std::size_t images) noexcept {
            float are_images[simd::lanes_of<T>]{};
            std::fill_n(are_images, images, 1.0f);
            return simd::load<T>(are_images);
        }
        /// The sum of f(i) over all numbers of channel c and all lanes: in parts, so that rounding
        /// stays small in large maps.
        template <class T, class F>
        static constexpr float sum_over_pixels(F&& f, std::size_t c) noexcept {
            constexpr std::size_t part = 256;
            T sum(0.0f);
            for (std::size_t first = 0; first < pixels; first += part) {
                T here(0.0f);
                for (std::size_t i = first; i < std::min(first + part, pixels); ++i)
                    here = here + f(i * channels + c);
                sum = sum + here;
            }
            return simd::sum_of_lanes(sum);
        }
    };
};

}  // namespace ctnn
