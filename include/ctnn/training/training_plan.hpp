// Where values and their gradients lie in training, forward and back: decided by the compiler.
#pragma once

#include <ctnn/network/plan.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace ctnn::detail {

/// What is computed in one go in training: as in a prediction, but without additions, and only where the way back can do without what comes
/// between: pooling can be undone from the positions of the maxima, an elementwise layer from its own output.
template <std::size_t Layers, std::size_t Reads>
constexpr std::array<std::size_t, Layers>
training_stage_lengths(planned_network<Layers, Reads> net) noexcept {
    for (planned_layer& layer : net.layers) {
        layer_facts& is = layer.is;
        const bool is_the_same = !is.trains_differently && !is.only_in_training && !is.draws;
        is.fuses_scale = is.fuses_addition = false;
        is.fuses_activation &= is_the_same || is.sees_batch;
        is.fuses_pooling &= is_the_same;
        is.is_elementwise &= is_the_same && is.in_place && !is.needs_input;
        is.pools_disjoint_windows &= is_the_same && is.keeps_positions;
    }
    return stage_lengths(net);
}

/// How the gradient of a value that a layer reads comes into being on the way back.
enum class gradient {
    none,    // nobody asks for it
    takes,   // it lies where that of the layer's output lies; the layer works in place
    writes,  // it has a place of its own
    adds     // others have written it; the layer adds to it, itself or what it wrote elsewhere
};

/// Of a sum of two values: the one whose gradient need not be copied, because the layer that gave it
/// has read it before anything changes the other's, which lies in the same place; no_value if there is
/// none.
template <std::size_t Layers, std::size_t Reads>
constexpr std::size_t read_before_it_changes(const planned_network<Layers, Reads>& net,
                                             std::size_t sum) noexcept {
    const auto terms = net.reads.read_by(sum);
    if (!net.layers[sum].is.passes_gradient || terms.size() != 2 || terms[0] == terms[1])
        return no_value;
    const std::size_t later = std::max(terms[0], terms[1]), other = std::min(terms[0], terms[1]);
    const std::size_t giver = net.stage_of(later - 1);
    const planned_layer& layer = net.layers[giver];
    bool can = net.reads.readers(later) == 1 && layer.is.inputs == 1 && !layer.is.reshapes &&
               (layer.stage == 1 || layer.is.sees_batch);
    for (std::size_t i = giver; i < sum; ++i)
        for (const std::size_t read : net.reads.read_by(i)) can &= read != other;
    return can ? later : no_value;
}

template <std::size_t Layers, std::size_t Reads>
struct training_plan {
    std::array<bool, Layers + 1> is_input{};          // whether a value lies in the network's input
    std::array<std::size_t, Layers + 1> values{};     // offsets of the others
    std::array<bool, Layers + 1> is_wanted{};         // whether there is dLoss/d(value)
    std::array<std::size_t, Layers + 1> gradients{};  // offsets of those
    std::array<gradient, Reads> modes{};              // in the order of links::values
    std::array<std::size_t, Reads> parts{};           // where a gradient lies before it is added
    std::size_t size = 0, largest_set = 0;
};

/// Training goes through the layers forward, at times 0, 1, ..., and back: layer i at time
/// 2 Layers - i, the loss between. Values live until the last layer has read them, forward or on
/// the way back (the network's output until the end), gradients from the first layer that writes
/// them to the one that takes them further; all in one memory. `to_input`: whether the gradient of
/// the network's input is wanted, too.
template <std::size_t Layers, std::size_t Reads>
constexpr training_plan<Layers, Reads> plan_training(const planned_network<Layers, Reads>& net,
                                                     bool to_input) noexcept {
    constexpr std::size_t end = 2 * Layers + 1;
    const auto back = [](std::size_t i) { return 2 * Layers - i; };
    training_plan<Layers, Reads> plan;

    plan.is_wanted[0] = to_input;
    for (std::size_t i = 0; i < Layers; ++i) {
        plan.is_wanted[i + 1] = net.layers[i].has_parameters;
        for (const std::size_t read : net.reads.read_by(i))
            plan.is_wanted[i + 1] |= plan.is_wanted[read];
    }

    // Until when each value is needed.
    std::array<std::size_t, Layers + 1> until{};
    const auto need = [&](std::size_t value, std::size_t time) {
        until[value] = std::max(until[value], time);
    };
    need(net.reads.output, end);
    for (std::size_t i = 0; i < Layers; ++i) {
        const planned_layer& layer = net.layers[i];
        if (layer.stage == 0) continue;
        const bool goes_back =
            plan.is_wanted[i + 1] && !layer.is.reshapes && !layer.is.ignores_input;
        const bool from_output = layer.is.in_place && !layer.is.needs_input;
        for (const std::size_t read : net.reads.read_by(i))
            need(read, goes_back && !from_output ? back(i) : i);
        if ((layer.stage > 1 && !layer.is.sees_batch) || (goes_back && from_output))
            need(net.given_by(i), back(i));
    }

    arena<3 * Layers + Reads + 2> memory;
    std::array<std::size_t, Layers + 1> blocks{}, gradients{};
    std::array<std::size_t, Reads> parts{};
    blocks.fill(no_block);
    gradients.fill(no_block);
    parts.fill(no_block);
    plan.is_input[0] = true;
    for (std::size_t i = 0; i < Layers; ++i) {
        const planned_layer& layer = net.layers[i];
        if (layer.stage == 0) continue;
        const std::size_t given = net.given_by(i), last = std::max(until[given], i);
        bool stays = false;
        for (const std::size_t read : net.reads.read_by(i)) {
            const bool dies = blocks[read] != no_block && memory.blocks[blocks[read]].last <= i;
            const bool overwrites =
                layer.is.in_place && dies && net.size_of(read) == net.size_of(given);
            if (stays || !(layer.is.reshapes || overwrites)) continue;
            stays = true;
            plan.is_input[given] = plan.is_input[read];
            blocks[given] = blocks[read];
            if (blocks[read] != no_block)
                memory.blocks[blocks[read]].last = std::max(memory.blocks[blocks[read]].last, last);
        }
        if (!stays) blocks[given] = memory.add({net.size_of(given), i, last});
    }

    /// Whether stage `i` needs no gradient of the map before pooling.
    const auto skips_map = [&](std::size_t i) {
        return net.pools(i) && net.layers[i].is.takes_positions &&
               !plan.is_wanted[net.reads.read_by(i)[0]];
    };
    /// When the gradient of a value is taken further; in a stage, when its last layer would. (Until
    /// its first layer has, nothing else comes to lie in the memory.)
    const auto taken_at = [&](std::size_t value) { return value == 0 ? end : back(value - 1); };
    std::array<bool, Layers + 1> is_shared{};  // whether it has to be left as it is
    gradients[net.reads.output] = memory.add(
        {net.size_of(net.reads.output), Layers, std::max(Layers, taken_at(net.reads.output))});
    for (std::size_t i = Layers; i-- > 0;) {
        const planned_layer& layer = net.layers[i];
        const std::size_t stage = net.stage_of(i);
        if (!plan.is_wanted[i + 1]) continue;
        if (layer.stage == 0) {  // the stage's last layer goes back through all but its first
            if (i + 1 == net.given_by(stage) && !net.pools(stage)) {
                gradients[stage + 1] = gradients[i + 1];
                memory.blocks[gradients[i + 1]].last =
                    std::max(memory.blocks[gradients[i + 1]].last, back(stage));
            } else if (i + 1 == net.given_by(stage) && !skips_map(stage)) {
                gradients[stage + 1] = memory.add({net.size_of(stage + 1), back(i), back(stage)});
            }
            continue;
        }
        bool are_new = true;
        for (const std::size_t read : net.reads.read_by(i))
            are_new &= plan.is_wanted[read] && gradients[read] == no_block;
        const std::size_t shared = are_new ? read_before_it_changes(net, i) : no_value;
        bool is_taken = false;
        for (std::size_t r = net.reads.first[i]; r < net.reads.first[i + 1]; ++r) {
            const std::size_t read = net.reads.values[r];
            if (!plan.is_wanted[read]) continue;
            const bool stays = !net.pools(i) && !is_shared[net.given_by(i)] &&
                               (layer.is.reshapes || layer.is.passes_gradient ||
                                (layer.is.in_place && layer.is.inputs == 1));
            // A value that is read twice gets the gradient twice: added onto itself, it would be
            // twice as large for those that come next.
            const auto reads = net.reads.read_by(i);
            const bool is_read_once = std::count(reads.begin(), reads.end(), read) == 1;
            plan.modes[r] = gradients[read] != no_block ? gradient::adds
                            : stays && is_read_once && (!is_taken || shared != no_value)
                                ? gradient::takes
                                : gradient::writes;
            if (plan.modes[r] == gradient::takes) {
                is_taken = true;
                is_shared[read] = read == shared;
                gradients[read] = gradients[i + 1];
                memory.blocks[gradients[read]].last =
                    std::max(memory.blocks[gradients[read]].last, taken_at(read));
            } else if (plan.modes[r] == gradient::writes) {
                gradients[read] = memory.add({net.size_of(read), back(i), taken_at(read)});
            } else if (!layer.is.adds_gradient) {
                parts[r] =
                    stays ? gradients[i + 1] : memory.add({net.size_of(read), back(i), back(i)});
            }
        }
    }

    plan.size = memory.place();
    plan.largest_set = memory.largest_set();
    const auto offset_of = [&](std::size_t b) {
        return b == no_block ? 0 : memory.blocks[b].offset;
    };
    for (std::size_t v = 0; v <= Layers; ++v) {
        plan.values[v] = offset_of(blocks[v]);
        plan.gradients[v] = offset_of(gradients[v]);
    }
    for (std::size_t r = 0; r < Reads; ++r) plan.parts[r] = offset_of(parts[r]);
    return plan;
}

}  // namespace ctnn::detail
