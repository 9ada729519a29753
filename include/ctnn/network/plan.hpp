// Which layers are computed in one go, and where every output lies in memory: decided by the
// compiler.
#pragma once

#include <ctnn/kernels/layout.hpp>
#include <ctnn/layer_facts.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace ctnn::detail {

/// What a plan has to know of a layer.
struct planned_layer {
    std::size_t input, output;  // numbers per image
    layer_facts is{};
    std::size_t scratch = 0;  // numbers of memory that it needs beside input and output
};

/// How many layers each layer computes in one go, beginning with itself: a convolution with the
/// activation and the pooling behind it, a dense layer with its activation; 0 for those that are
/// part of an earlier one's work.
template <std::size_t Layers>
constexpr std::array<std::size_t, Layers>
stage_lengths(const std::array<planned_layer, Layers>& layers) noexcept {
    std::array<std::size_t, Layers> lengths{};
    for (std::size_t first = 0, next = 0; first < Layers; first = next) {
        next = first + 1;
        if (layers[first].is.fuses_activation && next < Layers && layers[next].is.is_elementwise)
            ++next;
        if (layers[first].is.fuses_pooling && next < Layers &&
            layers[next].is.pools_disjoint_windows)
            ++next;
        lengths[first] = next - first;
    }
    return lengths;
}

/// The same in training: only where pooling can be undone from the positions of the maxima; what
/// comes between is elementwise and works on its own output.
template <std::size_t Layers>
constexpr std::array<std::size_t, Layers>
training_stage_lengths(const std::array<planned_layer, Layers>& layers) noexcept {
    std::array<std::size_t, Layers> lengths = stage_lengths(layers);
    for (std::size_t i = 0; i < Layers; ++i) {
        if (lengths[i] < 2) continue;
        const std::size_t length = lengths[i];
        bool fuses = layers[i + length - 1].is.keeps_positions &&
                     (length == 2 || (layers[i + 1].is.in_place && !layers[i + 1].is.needs_input));
        for (std::size_t n = 0; n < length; ++n) fuses &= !layers[i + n].is.trains_differently;
        for (std::size_t n = 0; n < length && !fuses; ++n) lengths[i + n] = 1;
    }
    return lengths;
}

/// The same layers with each stage's first giving the stage's output and the others doing nothing.
template <std::size_t Layers>
constexpr std::array<planned_layer, Layers>
fuse(std::array<planned_layer, Layers> layers, const std::array<std::size_t, Layers>& lengths,
     const std::array<std::size_t, Layers>& scratch = {}) noexcept {
    for (std::size_t i = 0; i < Layers; ++i) {
        layers[i].scratch = scratch[i];
        if (lengths[i] == 0) layers[i].is.reshapes = true;
        if (lengths[i] > 1) layers[i].output = layers[i + lengths[i] - 1].output;
    }
    return layers;
}

/// What becomes of one layer's output.
struct placement {
    enum place {
        input,   // where its input lies
        memory,  // at `offset` in the scratch memory
        result   // in the caller's output
    } where;
    std::size_t offset;       // in numbers
    std::size_t scratch = 0;  // where the layer's scratch memory lies
    std::size_t used = 0;     // numbers of the memory that are in use while it is computed
};

template <std::size_t Layers>
struct memory_plan {
    std::array<placement, Layers> layers{};
    std::size_t size = 0;  // numbers of scratch memory
};

/// A prediction needs one layer's input and output at a time, and the layer's scratch memory.
/// Inputs and outputs lie alternately at the two ends of the memory, scratch between them, so the
/// size is that of the layer that needs most. The network's input and output are the caller's: the
/// last layer that computes something writes there.
template <std::size_t Layers>
constexpr memory_plan<Layers>
plan_prediction(const std::array<planned_layer, Layers>& layers) noexcept {
    memory_plan<Layers> plan;
    std::size_t last = Layers;
    for (std::size_t i = 0; i < Layers; ++i)
        if (!layers[i].is.reshapes) last = i;
    for (const bool assign : {false, true}) {  // sizes first, then offsets
        std::size_t current = 0;  // numbers in the input's buffer; 0: it is the caller's
        bool at_the_end = false;  // where the next output goes
        for (std::size_t i = 0; i < Layers; ++i) {
            placement& p = plan.layers[i];
            p = {placement::input, 0};
            if (layers[i].is.reshapes) continue;
            const bool stays = i != last && layers[i].is.in_place && current != 0;
            const std::size_t output = i == last || stays ? 0 : layers[i].output;
            const std::size_t first = at_the_end ? current : output,
                              behind = current + output - first;
            p.used = current + output;
            if (layers[i].scratch > 0) {
                p.scratch = whole_lines(first);
                p.used = p.scratch + layers[i].scratch + behind;
            }
            plan.size = std::max(plan.size, p.used);
            if (stays) continue;
            if (i == last) {
                p.where = placement::result;
                continue;
            }
            p.where = placement::memory;
            if (assign && at_the_end) p.offset = plan.size - output;
            at_the_end = !at_the_end;
            current = output;
        }
    }
    return plan;
}

/// Training keeps every layer's output, one after the other. A layer that may work in place does,
/// unless the layer before it did: that one's gradient is computed from its own output.
template <std::size_t Layers>
constexpr memory_plan<Layers>
plan_training(const std::array<planned_layer, Layers>& layers) noexcept {
    memory_plan<Layers> plan;
    bool may_overwrite = false;  // not the network's input
    for (std::size_t i = 0; i < Layers; ++i) {
        if (layers[i].is.reshapes) {
            plan.layers[i] = {placement::input, 0};
            continue;
        }
        // In place, and its gradient is computed from its own output.
        const bool overwrites = layers[i].is.in_place && !layers[i].is.needs_input;
        if (overwrites && may_overwrite) {
            plan.layers[i] = {placement::input, 0};
        } else {
            plan.layers[i] = {placement::memory, plan.size};
            plan.size += layers[i].output;
        }
        may_overwrite = !overwrites;
    }
    return plan;
}

/// Where the gradient with respect to every layer's output lies on the way back, down to that of
/// layer `first`; the way back needs two neighbouring ones at a time. What layer `first` gives to
/// its input has no place here.
template <std::size_t Layers>
constexpr memory_plan<Layers> plan_gradients(const std::array<planned_layer, Layers>& layers,
                                             std::size_t first) noexcept {
    memory_plan<Layers> plan;
    if constexpr (Layers > 0) {
        plan.size = layers[Layers - 1].output;
        for (const bool assign : {false, true}) {  // sizes first, then offsets
            std::size_t offset = 0;
            bool at_the_end = false;
            for (std::size_t i = Layers; i-- > first;) {
                if (assign) plan.layers[i] = {placement::memory, offset};
                if (i == first || layers[i].is.reshapes || layers[i].is.in_place) continue;
                plan.size = std::max(plan.size, layers[i].output + layers[i].input);
                at_the_end = !at_the_end;
                offset = at_the_end ? plan.size - layers[i].input : 0;
            }
        }
    }
    return plan;
}

}  // namespace ctnn::detail
