// What every layer provides. A layer is a specification (`dense<10>`: knows no input) put *on* a
// shape
// (`dense<10>::on<features<84>>`: knows its shapes, parameters and arithmetic).
//
// A specification has a member template `on<Input>`, derived from `layer_base`, and, so that a
// network can compute shapes before it checks them, `output_on<Input>`: total, shape<0, 0, 0> where
// nothing fits. (Without it the network asks `on<Input>::output_shape`.) A layer then defines, for
// any vector type `T` (`float`, or one image per lane):
//
//   static constexpr std::string_view name;                  its name in tables and files
//   compute(w, x, y)                                         writes y = f(w, x)
//   input_gradient(w, x, d_y, d_x)                           writes d_x = dLoss/dx, given d_y =
//   dLoss/dy parameter_gradient(x, d_y, d_w)                          adds dLoss/dw to d_w, summed
//   over the lanes
//
// over tensor_views; w, d_w are left out and parameter_gradient is absent when it has no
// parameters.
#pragma once

#include <ctnn/kernels/fusion.hpp>
#include <ctnn/kernels/layout.hpp>
#include <ctnn/layers/option_list.hpp>
#include <ctnn/network/fingerprint.hpp>
#include <ctnn/parameters.hpp>
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

// A layer's functions as everybody calls them: without parameters it takes no w and no d_w, without
// need of scratch memory no scratch.
template <class Layer, class X, class Y, class T>
constexpr void compute(parameter_view<Layer, const float> w, X x, Y y, T* scratch) noexcept {
    const auto call = [&](auto... given) {
        if constexpr (Layer::parameter_count > 0)
            Layer::compute(w, given...);
        else
            Layer::compute(given...);
    };
    if constexpr (Layer::template compute_scratch<T, no_pooling>() > 0)
        call(x, y, scratch);
    else
        call(x, y);
}
template <class Layer, class X, class Y, class DX>
constexpr void input_gradient(parameter_view<Layer, const float> w, X x, Y d_y, DX d_x) noexcept {
    if constexpr (Layer::parameter_count > 0)
        Layer::input_gradient(w, x, d_y, d_x);
    else
        Layer::input_gradient(x, d_y, d_x);
}
template <class Layer, class X, class Y, class T>
constexpr void parameter_gradient(X x, Y d_y, parameter_view<Layer, float> d_w,
                                  T* scratch) noexcept {
    if constexpr (Layer::template gradient_scratch<T, no_activation, no_pooling>() > 0)
        Layer::parameter_gradient(x, d_y, d_w, scratch);
    else if constexpr (Layer::parameter_count > 0)
        Layer::parameter_gradient(x, d_y, d_w);
}

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
    /// Whether y may be x's memory and input_gradient_from_output(y, d_y, d_x) exists.
    static constexpr bool in_place = false;
    /// Whether compute_fused exists: y of an elementwise layer, or of that and pooling, in one go.
    static constexpr bool fuses_activation = false, fuses_pooling = false;
    /// Whether it can be fused so: it acts on every element by itself, or pools disjoint windows.
    static constexpr bool is_elementwise = false, has_disjoint_windows = false;
    /// Elementwise: whether a larger x never gives a smaller y. Pooling: whether it gives the
    /// largest of what a window sees.
    static constexpr bool is_increasing = false, takes_maximum = false;
    /// Whether its gradient can be computed from the positions of maxima.
    static constexpr bool keeps_positions = false;
    /// Whether parameter_gradient_from_positions exists: its output's gradient need not be stored.
    static constexpr bool takes_positions = false;
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
    /// Whether y is x under another shape, so that nothing has to be done.
    static constexpr bool reshapes = false;
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

    /// y = f(w, x). `T` is `float` for one image, a SIMD vector for one image per lane.
    template <class T>
    [[nodiscard]] static constexpr tensor<Output, T> forward(weights w,
                                                             const tensor<Input, T>& x) noexcept
        requires(parameter_count > 0) {
        tensor<Output, T> y;
        constexpr std::size_t size = Layer::template compute_scratch<T, detail::no_pooling>();
        detail::with_scratch_on_stack<T, size>([&](auto... scratch) {
            Layer::compute(w, tensor_view<Input, const T>(x), tensor_view<Output, T>(y),
                           scratch...);
        });
        return y;
    }
    template <class T>
    [[nodiscard]] static constexpr tensor<Output, T> forward(const tensor<Input, T>& x) noexcept
        requires(parameter_count == 0) {
        tensor<Output, T> y;
        constexpr std::size_t size = Layer::template compute_scratch<T, detail::no_pooling>();
        detail::with_scratch_on_stack<T, size>([&](auto... scratch) {
            Layer::compute(tensor_view<Input, const T>(x), tensor_view<Output, T>(y), scratch...);
        });
        return y;
    }

    /// Adds dLoss/dw to `d_w` and returns dLoss/dx, given d_y = dLoss/dy.
    template <class T>
    static constexpr tensor<Input, T> backward(weights w, const tensor<Input, T>& x,
                                               const tensor<Output, T>& d_y, gradients d_w) noexcept
        requires(parameter_count > 0) {
        const tensor_view<Input, const T> x_view(x);
        const tensor_view<Output, const T> d_y_view(d_y);
        constexpr std::size_t size =
            Layer::template gradient_scratch<T, detail::no_activation, detail::no_pooling>();
        detail::with_scratch_on_stack<T, size>(
            [&](auto... scratch) { Layer::parameter_gradient(x_view, d_y_view, d_w, scratch...); });
        tensor<Input, T> d_x;
        Layer::input_gradient(w, x_view, d_y_view, tensor_view<Input, T>(d_x));
        return d_x;
    }
    /// Returns dLoss/dx, given d_y = dLoss/dy.
    template <class T>
    [[nodiscard]] static constexpr tensor<Input, T> backward(const tensor<Input, T>& x,
                                                             const tensor<Output, T>& d_y) noexcept
        requires(parameter_count == 0) {
        tensor<Input, T> d_x;
        Layer::input_gradient(tensor_view<Input, const T>(x), tensor_view<Output, const T>(d_y),
                              tensor_view<Input, T>(d_x));
        return d_x;
    }
};

/// A layer that changes every element by itself, y = value(x), and can say the slope dy/dx from y
/// alone, so that it may overwrite its input even in training.
template <class Layer, class Input>
struct elementwise : layer_base<Layer, Input, Input> {
    static constexpr bool in_place = true, is_elementwise = true;

    template <class T>
    static constexpr void compute(tensor_view<Input, const T> x, tensor_view<Input, T> y) noexcept {
        for (std::size_t i = 0; i < Input::size; ++i) y[i] = Layer::value(T(x[i]));
    }
    template <class T>
    static constexpr void input_gradient(tensor_view<Input, const T> x,
                                         tensor_view<Input, const T> d_y,
                                         tensor_view<Input, T> d_x) noexcept {
        for (std::size_t i = 0; i < Input::size; ++i)
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
    static constexpr bool reshapes = true;

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

/// A specification: it can be put on a shape.
template <class T>
concept specification = requires {
    typename T::template on<shape<1, 1, 1>>;
};

/// A layer: a specification on a shape.
template <class T>
concept layer = requires {
    typename T::input_shape;
    typename T::output_shape;
    typename T::arrays;
    { T::name } -> std::convertible_to<std::string_view>;
    { T::parameter_count } -> std::convertible_to<std::size_t>;
    { T::multiply_adds } -> std::convertible_to<std::size_t>;
};

namespace detail {

/// The shape that a specification makes of `Input`, without checking anything.
template <class Spec, class Input>
struct output_of {
    using type = typename Spec::template on<Input>::output_shape;
};
template <class Spec, class Input>
requires requires {
    typename Spec::template output_on<Input>;
}
struct output_of<Spec, Input> {
    using type = typename Spec::template output_on<Input>;
};

}  // namespace detail
}  // namespace ctnn
