// The transposed convolution: the way back through a convolution, as a layer. Its loops are that
// convolution's, each in another's place.
#pragma once

#include <ctnn/kernels/images_in_lanes.hpp>
#include <ctnn/kernels/kernel_gradient.hpp>
#include <ctnn/kernels/way_back.hpp>
#include <ctnn/layer.hpp>
#include <ctnn/layers/option_list.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace ctnn {
namespace detail {

/// An axis of the convolution that goes the other way. `a` has the pixels of the transposed one's
/// input, `by_hand` the padding if it is given in pixels.
template <class Padding>
constexpr axis way_back(axis a, pads by_hand) noexcept {
    std::size_t pixels = a.input == 0 ? 0 : (a.input - 1) * a.stride + a.reach();
    pads p{0, 0};
    if constexpr (std::is_same_v<Padding, same>) {
        pixels = a.input * a.stride;
        p = same::rows({pixels, a.taps, a.stride, a.dilation, 0, 0});
    } else if constexpr (std::is_same_v<Padding, valid>) {
        pixels += a.input == 0 ? 0 : std::max(a.stride, a.reach()) - a.reach();
    } else {
        p = by_hand;
        pixels -= std::min(pixels, p.before + p.after);
    }
    return {pixels, a.taps, a.stride, a.dilation, p.before, p.after};
}

/// The base of a layer with a `kernel`, maybe a `bias`, and the detail::convolution `conv` that
/// goes the other way: from its output, `conv.channels` numbers a pixel, to its input.
template <class Layer, class Input, class Output, class Kernel, class Bias>
struct transposed_convolution_layer : layer_base<Layer, Input, Output, Kernel, Bias> {
    using base = layer_base<Layer, Input, Output, Kernel, Bias>;
    using typename base::gradients, typename base::weights;

    static constexpr bool has_bias = Bias::size > 0;
    static constexpr layer_facts facts{.fuses_concatenation = !pays_in_blocks<Layer::conv>};

    template <class Pooling>
    static constexpr loop_choice choice_for_one() noexcept {
        return way_back_of_one<Layer::conv, has_bias>::choice();
    }
    /// One image's loops take the kernel turned round.
    template <class T, class Pooling>
    static constexpr std::size_t compute_scratch() noexcept {
        return std::is_same_v<T, float> ? way_back_of_one<Layer::conv, has_bias>::scratch_size : 0;
    }
    template <class T>
    static constexpr void compute(weights w, tensor_view<Input, const T> x,
                                  tensor_view<Output, T> y, T* scratch) noexcept {
        compute_fused<no_activation, no_pooling, 0>(w, x, y, scratch);
    }
    /// Without scratch memory: the definition, slow for one image.
    template <class T>
    static constexpr void compute(weights w, tensor_view<Input, const T> x,
                                  tensor_view<Output, T> y) noexcept {
        compute_plainly<Layer::conv>(w, x, y);
    }
    /// The same; `Step`: from one pixel of y to the next, if it is not those of a tensor.
    template <class Activation, class Pooling, std::size_t Step, class T>
    static constexpr void compute_fused(weights w, tensor_view<Input, const T> x,
                                        tensor_view<Output, T> y,
                                        [[maybe_unused]] T* scratch) noexcept {
        constexpr convolution conv = Layer::conv.with_pixel_step(Step);
        if constexpr (compute_scratch<T, Pooling>() > 0)
            if (!std::is_constant_evaluated())
                return way_back_of_one<conv, has_bias>::run(x.data(), w.kernel().data(), bias(w),
                                                            y.data(), scratch);
        compute_plainly<conv>(w, x, y);
    }
    template <class T>
    static constexpr void input_gradient(weights w, tensor_view<Input, const T> /*x*/,
                                         tensor_view<Output, const T> d_y,
                                         tensor_view<Input, T> d_x) noexcept {
        convolution_with_images_in_lanes<Layer::conv>::template forward<no_activation, no_pooling>(
            d_y.data(), w.kernel().data(), nullptr, d_x.data());
    }

    template <class T, class Activation, class Pooling>
    static constexpr std::size_t gradient_scratch() noexcept {
        return kernel_gradient<Layer::conv>::template scratch_size<
            T, output_gradient_in_memory<Layer::conv, T>>();
    }
    template <class T>
    static constexpr void parameter_gradient(tensor_view<Input, const T> x,
                                             tensor_view<Output, const T> d_y, gradients d_w,
                                             T* scratch) noexcept {
        const output_gradient_in_memory<Layer::conv, T> gradient{x.data()};
        kernel_gradient<Layer::conv>::add(d_y.data(), gradient, d_w.kernel().data(), nullptr,
                                          scratch);
        add_bias_gradient(d_y, d_w);
    }
    /// Without scratch memory: the definition, slow for images in the lanes.
    template <class T>
    static constexpr void parameter_gradient(tensor_view<Input, const T> x,
                                             tensor_view<Output, const T> d_y,
                                             gradients d_w) noexcept {
        const output_gradient_in_memory<Layer::conv, T> gradient{x.data()};
        kernel_gradient<Layer::conv>::add_without_scratch(d_y.data(), gradient, d_w.kernel().data(),
                                                          nullptr);
        add_bias_gradient(d_y, d_w);
    }

private:
    static constexpr const float* bias([[maybe_unused]] weights w) noexcept {
        if constexpr (has_bias)
            return w.bias().data();
        else
            return nullptr;
    }
    template <convolution Conv, class T>
    static constexpr void compute_plainly(weights w, tensor_view<Input, const T> x,
                                          tensor_view<Output, T> y) noexcept {
        using loops = convolution_with_images_in_lanes<Conv>;
        if constexpr (has_bias)
            loops::input_gradient(w.kernel().data(), x.data(), y.data(), bias(w));
        else
            loops::input_gradient(w.kernel().data(), x.data(), y.data());
    }
    template <class T>
    static constexpr void add_bias_gradient(tensor_view<Output, const T> d_y,
                                            gradients d_w) noexcept {
        if constexpr (has_bias)
            for (std::size_t f = 0; f < Output::channels; ++f) {
                T sum(0.0f);
                for (std::size_t i = f; i < Output::size; i += Output::channels) sum = sum + d_y[i];
                d_w.bias()[f] += simd::sum_of_lanes(sum);
            }
    }
};

}  // namespace detail

/// Transposed 2-D convolution with `Filters` filters, which enlarges a map: every pixel gives to
/// all that the kernel, laid at its place times the stride, covers.
///
/// y(h, w, f) = bias(f) + sum over every r, q, i, j, c with r s + i d - pad = h,
/// q s + j d - pad = w of x(r, q, c) kernel(i, j, f, c)
///
/// shape<H, W, C> -> shape<H', W', Filters>. Options: kernel<> (required), stride<>, dilation<>,
/// use_bias<>, and a padding, which cuts off pixels of the output, with reach = (kernel - 1) d + 1:
/// valid (the default; H' = (H - 1) s + max(reach, s)) and same (H' = H s, an odd pixel is cut off
/// at the end) as in Keras, padding<> as in PyTorch (H' = (H - 1) s + reach - pads). Rejected:
/// padding that leaves nothing; same_size.
/// https://keras.io/api/layers/convolution_layers/convolution2d_transpose
template <std::size_t Filters, class... Options>
struct conv2d_transpose {
    using kind = detail::option_kind;
    using given = detail::options<
        detail::accepts<kind::kernel, kind::stride, kind::dilation, kind::padding, kind::bias>,
        Options...>;
    static constexpr std::size_t kernels_given =
        given::fit ? detail::times_given<kind::kernel, Options...> : 1;  // one mistake, one error

    using kernel_size = detail::option_or<kind::kernel, kernel<1, 1>, given>;
    using strides = detail::option_or<kind::stride, stride<1, 1>, given>;
    using dilations = detail::option_or<kind::dilation, dilation<1, 1>, given>;
    using pad = detail::option_or<kind::padding, valid, given>;
    static constexpr bool has_bias = detail::option_or<kind::bias, use_bias<true>, given>::value;
    static constexpr bool has_known_padding = !std::is_same_v<pad, same_size>;

    template <class Input>
    static constexpr detail::axis rows = [] {
        constexpr detail::axis a{
            Input::height, kernel_size::height, strides::height, dilations::height, 0, 0};
        return detail::way_back<pad>(a, pad::rows(a));
    }();
    template <class Input>
    static constexpr detail::axis columns = [] {
        constexpr detail::axis a{
            Input::width, kernel_size::width, strides::width, dilations::width, 0, 0};
        return detail::way_back<pad>(a, pad::columns(a));
    }();
    template <class Input>
    static constexpr bool fits =
        given::fit&& kernels_given == 1 && has_known_padding&& rows<Input>.input > 0 &&
        columns<Input>.input > 0;
    template <class Input>
    using output_on = shape<fits<Input> ? rows<Input>.input : 0,
                            fits<Input> ? columns<Input>.input : 0, fits<Input> ? Filters : 0>;

    template <class Input>
    struct on : detail::transposed_convolution_layer<
                    on<Input>, Input, output_on<Input>,
                    parameter_array<"kernel", kernel_size::height, kernel_size::width, Filters,
                                    Input::channels>,
                    parameter_array<"bias", has_bias ? Filters : 0>> {
        static constexpr std::string_view name = "conv2d_transpose";
        static constexpr auto row = rows<Input>, column = columns<Input>;
        static constexpr std::array<std::uint64_t, 10> settings{
            row.taps,    row.stride,    row.dilation,    row.before,    row.after,
            column.taps, column.stride, column.dilation, column.before, column.after};
        static constexpr std::size_t multiply_adds =
            Input::size * kernel_size::height * kernel_size::width * Filters;

        static_assert(sizeof(typename given::check) > 0);
        static_assert(sizeof(detail::option_check<pad, has_known_padding, 1>) > 0);
        static_assert(1 <= kernels_given,
                      "ctnn::conv2d_transpose: a kernel<height, width> must be given");
        static_assert(1 <= Filters,
                      "ctnn::conv2d_transpose: the number of filters must be at least 1");
        static constexpr std::size_t output_height = has_known_padding ? row.input : 1;
        static_assert(1 <= output_height,
                      "ctnn::conv2d_transpose: the rows that the padding leaves "
                      "must be at least 1; shrink it");
        static constexpr std::size_t output_width =
            has_known_padding && output_height > 0 ? column.input : 1;
        static_assert(1 <= output_width, "ctnn::conv2d_transpose: the columns that the padding "
                                         "leaves must be at least 1; shrink it");

        static constexpr detail::convolution conv{row, column, Filters, Input::channels, 1, false};
    };
};

}  // namespace ctnn
