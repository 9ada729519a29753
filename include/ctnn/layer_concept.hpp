// What makes a type a layer, as concepts, and as sentences of the compiler for one that is none.
#pragma once

#include <ctnn/layer.hpp>

#include <concepts>
#include <cstddef>
#include <string_view>

namespace ctnn {

/// A specification: it can be put on a shape.
template <class T>
concept specification = requires {
    typename T::template on<shape<1, 1, 1>>;
};

namespace detail {

template <class Layer>
concept has_base = requires {
    typename Layer::input_shape;
    typename Layer::output_shape;
    typename Layer::arrays;
    { Layer::parameter_count } -> std::convertible_to<std::size_t>;
    { Layer::facts } -> std::convertible_to<layer_facts>;
};
template <class Layer>
concept has_name = requires {
    { Layer::name } -> std::convertible_to<std::string_view>;
};
template <class F, class... Arguments>
concept callable = requires(F f, Arguments... a) {  // far cheaper than std::is_invocable
    f(a...);
};

/// Whether the layer has what networks call, with the arguments with which they call it.
template <class Layer, class T>
struct members {
    using w = parameter_view<Layer, const float>;
    using d_w = parameter_view<Layer, float>;
    using x = tensor_view<typename Layer::input_shape, const T>;
    using y = tensor_view<typename Layer::output_shape, T>;
    using d_x = tensor_view<typename Layer::input_shape, T>;
    using d_y = tensor_view<typename Layer::output_shape, const T>;
    static constexpr bool has_parameters = Layer::parameter_count > 0,
                          has_scratch = Layer::template compute_scratch<T, no_pooling>() > 0,
                          has_gradient_scratch =
                              Layer::template gradient_scratch<T, no_activation, no_pooling>() > 0;

    /// Whether f can be called: with w if there are parameters, with T* if there is scratch memory.
    template <bool HasScratch, class... Arguments, class F>
    static constexpr bool takes(F) noexcept {
        if constexpr (has_parameters && HasScratch)
            return callable<F, w, Arguments..., T*>;
        else if constexpr (has_parameters)
            return callable<F, w, Arguments...>;
        else if constexpr (HasScratch)
            return callable<F, Arguments..., T*>;
        else
            return callable<F, Arguments...>;
    }

    static constexpr bool compute =
        takes<has_scratch, x, y>([](auto... a) requires requires { Layer::compute(a...); } {});
    static constexpr bool has_its_own_training = takes<has_scratch, x, y>(
        [](auto... a) requires requires { Layer::compute_in_training(a...); } {});
    static constexpr bool compute_in_training =
        !Layer::facts.trains_differently || has_its_own_training;
    static constexpr bool input_gradient = takes<false, x, d_y, d_x>(
        [](auto... a) requires requires { Layer::input_gradient(a...); } {});
    static constexpr bool adds_gradient = takes<has_gradient_scratch, x, d_y, d_w>(
        [](auto, auto... a) requires requires { Layer::parameter_gradient(a...); } {});
    static constexpr bool parameter_gradient = !has_parameters || adds_gradient;
    static constexpr bool gradient_from_output =
        !Layer::facts.in_place || Layer::facts.needs_input || requires(d_y y, d_x to) {
        Layer::input_gradient_from_output(y, y, to);
    };
};

}  // namespace detail

/// A layer: a specification on a shape, with what predictions need of it.
template <class T>
concept layer = detail::has_base<T> && detail::has_name<T> && detail::members<T, float>::compute;

/// A layer that can be trained, or has others before it that can.
template <class T>
concept trainable_layer = layer<T> && detail::members<T, float>::compute_in_training &&
    detail::members<T, float>::input_gradient && detail::members<T, float>::parameter_gradient &&
    detail::members<T, float>::gradient_from_output;

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

// The sentences. One mistake is one error: what is asked later takes for granted what was asked
// before.

/// What a network that computes a layer asks of it.
template <class Layer>
struct judged_layer {
    static constexpr bool based = has_base<Layer>, named = has_name<Layer>;
    static constexpr bool computes = [] {
        if constexpr (based && named)
            return members<Layer, float>::compute;
        else
            return true;
    }();
    static constexpr std::size_t inputs = [] {
        if constexpr (based)
            return Layer::facts.inputs;
        else
            return std::size_t{1};
    }();
    static constexpr bool is_good = based && named && computes && inputs == 1;
};
/// Stops the compiler at a layer that a network cannot compute. (Nobody may ask a class for a value
/// that an assertion in it has stopped: clang calls that another error.)
template <class Layer>
struct checked_layer {
    using is = judged_layer<Layer>;
    static_assert(is::based,
                  "ctnn::layer: every layer must have layer_base<> as its base; derive from it");
    static_assert(!is::based || is::named,
                  "ctnn::layer: every layer must have a name; add static constexpr "
                  "std::string_view name");
    static_assert(is::computes,
                  "ctnn::layer: every layer must have compute(w, x, y), without w if it has no "
                  "parameters; add it");
    static_assert(is::inputs == 1,
                  "ctnn::network: every layer of a chain must take 1 input; remove it");
};

/// Stops it at one that cannot be trained; `ToInput`: whether the gradient of its input is needed.
template <class Layer, class T, bool ToInput>
struct checked_trainable_layer {
    using has = members<Layer, T>;
    /// Those have protocols of their own.
    static constexpr bool differs =
        Layer::facts.inputs > 1 || Layer::facts.draws || Layer::facts.sees_batch;
    static constexpr bool computes = differs || has::compute_in_training,
                          adds = differs || !computes || has::parameter_gradient,
                          goes_back =
                              differs || !computes || !adds || !ToInput || has::input_gradient,
                          goes_back_in_place = differs || !computes || !adds || !goes_back ||
                                               !ToInput || has::gradient_from_output;
    static_assert(computes, "ctnn::layer: a layer that trains_differently must have "
                            "compute_in_training(w, x, y); add it");
    static_assert(adds, "ctnn::layer: a trained layer with parameters must have "
                        "parameter_gradient(x, d_y, d_w); add it");
    static_assert(goes_back,
                  "ctnn::layer: a trained layer must have input_gradient(w, x, d_y, d_x); add it");
    static_assert(goes_back_in_place, "ctnn::layer: a trained layer in_place must have "
                                      "input_gradient_from_output(y, d_y, d_x); add it");
    static constexpr bool is_good = computes && adds && goes_back && goes_back_in_place;
};

}  // namespace detail
}  // namespace ctnn
