#include <ctnn/network/plan.hpp>

#include "support/random.hpp"

#include <doctest/doctest.h>

#include <cstdint>

using ctnn::detail::memory_plan;
using ctnn::detail::placement;
using ctnn::detail::plan_gradients;
using ctnn::detail::plan_prediction;
using ctnn::detail::plan_training;
using ctnn::detail::planned_layer;

constexpr planned_layer moving(std::size_t input, std::size_t output) {
    return {input, output};
}
constexpr planned_layer in_place(std::size_t size) {
    return {size, size, {.in_place = true}};
}
constexpr planned_layer reshaping(std::size_t size) {
    return {size, size, {.reshapes = true}};
}

/// Walks through a prediction. Every layer reads where the one before wrote, no layer but one that
/// works in place writes where it reads, scratch memory is neither of both, everything lies inside
/// the memory, and the last layer that computes writes to the caller.
template <std::size_t Layers>
constexpr bool is_sound(const std::array<planned_layer, Layers>& layers) {
    const memory_plan<Layers> plan = plan_prediction(layers);
    bool inside = false;  // whether the current numbers lie in the memory, and where
    std::size_t first = 0, last = 0, computing = 0, computed = 0;
    for (const planned_layer& f : layers) computing += !f.is.reshapes;
    for (std::size_t i = 0; i < Layers; ++i) {
        const placement p = plan.layers[i];
        if (layers[i].is.reshapes) {
            if (p.where != placement::input) return false;
            continue;
        }
        ++computed;
        if ((p.where == placement::result) != (computed == computing)) return false;
        if (p.where == placement::input && !(layers[i].is.in_place && inside)) return false;
        const std::size_t scratch = p.scratch, scratch_end = scratch + layers[i].scratch;
        if (layers[i].scratch > 0) {
            if (scratch % 16 != 0 || scratch_end > plan.size) return false;
            if (inside && scratch < last && first < scratch_end) return false;
        } else if (scratch != 0) {
            return false;
        }
        if (p.used > plan.size || p.used < layers[i].scratch) return false;
        if (p.where == placement::memory) {
            const std::size_t begin = p.offset, end = p.offset + layers[i].output;
            if (end > plan.size) return false;
            if (layers[i].scratch > 0 && scratch < end && begin < scratch_end) return false;
            if (inside && begin < last && first < end) return false;  // overlap
            inside = true;
            first = begin;
            last = end;
        }
    }
    return true;
}

/// The least memory there can be: the largest input, output and scratch of one layer, of those that
/// lie in it. The caller's input and output do not count, and what works in place needs its numbers
/// once.
template <std::size_t Layers>
constexpr std::size_t least(const std::array<planned_layer, Layers>& layers) {
    std::size_t last = Layers, here = 0, most = 0;
    for (std::size_t i = 0; i < Layers; ++i)
        if (!layers[i].is.reshapes) last = i;
    for (std::size_t i = 0; i < Layers; ++i) {
        if (layers[i].is.reshapes) continue;
        const bool moves = i != last && !(layers[i].is.in_place && here > 0);
        most = std::max(most, here + (moves ? layers[i].output : 0) + layers[i].scratch);
        if (moves) here = layers[i].output;
    }
    return most;
}

/// Scratch memory begins with a cache line.
template <std::size_t Layers>
constexpr bool is_minimal(const std::array<planned_layer, Layers>& layers) {
    std::size_t lost = 0;
    for (const planned_layer& f : layers) lost = f.scratch > 0 ? 15 : lost;
    const std::size_t size = plan_prediction(layers).size;
    return least(layers) <= size && size <= least(layers) + lost;
}

// LeNet-5: convolution, relu, pooling, twice; flatten; three dense layers, relu, softmax.
constexpr std::array<planned_layer, 13> lenet{
    {moving(784, 4704), in_place(4704), moving(4704, 1176), moving(1176, 1600), in_place(1600),
     moving(1600, 400), reshaping(400), moving(400, 120), in_place(120), moving(120, 84),
     in_place(84), moving(84, 10), in_place(10)}};
static_assert(is_sound(lenet) && is_minimal(lenet));
static_assert(plan_prediction(lenet).size == 4704 + 1176);
static_assert(plan_prediction(lenet).layers[0].where == placement::memory &&
              plan_prediction(lenet).layers[1].where == placement::input &&
              plan_prediction(lenet).layers[6].where == placement::input &&
              plan_prediction(lenet).layers[12].where == placement::result);

constexpr std::array<planned_layer, 0> nothing{};
static_assert(plan_prediction(nothing).size == 0);
constexpr std::array<planned_layer, 1> one{{moving(5, 7)}};
static_assert(is_sound(one) && plan_prediction(one).size == 0);  // from the caller to the caller
constexpr std::array<planned_layer, 2> reshapes_alone{{reshaping(6), reshaping(6)}};
static_assert(is_sound(reshapes_alone) && plan_prediction(reshapes_alone).size == 0);
// The caller's input must not be overwritten: relu as the first layer moves.
constexpr std::array<planned_layer, 3> relu_first{{in_place(8), in_place(8), moving(8, 2)}};
static_assert(is_sound(relu_first) && plan_prediction(relu_first).size == 8);
static_assert(plan_prediction(relu_first).layers[0].where == placement::memory &&
              plan_prediction(relu_first).layers[1].where == placement::input);
// What is in place but needs its input: in training its output lies elsewhere, and what comes behind
// may overwrite that.
constexpr std::array<planned_layer, 3> swish_relu{
    {moving(4, 8), {8, 8, {.in_place = true, .needs_input = true}}, in_place(8)}};
static_assert(plan_training(swish_relu).layers[1].where == placement::memory &&
              plan_training(swish_relu).layers[2].where == placement::input &&
              plan_training(swish_relu).size == 16);
static_assert(plan_prediction(swish_relu).layers[1].where == placement::input);

// What only reshapes after the last layer leaves the output where it is.
constexpr std::array<planned_layer, 4> reshapes_last{
    {reshaping(9), moving(9, 4), moving(4, 6), reshaping(6)}};
static_assert(is_sound(reshapes_last) && plan_prediction(reshapes_last).size == 4);
static_assert(plan_prediction(reshapes_last).layers[2].where == placement::result);
// The largest pair in the middle; a small buffer at the end must not lie in its large neighbour.
constexpr std::array<planned_layer, 6> hill{
    {moving(1, 3), moving(3, 50), moving(50, 20), moving(20, 45), moving(45, 2), moving(2, 1)}};
static_assert(is_sound(hill) && is_minimal(hill) && plan_prediction(hill).size == 70);

/// Walks through training: every output that the way back needs must keep its place. A layer that
/// works in place may overwrite an output only when the layer before does not need it.
template <std::size_t Layers>
constexpr bool keeps_what_training_needs(const std::array<planned_layer, Layers>& layers) {
    const auto plan = plan_training(layers);
    std::size_t end = 0;
    bool overwritable = false;  // the current numbers lie in the memory, made by a layer that does
                                // not differentiate from its output
    for (std::size_t i = 0; i < Layers; ++i) {
        const placement p = plan.layers[i];
        if (layers[i].is.reshapes) {
            if (p.where != placement::input) return false;
            continue;
        }
        if (p.where == placement::memory) {
            if (p.offset != end) return false;
            end += layers[i].output;
        } else if (p.where != placement::input || !layers[i].is.in_place || !overwritable) {
            return false;
        }
        overwritable = !layers[i].is.in_place;
    }
    return end == plan.size;
}
static_assert(keeps_what_training_needs(lenet));
static_assert(plan_training(lenet).size == 4704 + 1176 + 1600 + 400 + 120 + 84 + 10);
static_assert(plan_training(lenet).layers[1].where == placement::input);
static_assert(keeps_what_training_needs(relu_first) && plan_training(relu_first).size == 18);
static_assert(keeps_what_training_needs(reshapes_last) && plan_training(reshapes_last).size == 10);
static_assert(keeps_what_training_needs(hill) && plan_training(nothing).size == 0);

/// Walks the way back: layer i reads the gradient of its output and writes that of its input, which
/// is where layer i - 1 reads. The two may lie in one place only if the layer works in place.
template <std::size_t Layers>
constexpr bool gradients_are_sound(const std::array<planned_layer, Layers>& layers,
                                   std::size_t first = 0) {
    const auto plan = plan_gradients(layers, first);
    for (std::size_t i = first; i < Layers; ++i) {
        const std::size_t here = plan.layers[i].offset;
        if (here + layers[i].output > plan.size) return false;
        if (i == first) continue;
        const std::size_t before = plan.layers[i - 1].offset;
        const bool apart = here + layers[i].output <= before || before + layers[i].input <= here;
        if (layers[i].is.in_place || layers[i].is.reshapes ? here != before : !apart) return false;
    }
    return true;
}
static_assert(gradients_are_sound(lenet) && gradients_are_sound(hill));
static_assert(gradients_are_sound(relu_first) && gradients_are_sound(reshapes_last));
static_assert(gradients_are_sound(one) && gradients_are_sound(lenet, 3));
static_assert(plan_gradients(one, 0).layers[0].offset == 0);

TEST_CASE("plans of 3,000 lists of layers: no overlap, no waste") {
    generator numbers(1);
    const auto random = [&](std::uint64_t below) { return numbers.next() % below; };
    for (int list = 0; list < 3000; ++list) {
        std::array<planned_layer, 7> layers{};
        std::size_t size = 1 + random(20);
        for (planned_layer& f : layers) {
            const std::uint64_t kind = random(4);
            const std::size_t output = kind < 2 ? 1 + random(20) : size;
            f = {size, output, {.reshapes = kind == 3, .in_place = kind == 2}};
            if (list % 2 == 1 && kind != 3) f.scratch = random(3) * random(40);
            size = output;
        }
        CHECK(is_sound(layers));
        CHECK(is_minimal(layers));
        CHECK(keeps_what_training_needs(layers));
        CHECK(gradients_are_sound(layers));
        CHECK(gradients_are_sound(layers, 2));
    }
}
