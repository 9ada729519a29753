// The arithmetic that conv2d and depthwise_conv2d share, forward and backward. Their loops:
// images_in_lanes.hpp for batches and training (and, with one lane, for constant expressions and
// processors without SIMD), filters_in_lanes.hpp and columns_in_lanes.hpp for one image.
#pragma once

#include <ctnn/kernels/constant_expression.hpp>
#include <ctnn/kernels/images_in_lanes.hpp>
#include <ctnn/kernels/kernel_gradient.hpp>
#include <ctnn/kernels/loops_of_one.hpp>
#include <ctnn/kernels/weight_blocks.hpp>
#include <ctnn/layer.hpp>

#include <cstdint>
#include <type_traits>

namespace ctnn::detail {

/// Whether the loops of one image can add to what lies where they write.
template <class Layer>
constexpr bool adds_to_output_of_one() noexcept {
    using loops = loops_of_one<Layer::conv, no_activation, no_pooling>;
    if constexpr (simd::native_lanes == 1)
        return true;
    else if constexpr (requires { loops::adds_once; })
        return loops::adds_once;
    else
        return false;
}

/// The base of a layer with a `kernel`, maybe a `bias`, and a detail::convolution `of`.
template <class Layer, class Input, class Output, class Kernel, class Bias>
struct convolution_layer : layer_base<Layer, Input, Output, Kernel, Bias> {
    using base = layer_base<Layer, Input, Output, Kernel, Bias>;
    using typename base::gradients, typename base::weights;

    static constexpr layer_facts facts{.adds_gradient = true,
                                       .fuses_activation = true,
                                       .fuses_pooling = !pays_in_blocks<Layer::conv>,
                                       .fuses_scale = !pays_in_blocks<Layer::conv>,
                                       .fuses_addition = adds_to_output_of_one<Layer>(),
                                       .fuses_concatenation = true,
                                       .takes_positions = !Layer::conv.is_depthwise()};
    /// How one image, or one image per lane, is computed together with `Pooling`.
    template <class Pooling>
    static constexpr loop_choice choice_for_one() noexcept {
        if constexpr (simd::native_lanes > 1)
            return loops_of_one<Layer::conv, no_activation, Pooling>::choice();
        else
            return convolution_with_images_in_lanes<Layer::conv>::template forward_choice<float>();
    }
    template <class Pooling>
    static constexpr loop_choice choice_for_many() noexcept {
        return convolution_with_images_in_lanes<Layer::conv>::template forward_choice<
            simd::native>();
    }

    /// One image's loops copy what they read: padded, or side by side for the lanes.
    template <class T, class Pooling>
    static constexpr std::size_t compute_scratch() noexcept {
        if constexpr (std::is_same_v<T, float> && simd::native_lanes > 1)
            return loops_of_one<Layer::conv, no_activation, Pooling>::scratch_size;
        else
            return 0;
    }
    template <class T>
    static constexpr void compute(weights w, tensor_view<Input, const T> x,
                                  tensor_view<Output, T> y, T* scratch) noexcept {
        compute_fused<no_activation, no_pooling>(w, x, y, scratch);
    }
    /// Without scratch memory: the definition, slow for one image.
    template <class T>
    static constexpr void compute(weights w, tensor_view<Input, const T> x,
                                  tensor_view<Output, T> y) noexcept {
        if constexpr (compute_scratch<T, no_pooling>() == 0)
            compute_fused<no_activation, no_pooling>(w, x, y, static_cast<T*>(nullptr));
        else
            convolution_with_images_in_lanes<Layer::conv>::template forward<no_activation,
                                                                            no_pooling>(
                x.data(), w.kernel().data(), bias(w), y.data());
    }

    /// The same, scaled and added to if `Activation` says so, then an elementwise layer and pooling over
    /// disjoint windows, without storing what is between. `Step`: from one pixel of y to the next, if it
    /// is not those of a tensor.
    template <class Activation, class Pooling, std::size_t Step = 0, class T, class Pooled>
    static constexpr void compute_fused(weights w, tensor_view<Input, const T> x,
                                        tensor_view<Pooled, T> y, [[maybe_unused]] T* scratch,
                                        const float* scale = nullptr) noexcept {
        const float* kernel = w.kernel().data();
        constexpr convolution conv = Layer::conv.with_output_step(Step);
        if constexpr (std::is_same_v<T, float>) {
            if (std::is_constant_evaluated())
                return convolve_in_constant_expression<Activation, Pooling>(
                    conv, x.data(), kernel, bias(w), y.data(), scale);
            if constexpr (simd::native_lanes > 1)
                return loops_of_one<conv, Activation, Pooling>::run(x.data(), kernel, bias(w),
                                                                    y.data(), scratch, scale);
        }
        convolution_with_images_in_lanes<conv>::template forward<Activation, Pooling>(
            x.data(), kernel, bias(w), y.data(), static_cast<std::nullptr_t*>(nullptr), scale);
    }

    /// The same in training: keeps of each window where its maximum was, a byte for every lane,
    /// instead of the map before pooling.
    template <class Activation, class Pooling, class T, class Pooled>
    static constexpr void compute_with_positions(weights w, tensor_view<Input, const T> x,
                                                 tensor_view<Pooled, T> y,
                                                 std::uint8_t* positions) noexcept {
        convolution_with_images_in_lanes<Layer::conv>::template forward<Activation, Pooling>(
            x.data(), w.kernel().data(), bias(w), y.data(), positions);
    }

    /// d_x(h s + i d - pad, ...) = sum over every (h, w, i, j, f) that saw the pixel of d_y(h, w,
    /// f) kernel(i, j, c, f)
    template <class T>
    static constexpr void input_gradient(weights w, tensor_view<Input, const T> /*x*/,
                                         tensor_view<Output, const T> d_y,
                                         tensor_view<Input, T> d_x) noexcept {
        convolution_with_images_in_lanes<Layer::conv>::input_gradient(w.kernel().data(), d_y.data(),
                                                                      d_x.data());
    }

    /// Adds it to d_x.
    template <class T>
    static constexpr void add_input_gradient(weights w, tensor_view<Input, const T> /*x*/,
                                             tensor_view<Output, const T> d_y,
                                             tensor_view<Input, T> d_x) noexcept {
        convolution_with_images_in_lanes<Layer::conv>::input_gradient(
            w.kernel().data(), d_y.data(), d_x.data(), to_what_is_there{});
    }

    /// Images in the lanes: the gradient of the kernel copies what it reads. From positions, if
    /// there is `Pooling`.
    template <class T, class Activation, class Pooling>
    static constexpr std::size_t gradient_scratch() noexcept {
        if constexpr (std::is_same_v<Pooling, no_pooling>)
            return kernel_gradient<Layer::conv>::template scratch_size<
                T, output_gradient_in_memory<Layer::conv, T>>();
        else
            return kernel_gradient<Layer::conv>::template scratch_size<
                T, output_gradient_at_maxima<Activation, Pooling, T>>();
    }
    /// d_kernel(i, j, c, f) += sum over h, w of x(h s + i d - pad, ..., c) d_y(h, w, f);
    /// d_bias(f) += sum of d_y(h, w, f); summed over the images in the lanes.
    template <class T>
    static constexpr void parameter_gradient(tensor_view<Input, const T> x,
                                             tensor_view<Output, const T> d_y, gradients d_w,
                                             T* scratch) noexcept {
        const output_gradient_in_memory<Layer::conv, T> gradient{d_y.data()};
        kernel_gradient<Layer::conv>::add(x.data(), gradient, d_w.kernel().data(), bias(d_w),
                                          scratch);
    }
    /// Without scratch memory: the definition, slow for images in the lanes.
    template <class T>
    static constexpr void parameter_gradient(tensor_view<Input, const T> x,
                                             tensor_view<Output, const T> d_y,
                                             gradients d_w) noexcept {
        if constexpr (gradient_scratch<T, no_activation, no_pooling>() == 0) {
            parameter_gradient(x, d_y, d_w, static_cast<T*>(nullptr));
        } else {
            const output_gradient_in_memory<Layer::conv, T> gradient{d_y.data()};
            kernel_gradient<Layer::conv>::add_without_scratch(x.data(), gradient,
                                                              d_w.kernel().data(), bias(d_w));
        }
    }

    /// The same from what compute_with_positions kept and gave: y and d_y are those of pooling.
    template <class Activation, class Pooling, class T, class Pooled>
    static constexpr void parameter_gradient_from_positions(tensor_view<Input, const T> x,
                                                            tensor_view<Pooled, const T> y,
                                                            const std::uint8_t* positions,
                                                            tensor_view<Pooled, const T> d_y,
                                                            gradients d_w, T* scratch) noexcept {
        const output_gradient_at_maxima<Activation, Pooling, T> gradient{y.data(), positions,
                                                                         d_y.data()};
        kernel_gradient<Layer::conv>::add(x.data(), gradient, d_w.kernel().data(), bias(d_w),
                                          scratch);
    }

private:
    template <class View>
    static constexpr auto bias(View w) noexcept -> decltype(w.first) {
        if constexpr (Layer::conv.has_bias)
            return w.bias().data();
        else
            return nullptr;
    }
};

}  // namespace ctnn::detail
