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
#include <type_traits>

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
                                           .scales_channels = true,
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
        static constexpr void write_scale(weights w, float* to) noexcept {
            simd::for_numbers<channels, float>(
                [&]<class T>(std::size_t c, T) { find_scale<T>(w, c, to + c, to + channels + c); });
        }
        /// The same, then an elementwise layer.
        template <class Activation, class Pooling, class T>
        static constexpr void compute_fused(weights w, tensor_view<Input, const T> x,
                                            tensor_view<Input, T> y, T* /*scratch*/) noexcept {
            for_parts([&](std::size_t first, std::size_t count) {
                float factor[at_most], summand[at_most];
                for (std::size_t c = 0; c < count; ++c)
                    find_scale<float>(w, first + c, factor + c, summand + c);
                for (std::size_t i = first; i < Input::size; i += channels)
                    for (std::size_t c = 0; c < count; ++c)
                        y[i + c] =
                            Activation::value(simd::fma(T(x[i + c]), T(factor[c]), T(summand[c])));
            });
        }

        // In training. What is found out of images, in numbers: for each channel the mean, then the
        // sum of the squared distances from it; and on the way back the gradients of gamma and of
        // beta, which the gradient of x takes, too.

        static constexpr std::size_t batch_numbers = 2 * Input::channels;

        /// Out of the images in the first `images` lanes. Some pixels at a time, whose mean is found
        /// first; then they are merged, as below, each lane by itself, and the lanes in the end.
        template <class T>
        static constexpr void gather(tensor_view<Input, const T> x, std::size_t images,
                                     float* found) noexcept {
            const T are_images = lanes_with_images<T>(images);
            for_channels([&](std::size_t first, auto count) {
                T mean[at_once], squares[at_once];
                for (std::size_t c = 0; c < count; ++c) mean[c] = squares[c] = T(0.0f);
                constexpr std::size_t part = 32;
                for (std::size_t begin = 0; begin < pixels; begin += part) {
                    const std::size_t end = std::min(begin + part, pixels);
                    T here[at_once], around[at_once];
                    for (std::size_t c = 0; c < count; ++c) here[c] = around[c] = T(0.0f);
                    for (std::size_t i = begin; i < end; ++i)
                        for (std::size_t c = 0; c < count; ++c)
                            here[c] = here[c] + x[i * channels + first + c];
                    const float size = static_cast<float>(end - begin),
                                all = static_cast<float>(end);
                    for (std::size_t c = 0; c < count; ++c) here[c] = here[c] * T(1.0f / size);
                    for (std::size_t i = begin; i < end; ++i)
                        for (std::size_t c = 0; c < count; ++c) {
                            const T distance = x[i * channels + first + c] - here[c];
                            around[c] = simd::fma(distance, distance, around[c]);
                        }
                    for (std::size_t c = 0; c < count; ++c) {
                        const T distance = here[c] - mean[c];
                        mean[c] = simd::fma(distance, T(size / all), mean[c]);
                        squares[c] =
                            squares[c] + simd::fma(T(distance * distance),
                                                   T(static_cast<float>(begin) * size / all),
                                                   around[c]);
                    }
                }
                for (std::size_t c = 0; c < count; ++c) {
                    // Of lanes without an image nothing counts, not even what is no number.
                    const auto is_image = are_images > T(0.0f);
                    const float sum =
                        simd::sum_of_lanes(T(simd::select(is_image, mean[c], T(0.0f))));
                    found[first + c] = sum / static_cast<float>(images);
                    const T distance = mean[c] - T(found[first + c]);
                    found[channels + first + c] = simd::sum_of_lanes(
                        T(simd::select(is_image,
                                       T(simd::fma(T(distance * distance),
                                                   T(static_cast<float>(pixels)), squares[c])),
                                       T(0.0f))));
                }
            });
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
        /// `found` out of a batch of `images`. Then an elementwise layer, whose slope is said from y;
        /// the gradients below go back through both.
        template <class Activation = detail::no_activation, class T>
        static constexpr void compute_in_training(weights w, tensor_view<Input, const T> x,
                                                  tensor_view<Input, T> y, const float* found,
                                                  std::size_t images) noexcept {
            for_parts([&](std::size_t first, std::size_t count) {
                const normalized part(w, found, images, first, count);
                for (std::size_t i = first; i < Input::size; i += channels)
                    for (std::size_t c = 0; c < count; ++c)
                        y[i + c] = Activation::value(part.of(c, T(x[i + c] - T(part.mean[c]))));
            });
        }
        /// The gradients of gamma and beta out of the images in the lanes; those of a lane without
        /// an image are 0.
        template <class Activation = detail::no_activation, class T>
        static constexpr void gather_gradients(weights w, tensor_view<Input, const T> x,
                                               tensor_view<Input, const T> d_y, const float* found,
                                               std::size_t images, float* d) noexcept {
            for_channels([&](std::size_t first, auto count) {
                const normalized here(w, found, images, first, count);
                T of_gamma[at_once], of_beta[at_once];
                for (std::size_t c = 0; c < count; ++c) of_gamma[c] = of_beta[c] = T(0.0f);
                constexpr std::size_t part = 256;  // so that rounding stays small in large maps
                for (std::size_t begin = 0; begin < pixels; begin += part) {
                    T gamma_here[at_once], beta_here[at_once];
                    for (std::size_t c = 0; c < count; ++c) gamma_here[c] = beta_here[c] = T(0.0f);
                    for (std::size_t i = begin; i < std::min(begin + part, pixels); ++i)
                        for (std::size_t c = 0; c < count; ++c) {
                            const std::size_t at = i * channels + first + c;
                            const T distance = x[at] - T(here.mean[c]);
                            const T d_here =
                                here.template gradient<Activation>(c, distance, d_y[at]);
                            gamma_here[c] = simd::fma(distance, d_here, gamma_here[c]);
                            beta_here[c] = beta_here[c] + d_here;
                        }
                    for (std::size_t c = 0; c < count; ++c) {
                        of_gamma[c] = of_gamma[c] + gamma_here[c];
                        of_beta[c] = of_beta[c] + beta_here[c];
                    }
                }
                for (std::size_t c = 0; c < count; ++c) {
                    d[first + c] =
                        scale_of(found, first + c, images) * simd::sum_of_lanes(of_gamma[c]);
                    d[channels + first + c] = simd::sum_of_lanes(of_beta[c]);
                }
            });
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
        template <class Activation = detail::no_activation, class T>
        static constexpr void
        input_gradient_in_training(weights w, tensor_view<Input, const T> x,
                                   tensor_view<Input, const T> d_y, tensor_view<Input, T> d_x,
                                   const float* found, const float* d, std::size_t here,
                                   std::size_t images) noexcept {
            const T are_images = lanes_with_images<T>(here);
            const float share = 1.0f / static_cast<float>(images * pixels);
            for_parts([&](std::size_t first, std::size_t count) {
                const normalized part(w, found, images, first, count);
                float by_distance[at_most], by_all[at_most];
                for (std::size_t c = 0; c < count; ++c) {
                    by_distance[c] = -scale_of(found, first + c, images) * d[first + c] * share;
                    by_all[c] = -d[channels + first + c] * share;
                }
                for (std::size_t i = first; i < Input::size; i += channels)
                    for (std::size_t c = 0; c < count; ++c) {
                        const T distance = x[i + c] - T(part.mean[c]);
                        const T change =
                            part.template gradient<Activation>(c, distance, d_y[i + c]) +
                            simd::fma(distance, T(by_distance[c]), T(by_all[c]));
                        d_x[i + c] = simd::select(are_images > T(0.0f),
                                                  T(T(part.factor[c]) * change), T(0.0f));
                    }
            });
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
        static constexpr std::size_t at_most = std::min<std::size_t>(channels, 64);

        /// y = factor x + summand in predictions, for channel c, or as many as T has lanes.
        template <class T>
        static constexpr void find_scale(weights w, std::size_t c, float* factor,
                                         float* summand) noexcept {
            const auto of = [&](const auto& array) { return simd::load<T>(array.data() + c); };
            const T spread = of(w.template get<"moving_variance">()) + T(added_to_variance);
            const T scale = of(w.template get<"gamma">()) / T(simd::sqrt(spread));
            simd::store(factor, scale);
            simd::store(summand, T(of(w.template get<"beta">()) -
                                   of(w.template get<"moving_mean">()) * scale));
        }
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
        /// Calls f(first, count) for some channels at a time: so many that their sums stay in
        /// registers, pixel after pixel.
        static constexpr std::size_t at_once = std::min<std::size_t>(channels, 8);
        /// What some channels are normalized by: y = (x - mean) factor + summand.
        struct normalized {
            float mean[at_most], factor[at_most], summand[at_most];

            constexpr normalized(weights w, const float* found, std::size_t images,
                                 std::size_t first, std::size_t count) noexcept {
                for (std::size_t c = 0; c < count; ++c) {
                    mean[c] = found[first + c];
                    factor[c] =
                        w.template get<"gamma">()[first + c] * scale_of(found, first + c, images);
                    summand[c] = w.template get<"beta">()[first + c];
                }
            }
            template <class T>
            constexpr T of(std::size_t c, T distance) const noexcept {
                return simd::fma(distance, T(factor[c]), T(summand[c]));
            }
            /// dLoss/dy, given that of what `Activation` makes of it.
            template <class Activation, class T>
            constexpr T gradient(std::size_t c, T distance, T d_y) const noexcept {
                return d_y * Activation::slope(T(Activation::value(of(c, distance))));
            }
        };
        /// Calls f(first, count) for a few channels at a time, so that their factors need no memory of
        /// the network's.
        template <class F>
        static constexpr void for_parts(F&& f) noexcept {
            for (std::size_t first = 0; first < channels; first += at_most)
                f(first, std::min(at_most, channels - first));
        }
        template <class F>
        static constexpr void for_channels(F&& f) noexcept {
            for (std::size_t first = 0; first + at_once <= channels; first += at_once)
                f(first, std::integral_constant<std::size_t, at_once>{});
            if constexpr (channels % at_once != 0)
                f(channels - channels % at_once,
                  std::integral_constant<std::size_t, channels % at_once>{});
        }
    };
};

}  // namespace ctnn
