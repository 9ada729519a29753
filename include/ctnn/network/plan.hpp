// Which layers are computed in one go, and where every output lies in memory: decided by the
// compiler.
#pragma once

#include <ctnn/kernels/layout.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace ctnn::detail {

/// What a plan has to know about a layer.
struct layer_facts {
    std::size_t input, output;  // numbers per image
    bool in_place;              // may overwrite its input
    bool reshapes;              // its output is its input
    bool fuses_activation = false, fuses_pooling = false;
    bool is_elementwise = false, has_disjoint_windows = false;
    bool keeps_positions = false;
    std::size_t scratch = 0;  // numbers of memory that it needs beside input and output
};

/// How many layers each layer computes in one go, beginning with itself: a convolution with the
/// activation and the pooling behind it, a dense layer with its activation; 0 for those that are
/// part of an earlier one's work.
template <std::size_t Layers>
constexpr std::array<std::size_t, Layers>
plan_stages(const std::array<layer_facts, Layers>& facts) noexcept {
    std::array<std::size_t, Layers> lengths{};
    for (std::size_t first = 0, next = 0; first < Layers; first = next) {
        next = first + 1;
        if (facts[first].fuses_activation && next < Layers && facts[next].is_elementwise) ++next;
        if (facts[first].fuses_pooling && next < Layers && facts[next].has_disjoint_windows) ++next;
        lengths[first] = next - first;
    }
    return lengths;
}

/// The same in training: only where pooling can be undone from the positions of the maxima; what
/// comes between is elementwise and works on its own output.
template <std::size_t Layers>
constexpr std::array<std::size_t, Layers>
plan_training_stages(const std::array<layer_facts, Layers>& facts) noexcept {
    std::array<std::size_t, Layers> lengths = plan_stages(facts);
    for (std::size_t i = 0; i < Layers; ++i) {
        if (lengths[i] < 2) continue;
        const std::size_t length = lengths[i];
        const bool fuses =
            facts[i + length - 1].keeps_positions && (length == 2 || facts[i + 1].in_place);
        for (std::size_t n = 0; n < length && !fuses; ++n) lengths[i + n] = 1;
    }
    return lengths;
}

/// The same layers with each stage's first giving the stage's output and the others doing nothing.
template <std::size_t Layers>
constexpr std::array<layer_facts, Layers>
fuse(std::array<layer_facts, Layers> facts, const std::array<std::size_t, Layers>& lengths,
     const std::array<std::size_t, Layers>& scratch = {}) noexcept {
    for (std::size_t i = 0; i < Layers; ++i) {
        facts[i].scratch = scratch[i];
        if (lengths[i] == 0) facts[i].reshapes = true;
        if (lengths[i] > 1) facts[i].output = facts[i + lengths[i] - 1].output;
    }
    return facts;
}

/// What becomes of one layer's output.
struct placement {
    enum kind {
        stays,
        moves,
        leaves
    } where;                  // where the input lies; at `offset`; in the caller's output
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
plan_prediction(const std::array<layer_facts, Layers>& facts) noexcept {
    memory_plan<Layers> plan;
    std::size_t last = Layers;
    for (std::size_t i = 0; i < Layers; ++i)
        if (!facts[i].reshapes) last = i;
    for (const bool assign : {false, true}) {  // sizes first, then offsets
        std::size_t current = 0;  // numbers in the input's buffer; 0: it is the caller's
        bool at_the_end = false;  // where the next output goes
        for (std::size_t i = 0; i < Layers; ++i) {
            placement& p = plan.layers[i];
            p = {placement::stays, 0};
            if (facts[i].reshapes) continue;
            const bool stays = i != last && facts[i].in_place && current != 0;
            const std::size_t output = i == last || stays ? 0 : facts[i].output;
            const std::size_t first = at_the_end ? current : output,
                              behind = current + output - first;
            p.used = current + output;
            if (facts[i].scratch > 0) {
                p.scratch = whole_lines(first);
                p.used = p.scratch + facts[i].scratch + behind;
            }
            plan.size = std::max(plan.size, p.used);
            if (stays) continue;
            if (i == last) {
                p.where = placement::leaves;
                continue;
            }
            p.where = placement::moves;
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
constexpr memory_plan<Layers> plan_training(const std::array<layer_facts, Layers>& facts) noexcept {
    memory_plan<Layers> plan;
    bool may_overwrite = false;  // not the network's input
    for (std::size_t i = 0; i < Layers; ++i) {
        if (facts[i].reshapes) {
            plan.layers[i] = {placement::stays, 0};
            continue;
        }
        if (facts[i].in_place && may_overwrite) {
            plan.layers[i] = {placement::stays, 0};
        } else {
            plan.layers[i] = {placement::moves, plan.size};
            plan.size += facts[i].output;
        }
        may_overwrite = !facts[i].in_place;
    }
    return plan;
}

/// Where the gradient with respect to every layer's output lies on the way back, down to that of
/// layer `first`; the way back needs two neighbouring ones at a time. What layer `first` gives to
/// its input has no place here.
template <std::size_t Layers>
constexpr memory_plan<Layers> plan_gradients(const std::array<layer_facts, Layers>& facts,
                                             std::size_t first) noexcept {
    memory_plan<Layers> plan;
    if constexpr (Layers > 0) {
        plan.size = facts[Layers - 1].output;
        for (const bool assign : {false, true}) {  // sizes first, then offsets
            std::size_t offset = 0;
            bool at_the_end = false;
            for (std::size_t i = Layers; i-- > first;) {
                if (assign) plan.layers[i] = {placement::moves, offset};
                if (i == first || facts[i].reshapes || facts[i].in_place) continue;
                plan.size = std::max(plan.size, facts[i].output + facts[i].input);
                at_the_end = !at_the_end;
                offset = at_the_end ? plan.size - facts[i].input : 0;
            }
        }
    }
    return plan;
}

}  // namespace ctnn::detail
