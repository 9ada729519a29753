// What a layer is. A *specification* (`dense<10>`: knows no input) is put *on* a shape
// (`dense<10>::on<features<84>>`: knows its shapes, its parameters and its arithmetic).
//
//   struct channel_scale {                       the specification: what stands in a network's list
//       template <class Input>                   the shape that it makes of Input; shape<0, 0, 0>
//       using output_on = Input;                 where nothing fits: on<Input> then says why
//
//       template <class Input>                   the layer; its parameters, as Keras names them
//       struct on : layer_base<on<Input>, Input, output_on<Input>,
//                              parameter_array<"scale", Input::channels>> {
//           static constexpr std::string_view name = "channel_scale";        in tables and files
//           ...
//
// and then, for any T (float, or a vector: one image in each lane), over tensor_views:
//
//   compute(w, x, y)                  writes y = f(w, x)
//   input_gradient(w, x, d_y, d_x)    writes d_x = dLoss/dx, given d_y = dLoss/dy
//   parameter_gradient(x, d_y, d_w)   adds dLoss/dw to d_w, summed over the lanes
//
// A layer without parameters leaves out w, and parameter_gradient. One that is never trained leaves
// out the gradients. examples/custom_layer.cpp is such a layer as a whole.
//
// What it may say besides:
//
//   static constexpr layer_facts facts{...};     what plans ask: in place, elementwise, ...
//   static constexpr std::size_t multiply_adds   of one image, forward; for tables
//   static constexpr std::array settings{...};   numbers on which the output depends, beside name,
//                                                shapes and parameters (a stride, a slope)
//   untrained_array<"moving_mean", C>            instead of a parameter_array: in files and in w, but
//                                                no gradient; parameter_gradient leaves it alone
//   starting_at_one<parameter_array<...>>        initialize() sets it to 1, not to 0
//   derive(w)                                    writes untrained arrays that follow from others; it
//                                                is called by initialize() and after every step
//   compute_in_training(w, x, y)                 with facts.trains_differently: what compute is in
//                                                training, where the gradients follow it
//   compute_scratch<T, Pooling>(),               how many T of scratch memory compute and
//   gradient_scratch<T, Activation, Pooling>()   parameter_gradient take as a last argument, a T*;
//                                                the network has it in its workspaces
//   input_gradient_from_output(y, d_y, d_x)      with facts.in_place; d_x may be d_y's memory
//   add_input_gradient(w, x, d_y, d_x)           with facts.adds_gradient: adds to d_x
//
// `elementwise` and `reshaping`, below, are bases for the two plainest kinds of layers. Layers of
// several inputs are those of layers/merge.hpp, random ones those of layers/dropout.hpp; one that
// sees the whole batch in training is layers/batch_normalization.hpp.
#pragma once

#include <ctnn/kernels/fusion.hpp>
#include <ctnn/kernels/layout.hpp>
#include <ctnn/network/fingerprint.hpp>
#include <ctnn/parameters.hpp>
#include <ctnn/simd/loops.hpp>
#include <ctnn/simd/maximum.hpp>
#include <ctnn/simd/vector.hpp>
#include <ctnn/tensor.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ctnn {
namespace detail {

/// Calls f(scratch) with `Count` numbers of scratch memory, if the stack has room for so many, else
/// f().
template <class T, std::size_t Count, class F>
constexpr void with_scratch_on_stack(F&& f) noexcept {
    constexpr std::size_t most = 8192;  // bytes
    if constexpr (Count > 0 && Count * sizeof(T) <= most) {
        alignas(64) T scratch[Count];
        f(scratch);
    } else {
        f();
    }
}

}  // namespace detail

/// The base of a layer: its types, and `forward` and `backward` by value for one layer alone.
/// `Layer` is the derived class, `Arrays` its parameter_array<>s.
template <class Layer, class Input, class Output, class... Arrays>
struct layer_base {
    using input_shape = Input;
    using output_shape = Output;
    using input = tensor<Input>;
    using output = tensor<Output>;
    using arrays = parameter_arrays<Arrays...>;
    using parameters = ctnn::parameters<Layer>;
    using weights = parameter_view<Layer, const float>;
    using gradients = parameter_view<Layer, float>;

    static constexpr std::size_t parameter_count = arrays::count;
    static constexpr std::size_t multiply_adds = 0;  // forward, for one image; padding counts
    static constexpr layer_facts facts{};
    /// Numbers of `T` of scratch memory that compute (alone or together with `Pooling`) and
    /// parameter_gradient (from the gradient of the output, or of what `Activation` and `Pooling`
    /// made of it) take as their last argument, a T*; where it is 0 they do without. A network has
    /// it in its workspaces.
    template <class T, class Pooling>
    static constexpr std::size_t compute_scratch() noexcept {
        return 0;
    }
    template <class T, class Activation, class Pooling>
    static constexpr std::size_t gradient_scratch() noexcept {
        return 0;
    }
    /// How compute runs for one image and for one image per lane, when it takes `Pooling` along.
    template <class Pooling>
    static constexpr loop_choice choice_for_one() noexcept {
        return {};
    }
    template <class Pooling>
    static constexpr loop_choice choice_for_many() noexcept {
        return {simd::native_lanes > 1 ? layout::hwcn : layout::one_lane, {}};
    }
    /// Numbers, beside name, shapes and parameters, on which the output depends (a stride, a
    /// slope).
    static constexpr std::array<std::uint64_t, 0> settings{};

    /// Name, extents and place of every parameter array.
    static constexpr std::array<parameter_entry, arrays::arrays> parameter_table = [] {
        std::array<parameter_entry, arrays::arrays> table{};
        detail::write_entries(arrays{}, table.data(), Layer::name, 1, 0);
        return table;
    }();
    /// Differs between layers that compute something else, or whose parameters lie elsewhere.
    static constexpr std::uint64_t fingerprint = [] {
        detail::fnv_1a hash;
        hash.add(Layer::name).template add_shape<Input>().template add_shape<Output>();
        for (const std::uint64_t number : Layer::settings) hash.add(number);
        for (const parameter_entry& entry : parameter_table) {
            hash.add(entry.array);
            for (const std::size_t extent : entry.extents) hash.add(extent);
        }
        return hash.value();
    }();

    static_assert(1 <= Input::size, "ctnn::layer: every extent of the input must be at least 1");

    // By value, for one layer alone. Where the layer's scratch memory is more than a stack should
    // bear, these are slow; a network is not.

    /// y = f(w, x), or f(x). `T` is `float` for one image, a SIMD vector for one image per lane.
    template <class T>
    [[nodiscard]] static constexpr tensor<Output, T> forward(weights w,
                                                             const tensor<Input, T>& x) noexcept
        requires(parameter_count > 0) {
        return forward_alone(x, w);
    }
    template <class T>
    [[nodiscard]] static constexpr tensor<Output, T> forward(const tensor<Input, T>& x) noexcept
        requires(parameter_count == 0) {
        return forward_alone(x);
    }

    /// Returns dLoss/dx, given d_y = dLoss/dy; adds dLoss/dw to `d_w`.
    template <class T>
    static constexpr tensor<Input, T> backward(weights w, const tensor<Input, T>& x,
                                               const tensor<Output, T>& d_y, gradients d_w) noexcept
        requires(parameter_count > 0) {
        constexpr std::size_t size =
            Layer::template gradient_scratch<T, detail::no_activation, detail::no_pooling>();
        detail::with_scratch_on_stack<T, size>([&](auto... scratch) {
            Layer::parameter_gradient(tensor_view<Input, const T>(x),
                                      tensor_view<Output, const T>(d_y), d_w, scratch...);
        });
        return backward_alone(x, d_y, w);
    }
    template <class T>
    [[nodiscard]] static constexpr tensor<Input, T> backward(const tensor<Input, T>& x,
                                                             const tensor<Output, T>& d_y) noexcept
        requires(parameter_count == 0) {
        return backward_alone(x, d_y);
    }

private:
    template <class T, class... Weights>
    static constexpr tensor<Output, T> forward_alone(const tensor<Input, T>& x,
                                                     Weights... w) noexcept {
        tensor<Output, T> y;
        constexpr std::size_t size = Layer::template compute_scratch<T, detail::no_pooling>();
        detail::with_scratch_on_stack<T, size>([&](auto... scratch) {
            Layer::compute(w..., tensor_view<Input, const T>(x), tensor_view<Output, T>(y),
                           scratch...);
        });
        return y;
    }
    template <class T, class... Weights>
    static constexpr tensor<Input, T>
    backward_alone(const tensor<Input, T>& x, const tensor<Output, T>& d_y, Weights... w) noexcept {
        tensor<Input, T> d_x;
        Layer::input_gradient(w..., tensor_view<Input, const T>(x),
                              tensor_view<Output, const T>(d_y), tensor_view<Input, T>(d_x));
        return d_x;
    }
};

/// A layer that changes every element by itself, y = value(x), and can say the slope dy/dx from y
/// alone, so that it may overwrite its input even in training; with facts.needs_input, from x.
template <class Layer, class Input>
struct elementwise : layer_base<Layer, Input, Input> {
    static constexpr layer_facts facts{.in_place = true, .is_elementwise = true};

    template <class T>
    static constexpr void compute(tensor_view<Input, const T> x, tensor_view<Input, T> y) noexcept {
        simd::transform<Input::size>(x.data(), y.data(),
                                     []<class V>(V number) { return Layer::value(number); });
    }
    template <class T>
    static constexpr void input_gradient(tensor_view<Input, const T> x,
                                         tensor_view<Input, const T> d_y,
                                         tensor_view<Input, T> d_x) noexcept {
        for (std::size_t i = 0; i < Input::size; ++i)
            if constexpr (Layer::facts.needs_input)
                d_x[i] = d_y[i] * Layer::slope(T(x[i]));
            else
                d_x[i] = d_y[i] * Layer::slope(T(Layer::value(T(x[i]))));
    }
    template <class T>
    static constexpr void input_gradient_from_output(tensor_view<Input, const T> y,
                                                     tensor_view<Input, const T> d_y,
                                                     tensor_view<Input, T> d_x) noexcept {
        for (std::size_t i = 0; i < Input::size; ++i) d_x[i] = d_y[i] * Layer::slope(T(y[i]));
    }
};

/// A layer that gives its input another shape and changes nothing; costs nothing in a network.
template <class Layer, class Input, class Output>
struct reshaping : layer_base<Layer, Input, Output> {
    static constexpr layer_facts facts{.reshapes = true};

    template <class T>
    static constexpr void compute(tensor_view<Input, const T> x,
                                  tensor_view<Output, T> y) noexcept {
        for (std::size_t i = 0; i < Input::size; ++i) y[i] = x[i];
    }
    template <class T>
    static constexpr void input_gradient(tensor_view<Input, const T> /*x*/,
                                         tensor_view<Output, const T> d_y,
                                         tensor_view<Input, T> d_x) noexcept {
        for (std::size_t i = 0; i < Input::size; ++i) d_x[i] = d_y[i];
    }
};

}  // namespace ctnn
