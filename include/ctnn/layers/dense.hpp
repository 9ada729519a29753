// The fully connected layer: forward, then backward.
#pragma once

#include <ctnn/kernels/constant_expression.hpp>
#include <ctnn/kernels/outputs_in_lanes.hpp>
#include <ctnn/layer.hpp>
#include <ctnn/layers/option_list.hpp>
#include <ctnn/simd/loops.hpp>

#include <algorithm>

namespace ctnn {

/// Every output sees every input.
///
/// y(o) = bias(o) + sum over i of x(i) kernel(i, o)
///
/// features<N> -> features<Outputs>. Options: use_bias<>.
/// Rejected: an input with rows or columns (put `flatten` before it).
/// https://keras.io/api/layers/core_layers/dense
template <std::size_t Outputs, class... Options>
struct dense {
    using kind = detail::option_kind;
    using given = detail::options<detail::accepts<kind::bias>, Options...>;
    static constexpr bool has_bias = detail::option_or<kind::bias, use_bias<true>, given>::value;
    /// The same with a bias.
    template <class... Others>
    using with_options = dense<Outputs, Others...>;
    using with_bias = typename detail::without_option<with_options, kind::bias,
                                                      detail::option_pack<>, Options...>::type;

    template <class Input>
    using output_on = features<given::fit && Input::height * Input::width == 1 ? Outputs : 0>;

    template <class Input>
    struct on : layer_base<on<Input>, Input, output_on<Input>,
                           parameter_array<"kernel", Input::size, Outputs>,
                           parameter_array<"bias", has_bias ? Outputs : 0>> {
        using output_shape = output_on<Input>;
        using weights = parameter_view<on, const float>;
        using gradients = parameter_view<on, float>;

        static constexpr std::string_view name = "dense";
        static constexpr std::size_t inputs = Input::size;
        static constexpr std::size_t multiply_adds = inputs * Outputs;

        static_assert(sizeof(typename given::check) > 0);
        static_assert(1 <= Outputs, "ctnn::dense: the number of outputs must be at least 1");
        static constexpr std::size_t pixels = Input::height * Input::width;
        static_assert(pixels == 1,
                      "ctnn::dense: the input must be flat, 1 x 1 x N; put flatten before it");

        // i: input; o: output; n: image; t: position in the tile of accumulators

        static constexpr layer_facts facts{.fuses_activation = true, .fuses_scale = true};
        template <class Pooling>
        static constexpr loop_choice choice_for_one() noexcept {
            if constexpr (suits_outputs_in_lanes)
                return detail::dense_with_outputs_in_lanes<inputs, Outputs, has_bias,
                                                           detail::no_activation>::choice();
            else
                return {layout::one_lane, {1, outputs_at_once}};
        }
        template <class Pooling>
        static constexpr loop_choice choice_for_many() noexcept {
            return {simd::native_lanes > 1 ? layout::hwcn : layout::one_lane, {1, outputs_at_once}};
        }

        template <class T>
        static constexpr void compute(weights w, tensor_view<Input, const T> x,
                                      tensor_view<output_shape, T> y) noexcept {
            compute_fused<detail::no_activation, detail::no_pooling>(w, x, y,
                                                                     static_cast<T*>(nullptr));
        }

        /// The same, scaled if `Activation` says so, then an elementwise layer.
        template <class Activation, class Pooling, class T, class Output>
        static constexpr void
        compute_fused(weights w, tensor_view<Input, const T> x, tensor_view<Output, T> y,
                      T* /*scratch*/, [[maybe_unused]] const float* scale = nullptr) noexcept {
            if constexpr (std::is_same_v<T, float>) {
                const float* bias = nullptr;
                if constexpr (has_bias) bias = w.bias().data();
                constexpr detail::axis pixel{1, 1, 1, 1, 0, 0};
                constexpr detail::convolution conv{pixel, pixel, inputs, Outputs, 1, has_bias};
                if (std::is_constant_evaluated())
                    return detail::convolve_in_constant_expression<Activation, Pooling>(
                        conv, x.data(), w.kernel().data(), bias, y.data(), scale);
                if constexpr (suits_outputs_in_lanes)
                    return detail::dense_with_outputs_in_lanes<inputs, Outputs, has_bias,
                                                               Activation>::run(x.data(),
                                                                                w.kernel().data(),
                                                                                bias, y.data(),
                                                                                scale);
            }
            const auto k = w.kernel();
            simd::for_tiles<Outputs>([&](std::size_t o, auto tile) CTNN_INLINED {
                constexpr std::size_t count = tile;
                T sum[count];
                CTNN_UNROLLED
                for (std::size_t t = 0; t < count; ++t)
                    if constexpr (has_bias)
                        sum[t] = T(w.bias()[o + t]);
                    else
                        sum[t] = T(0.0f);
                const float* row = &k(0, o);
                for (std::size_t i = 0; i < inputs; ++i, row += Outputs) {
                    simd::prefetch_rows<Outputs>(row);
                    simd::prefetch_rows<Outputs>(row + 16);  // the next line of the cache
                    CTNN_UNROLLED
                    for (std::size_t t = 0; t < count; ++t)
                        simd::add_product(sum[t], x[i], T(row[t]));
                }
                CTNN_UNROLLED
                for (std::size_t t = 0; t < count; ++t)
                    y[o + t] = Activation::value(
                        detail::scaled_sum<Activation>(sum[t], scale, o + t, Outputs));
            });
        }

        /// d_x(i) = sum over o of d_y(o) kernel(i, o)
        template <class T>
        static constexpr void input_gradient(weights w, tensor_view<Input, const T> /*x*/,
                                             tensor_view<output_shape, const T> d_y,
                                             tensor_view<Input, T> d_x) noexcept {
            const auto k = w.kernel();
            simd::for_tiles<inputs>([&](std::size_t i, auto tile) CTNN_INLINED {
                constexpr std::size_t count = tile;
                T sum[count];
                CTNN_UNROLLED
                for (std::size_t t = 0; t < count; ++t) sum[t] = T(0.0f);
                const float* column = &k(i, 0);
                for (std::size_t o = 0; o < Outputs; ++o) {
                    CTNN_UNROLLED
                    for (std::size_t t = 0; t < count; ++t)
                        simd::add_product(sum[t], d_y[o], T(column[t * Outputs + o]));
                }
                CTNN_UNROLLED
                for (std::size_t t = 0; t < count; ++t) d_x[i + t] = sum[t];
            });
        }

        /// d_kernel(i, o) += x(i) d_y(o), d_bias(o) += d_y(o), summed over the images in the lanes.
        template <class T>
        static constexpr void parameter_gradient(tensor_view<Input, const T> x,
                                                 tensor_view<output_shape, const T> d_y,
                                                 gradients d_w) noexcept {
            if constexpr (has_bias)
                for (std::size_t o = 0; o < Outputs; ++o)
                    d_w.bias()[o] += simd::sum_of_lanes(d_y[o]);
            if constexpr (simd::lanes_of<T> == 1) {
                for (std::size_t i = 0; i < inputs; ++i)
                    for (std::size_t o = 0; o < Outputs; ++o) d_w.kernel()(i, o) += x[i] * d_y[o];
            } else {
                kernel_gradient<simd::lanes_of<T>, 0>(x, d_y, d_w);
            }
        }

    private:
        static constexpr bool suits_outputs_in_lanes = simd::native_lanes > 1 && Outputs >= 4;
        static constexpr std::size_t outputs_at_once =
            simd::tile_size(Outputs, simd::registers * 3 / 4);

        /// The kernel has far more elements than the batch has images, so here the lanes belong to
        /// the outputs: `Lanes` of them in a vector, up to four vectors at a time, then fewer lanes
        /// for the rest.
        template <std::size_t Lanes, std::size_t First, class T>
        static void kernel_gradient(tensor_view<Input, const T> x,
                                    tensor_view<output_shape, const T> d_y,
                                    gradients d_w) noexcept {
            constexpr std::size_t vectors = std::min<std::size_t>(4, (Outputs - First) / Lanes);
            if constexpr (vectors > 0) {
                outer_products<Lanes, vectors>(x, d_y, First, d_w);
                kernel_gradient<Lanes, First + vectors * Lanes>(x, d_y, d_w);
            } else if constexpr (First < Outputs) {
                kernel_gradient<(Lanes > 4 ? Lanes / 2 : 1), First>(x, d_y, d_w);
            }
        }

        template <std::size_t Lanes, std::size_t Vectors, class T>
        static void outer_products(tensor_view<Input, const T> x,
                                   tensor_view<output_shape, const T> d_y, std::size_t first,
                                   gradients d_w) noexcept {
            using vector = simd::vector<Lanes>;
            constexpr std::size_t images = simd::lanes_of<T>, width = Lanes * Vectors;
            float d_y_of[images][width];  // image by image: the transpose of d_y
            for (std::size_t o = 0; o < width; ++o) {
                float lanes[images];
                simd::store(lanes, d_y[first + o]);
                for (std::size_t n = 0; n < images; ++n) d_y_of[n][o] = lanes[n];
            }
            simd::for_tiles<inputs, 4>([&](std::size_t i, auto tile) CTNN_INLINED {
                constexpr std::size_t count = tile, sums = count * Vectors;
                float x_of[count][images];
                CTNN_UNROLLED
                for (std::size_t t = 0; t < count; ++t) simd::store(x_of[t], x[i + t]);
                vector sum[sums];
                float* row = &d_w.kernel()(i, first);
                CTNN_UNROLLED
                for (std::size_t t = 0; t < sums; ++t)
                    sum[t] = simd::load<vector>(row + t / Vectors * Outputs + t % Vectors * Lanes);
                for (std::size_t n = 0; n < images; ++n) {
                    CTNN_UNROLLED
                    for (std::size_t v = 0; v < Vectors; ++v) {
                        const vector d = simd::load<vector>(d_y_of[n] + v * Lanes);
                        CTNN_UNROLLED
                        for (std::size_t t = 0; t < count; ++t)
                            simd::add_product(sum[t * Vectors + v], vector(x_of[t][n]), d);
                    }
                }
                CTNN_UNROLLED
                for (std::size_t t = 0; t < sums; ++t)
                    simd::store(row + t / Vectors * Outputs + t % Vectors * Lanes, sum[t]);
            });
        }
    };
};

}  // namespace ctnn
