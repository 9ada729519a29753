// What a layer says of itself beside its shapes and its arithmetic: the one value that networks and
// their plans ask.
#pragma once

#include <ctnn/language.hpp>

#include <cstddef>

namespace ctnn {

/// `static constexpr layer_facts facts{.in_place = true};` in a layer. What is not said is false: a
/// layer that says nothing is computed alone, from memory to memory, and that is always right.
struct layer_facts {
    /// How many values it takes. In a chain: one. Of several, `x` is in all functions a
    /// std::array<const T*, inputs>, and input_gradient<I>(x, d_y, d_x) gives the gradient of
    /// the I-th; see layers/merge.hpp.
    std::size_t inputs = 1;
    /// y is x under another shape: nothing has to be computed.
    bool reshapes = false;
    /// y may lie where x lay, and input_gradient_from_output(y, d_y, d_x) exists, also in
    /// place.
    bool in_place = false;
    /// In place, but its gradient takes x: in training y does not lie where x lay, and
    /// input_gradient(w, x, d_y, d_x) may be given d_y's memory as d_x. Elementwise: slope takes x.
    bool needs_input = false;
    /// y is the sum of its inputs: a layer before it may add to another value (`fuses_addition`).
    bool is_sum = false;
    /// Its gradients take neither x nor y: those of a sum, say.
    bool ignores_input = false;
    /// The gradient of each of its inputs is that of its output: nothing has to be computed.
    bool passes_gradient = false;
    /// add_input_gradient(w, x, d_y, d_x) exists: adds to what lies in d_x, where another layer has
    /// written the gradient of the value that both read.
    bool adds_gradient = false;
    /// In training compute_in_training takes the place of compute, with the same arguments.
    bool trains_differently = false;
    /// Outside of training y is x: nothing has to be computed.
    bool only_in_training = false;
    /// In training it takes random numbers, other ones for every image and step (simd/random.hpp):
    /// compute_in_training(x, y, random), input_gradient_in_training(d_y, d_x, random). In place.
    bool draws = false;
    /// In training it looks at all images of the batch before anything is computed of one; see
    /// layers/batch_normalization.hpp.
    bool sees_batch = false;

    /// y(i) = value(x(i)) for every i: a layer before it can compute it along (`activation` in
    /// kernels/fusion.hpp).
    bool is_elementwise = false;
    /// Elementwise, and a larger x never gives a smaller y.
    bool is_increasing = false;
    /// Outside of training y = factor(c) x + summand(c) for every channel c, of which
    /// write_scale(w, to) writes the factors and behind them the summands.
    bool scales_channels = false;
    /// It pools windows that have no pixel in common: a layer before it can compute it along
    /// (`pooling` in kernels/fusion.hpp).
    bool pools_disjoint_windows = false;
    /// Pooling gives the largest of what a window sees.
    bool takes_maximum = false;
    /// The gradient can be computed from the positions of the maxima.
    bool keeps_positions = false;

    /// compute_fused<Activation, Pooling>(w, x, y, scratch) exists: computes an elementwise layer,
    /// or pooling, or both along with itself.
    bool fuses_activation = false, fuses_pooling = false;
    /// The same with `scaling` (kernels/fusion.hpp) around the activation, and behind `scratch` the
    /// numbers that write_scale wrote: computes a layer along that says `scales_channels`.
    bool fuses_scale = false;
    /// The same with `adding` around the activation, without pooling.
    bool fuses_addition = false;
    /// compute_fused<Activation, Pooling, Step>(w, x, y, scratch) exists: y's pixels lie Step numbers
    /// apart, because other branches' channels lie between.
    bool fuses_concatenation = false;
    /// y's pixels are those of its inputs side by side. What lies in its place is not copied.
    bool is_concatenation = false;
    /// parameter_gradient_from_positions exists: the gradient of its output, before pooling by
    /// maximum, need not be stored.
    bool takes_positions = false;
};

}  // namespace ctnn
