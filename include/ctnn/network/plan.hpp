// What a plan knows of a network, which layers a prediction computes in one go, and where every value
// lies in memory: decided by the compiler.
#pragma once

#include <ctnn/layer_facts.hpp>
#include <ctnn/network/arena.hpp>
#include <ctnn/network/links.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace ctnn::detail {

/// In the place of a value that is not there.
inline constexpr std::size_t no_value = static_cast<std::size_t>(-1);

/// What a plan has to know of a layer.
struct planned_layer {
    std::size_t output;  // numbers per image
    layer_facts is{};
    bool has_parameters = false;
    std::size_t scratch = 0;  // numbers of memory that it needs beside input and output
    /// How many layers are computed in one go, beginning with it; 0: it is part of an earlier one's
    /// work.
    std::size_t stage = 1;
    std::size_t pixels = 1;  // of the output
};

/// The layers, what they read, and how many numbers the network's input has.
template <std::size_t Layers, std::size_t Reads = Layers>
struct planned_network {
    std::size_t input;
    std::array<planned_layer, Layers> layers{};
    links<Layers, Reads> reads{};
    bool copies_parts = false;  // of concatenations

    [[nodiscard]] constexpr std::size_t size_of(std::size_t value) const noexcept {
        return value == 0 ? input : layers[value - 1].output;
    }
    /// The value that the stage beginning with layer `i` gives.
    [[nodiscard]] constexpr std::size_t given_by(std::size_t i) const noexcept {
        return i + std::max<std::size_t>(1, layers[i].stage);
    }
    /// What a sum, layer `i`, adds to the output of the layer before it, which nobody else reads;
    /// no_value where that is not so.
    [[nodiscard]] constexpr std::size_t addend_at(std::size_t i) const noexcept {
        if (i >= Layers || !layers[i].is.is_sum || reads.readers(i) != 1) return no_value;
        const auto terms = reads.read_by(i);
        if (terms.size() != 2 || (terms[0] != i && terms[1] != i)) return no_value;
        return terms[0] == i ? terms[1] : terms[0];
    }
    /// Whether the stage beginning with layer `i` scales what that gives.
    [[nodiscard]] constexpr bool scales(std::size_t i) const noexcept {
        return layers[i].stage > 1 && layers[i + 1].is.scales_channels;
    }
    /// What the stage beginning with layer `i` adds to, if it does.
    [[nodiscard]] constexpr std::size_t addend_of(std::size_t i) const noexcept {
        const std::size_t sum = i + 1 + scales(i);
        return sum < given_by(i) ? addend_at(sum) : no_value;
    }
    /// The concatenation of which the stage beginning with layer `i` writes a part, in its place; no_value
    /// if it does not.
    [[nodiscard]] constexpr std::size_t concatenation_of(std::size_t i) const noexcept {
        if (copies_parts || !layers[i].is.fuses_concatenation || addend_of(i) != no_value)
            return no_value;
        const std::size_t value = given_by(i), reader = reads.last_reader(value);
        const bool is_one = reads.readers(value) == 1 && reader < Layers;
        return is_one && layers[reader].is.is_concatenation ? reader : no_value;
    }
    /// Numbers from the first of a pixel of concatenation `i` to that of `value`, one of its inputs.
    [[nodiscard]] constexpr std::size_t place_in(std::size_t i, std::size_t value) const noexcept {
        std::size_t before = 0;
        for (const std::size_t read : reads.read_by(i)) {
            if (read == value) break;
            before += size_of(read);
        }
        return before / layers[i].pixels;
    }
    /// Whether the stage beginning with layer `i` ends with pooling.
    [[nodiscard]] constexpr bool pools(std::size_t i) const noexcept {
        return layers[i].stage > 1 && layers[given_by(i) - 1].is.pools_disjoint_windows;
    }
    /// The first layer of the stage that layer `i` belongs to.
    [[nodiscard]] constexpr std::size_t stage_of(std::size_t i) const noexcept {
        while (layers[i].stage == 0) --i;
        return i;
    }
    /// The same with stages of these lengths, and scratch memory for each.
    [[nodiscard]] constexpr planned_network
    with(const std::array<std::size_t, Layers>& lengths,
         const std::array<std::size_t, Layers>& scratch = {}) const noexcept {
        planned_network result = *this;
        for (std::size_t i = 0; i < Layers; ++i) {
            result.layers[i].stage = lengths[i];
            result.layers[i].scratch = scratch[i];
        }
        return result;
    }
    /// The same as predictions see it: what does something in training alone reshapes.
    [[nodiscard]] constexpr planned_network in_prediction() const noexcept {
        planned_network result = *this;
        for (planned_layer& layer : result.layers) layer.is.reshapes |= layer.is.only_in_training;
        return result;
    }
};

/// How many layers each layer computes in one go, beginning with itself: a convolution with the
/// batch normalization, the activation and the pooling behind it, or with an addition between these two
/// and without pooling, a dense layer with batch normalization and activation; 0 for those that are part
/// of an earlier one's work. What lies between has no other reader.
template <std::size_t Layers, std::size_t Reads>
constexpr std::array<std::size_t, Layers>
stage_lengths(const planned_network<Layers, Reads>& net) noexcept {
    std::array<std::size_t, Layers> lengths{};
    const auto follows = [&](std::size_t i) {
        return i < Layers && net.reads.read_by(i).size() == 1 && net.reads.read_by(i)[0] == i &&
               net.reads.readers(i) == 1;
    };
    for (std::size_t first = 0, next = 0; first < Layers; first = next) {
        next = first + 1;
        next += net.layers[first].is.fuses_scale && follows(next) &&
                net.layers[next].is.scales_channels;
        const bool adds = net.layers[first].is.fuses_addition && net.addend_at(next) != no_value;
        next += adds;
        if (net.layers[first].is.fuses_activation && follows(next) &&
            net.layers[next].is.is_elementwise)
            ++next;
        if (net.layers[first].is.fuses_pooling && !adds && follows(next) &&
            net.layers[next].is.pools_disjoint_windows)
            ++next;
        lengths[first] = next - first;
    }
    return lengths;
}

/// Where a value lies.
struct placement {
    enum place {
        input,   // in the caller's input; of a layer's output: where its input lies
        memory,  // at `offset` in the scratch memory
        result   // in the caller's output, at `offset`
    } where = input;
    std::size_t offset = 0;   // in numbers
    std::size_t scratch = 0;  // where the layer's scratch memory lies
    std::size_t used = 0;     // numbers of the memory that are in use while it is computed
};

template <std::size_t Layers>
struct memory_plan {
    std::array<placement, Layers> layers{};      // their outputs, for people
    std::array<placement, Layers + 1> values{};  // for loops
    std::size_t size = 0;                        // numbers of scratch memory
    std::size_t largest_set = 0;                 // numbers that are alive at once, at most
};

template <std::size_t Layers, std::size_t Reads>
constexpr memory_plan<Layers> plan_prediction(const planned_network<Layers, Reads>& net) noexcept;

/// The same network, whose concatenations are written in parts or copied together: as takes less memory.
/// In parts they live from the first part on, while other branches may need much.
template <std::size_t Layers, std::size_t Reads>
constexpr planned_network<Layers, Reads>
with_concatenations_chosen(planned_network<Layers, Reads> net) noexcept {
    bool has_parts = false;
    for (std::size_t i = 0; i < Layers; ++i)
        has_parts |= net.layers[i].stage > 0 && net.concatenation_of(i) != no_value;
    if (!has_parts) return net;
    const std::size_t in_parts = plan_prediction(net).size;
    net.copies_parts = true;
    net.copies_parts = plan_prediction(net).size < in_parts;
    return net;
}

/// A prediction needs a value until its last reader is done. A layer that may work in place does
/// where its input dies with it. The network's input and output are the caller's: the last layer
/// that computes something writes there.
template <std::size_t Layers, std::size_t Reads>
constexpr memory_plan<Layers> plan_prediction(const planned_network<Layers, Reads>& net) noexcept {
    memory_plan<Layers> plan;
    arena<2 * Layers> memory;
    std::array<std::size_t, Layers + 1> blocks{};  // of the values that lie in the memory
    std::array<std::size_t, Layers> scratch{};
    std::array<std::size_t, Layers + 1> inside{};  // where they begin in their block
    blocks.fill(no_block);
    scratch.fill(no_block);
    const auto share = [&](std::size_t value, std::size_t with, std::size_t until) {
        plan.values[value] = plan.values[with];
        blocks[value] = blocks[with];
        if (blocks[with] != no_block)
            memory.blocks[blocks[with]].last = std::max(memory.blocks[blocks[with]].last, until);
    };
    std::size_t output = net.reads.output;  // or what it reshapes
    while (output > 0 && net.layers[output - 1].is.reshapes)
        output = net.reads.read_by(output - 1)[0];
    for (std::size_t i = 0; i < Layers; ++i) {
        const planned_layer& layer = net.layers[i];
        if (layer.stage == 0) continue;
        const std::size_t given = net.given_by(i), until = net.reads.last_reader(given);
        placement& p = plan.layers[i];
        p.where = layer.is.reshapes ? placement::input
                  : given == output ? placement::result
                                    : placement::memory;
        for (const std::size_t read : net.reads.read_by(i)) {
            const bool dies = blocks[read] != no_block && memory.blocks[blocks[read]].last == i;
            if (p.where == placement::memory && layer.is.in_place && dies &&
                net.size_of(read) == net.size_of(given))
                p.where = placement::input;
            if (p.where != placement::input || blocks[given] != no_block) continue;
            share(given, read, until);
        }
        // A sum is computed where its other term lies, unless the convolution reads that.
        const std::size_t addend = net.addend_of(i);
        if (addend != no_value && p.where == placement::memory && blocks[addend] != no_block &&
            memory.blocks[blocks[addend]].last < given &&
            blocks[addend] != blocks[net.reads.read_by(i)[0]]) {
            p.where = placement::input;
            share(given, addend, until);
        }
        // A part of a concatenation, whose memory begins to live with its first one.
        const std::size_t whole = net.concatenation_of(i);
        if (whole != no_value) {
            p.where = whole + 1 == output ? placement::result : placement::memory;
            inside[given] = net.place_in(whole, given);
            if (p.where == placement::memory && blocks[whole + 1] == no_block)
                blocks[whole + 1] =
                    memory.add({net.size_of(whole + 1), i, net.reads.last_reader(whole + 1)});
            blocks[given] = blocks[whole + 1];
        }
        if (p.where != placement::input) plan.values[given].where = p.where;
        if (p.where == placement::memory && blocks[given] == no_block)
            blocks[given] = memory.add({net.size_of(given), i, until});
        if (layer.scratch > 0 && !layer.is.reshapes)
            scratch[i] = memory.add({layer.scratch, i, i, true});
    }
    plan.size = memory.place();
    plan.largest_set = memory.largest_set();
    for (std::size_t i = 0; i < Layers; ++i) {
        if (net.layers[i].stage == 0) continue;
        placement &p = plan.layers[i], &value = plan.values[net.given_by(i)];
        if (value.where == placement::memory)
            value.offset = memory.blocks[blocks[net.given_by(i)]].offset;
        value.offset += inside[net.given_by(i)];
        if (net.layers[i].is.reshapes) continue;
        if (p.where != placement::input) p.offset = value.offset;
        if (scratch[i] != no_block) p.scratch = memory.blocks[scratch[i]].offset;
        p.used = memory.alive(i);
    }
    return plan;
}

}  // namespace ctnn::detail
