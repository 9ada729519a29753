// A layer's functions as networks call them: with what it takes, without what it does without.
#pragma once

#include <ctnn/layer.hpp>

namespace ctnn::detail {

/// f(w) for a layer that has parameters, f() for one that has none.
template <class Layer, class Weights, class F>
constexpr void with_parameters(Weights w, F&& f) noexcept {
    if constexpr (Layer::parameter_count > 0)
        f(w);
    else
        f();
}

template <class Layer, class X, class Y, class T>
constexpr void compute(parameter_view<Layer, const float> w, X x, Y y, T* scratch) noexcept {
    with_parameters<Layer>(w, [&](auto... given) {
        if constexpr (Layer::template compute_scratch<T, no_pooling>() > 0)
            Layer::compute(given..., x, y, scratch);
        else
            Layer::compute(given..., x, y);
    });
}
/// Together with an elementwise layer and pooling. Layers with parameters are given them, those that are
/// scaled what scales them.
template <class Layer, class Activation, class Pooling, std::size_t Step = 0, class X, class Y,
          class T, class... Scale>
constexpr void compute_fused(parameter_view<Layer, const float> w, X x, Y y, T* scratch,
                             Scale... scale) noexcept {
    with_parameters<Layer>(w, [&](auto... given) {
        if constexpr (Step == 0)
            Layer::template compute_fused<Activation, Pooling>(given..., x, y, scratch, scale...);
        else
            Layer::template compute_fused<Activation, Pooling, Step>(given..., x, y, scratch,
                                                                     scale...);
    });
}
template <class Layer, class X, class Y, class T>
constexpr void compute_in_training(parameter_view<Layer, const float> w, X x, Y y,
                                   T* scratch) noexcept {
    if constexpr (!Layer::facts.trains_differently)
        compute<Layer>(w, x, y, scratch);
    else
        with_parameters<Layer>(w, [&](auto... given) {
            if constexpr (Layer::template compute_scratch<T, no_pooling>() > 0)
                Layer::compute_in_training(given..., x, y, scratch);
            else
                Layer::compute_in_training(given..., x, y);
        });
}
template <class Layer, class X, class Y, class DX>
constexpr void input_gradient(parameter_view<Layer, const float> w, X x, Y d_y, DX d_x) noexcept {
    with_parameters<Layer>(w, [&](auto... given) { Layer::input_gradient(given..., x, d_y, d_x); });
}
template <class Layer, class X, class Y, class T>
constexpr void parameter_gradient(X x, Y d_y, parameter_view<Layer, float> d_w,
                                  T* scratch) noexcept {
    if constexpr (Layer::template gradient_scratch<T, no_activation, no_pooling>() > 0)
        Layer::parameter_gradient(x, d_y, d_w, scratch);
    else if constexpr (Layer::parameter_count > 0)
        Layer::parameter_gradient(x, d_y, d_w);
}

}  // namespace ctnn::detail
