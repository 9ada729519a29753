// Networks as plans see them, named ones and random ones; and memory in which every number says whose
// it is.
#pragma once

#include "support/random.hpp"

#include <ctnn/network/plan.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace planned {

using namespace ctnn::detail;

constexpr planned_layer moving(std::size_t output) {
    return {output, {}, true};
}
constexpr planned_layer in_place(std::size_t size) {
    return {size, {.in_place = true}};
}
constexpr planned_layer reshaping(std::size_t size) {
    return {size, {.reshapes = true}};
}
template <std::size_t Layers>
constexpr planned_network<Layers> in_a_row(std::size_t input,
                                           const std::array<planned_layer, Layers>& layers) {
    return {input, layers, chain<Layers>()};
}

/// Memory in which every number says whose it is.
struct owned_memory {
    std::vector<std::size_t> owners;

    explicit owned_memory(std::size_t size) : owners(size, no_value) {}
    void write(std::size_t offset, std::size_t size, std::size_t owner) {
        REQUIRE(offset + size <= owners.size());
        for (std::size_t i = 0; i < size; ++i) owners[offset + i] = owner;
    }
    [[nodiscard]] bool has(std::size_t offset, std::size_t size, std::size_t owner) const {
        if (offset + size > owners.size()) return false;
        for (std::size_t i = 0; i < size; ++i)
            if (owners[offset + i] != owner) return false;
        return true;
    }
};

/// What computes a value, behind all that reshapes.
template <class Net>
std::size_t origin(const Net& net, std::size_t value) {
    while (value > 0 && net.layers[value - 1].is.reshapes) value = net.reads.read_by(value - 1)[0];
    return value;
}

// LeNet-5: convolution, relu, pooling, twice; flatten; three dense layers, relu, softmax.
constexpr auto lenet =
    in_a_row<13>(784, {{moving(4704), in_place(4704), moving(1176), moving(1600), in_place(1600),
                        moving(400), reshaping(400), moving(120), in_place(120), moving(84),
                        in_place(84), moving(10), in_place(10)}});
constexpr auto nothing = in_a_row<0>(5, {});
constexpr auto one = in_a_row<1>(5, {{moving(7)}});
constexpr auto reshapes_alone = in_a_row<2>(6, {{reshaping(6), reshaping(6)}});
constexpr auto relu_first = in_a_row<3>(8, {{in_place(8), in_place(8), moving(2)}});
constexpr auto reshapes_last = in_a_row<4>(9, {{reshaping(9), moving(4), moving(6), reshaping(6)}});
// The largest pair in the middle.
constexpr auto hill =
    in_a_row<6>(1, {{moving(3), moving(50), moving(20), moving(45), moving(2), moving(1)}});
// In place, but its gradient needs its input.
constexpr auto swish_relu = in_a_row<4>(
    4, {{moving(8), {8, {.in_place = true, .needs_input = true}}, in_place(8), moving(1)}});
// x + relu(x).
constexpr auto branched = [] {
    links_writer<4, 5> writer;
    writer.add(std::array<std::size_t, 1>{0});
    writer.add(std::array<std::size_t, 1>{1});
    writer.add(std::array<std::size_t, 2>{1, 2});
    writer.add(std::array<std::size_t, 1>{3});
    constexpr planned_layer sum{8,
                                {.inputs = 2,
                                 .in_place = true,
                                 .is_sum = true,
                                 .ignores_input = true,
                                 .passes_gradient = true}};
    return planned_network<4, 5>{3, {moving(8), in_place(8), sum, moving(1)}, writer.to};
}();

/// x + convolution, normalization, relu, convolution, normalization of x; then relu; so many times.
template <std::size_t Blocks>
constexpr auto residual_blocks() noexcept {
    constexpr std::size_t layers = 7 * Blocks, reads = 8 * Blocks;
    planned_network<layers, reads> net{90};
    links_writer<layers, reads> writer;
    constexpr ctnn::layer_facts sums{.inputs = 2,
                                     .in_place = true,
                                     .is_sum = true,
                                     .ignores_input = true,
                                     .passes_gradient = true};
    std::size_t x = 0;
    for (std::size_t i = 0; i < layers; i += 7) {
        for (std::size_t n = 0; n < 5; ++n) net.layers[i + n] = moving(90);
        net.layers[i].scratch = net.layers[i + 3].scratch = 37;
        net.layers[i + 2] = net.layers[i + 6] = in_place(90);
        net.layers[i + 5] = {90, sums};
        std::size_t f = x;
        for (std::size_t n = 0; n < 5; ++n) f = writer.add(std::array{f});
        x = writer.add(std::array{writer.add(std::array{f, x})});
    }
    net.reads = writer.to;
    return net;
}
// As deep as networks on small machines are; clang evaluates a million steps for a constant.
constexpr auto deep = residual_blocks<24>();

/// Seven layers in a row, drawn at random.
inline planned_network<7> random_chain(generator& numbers, bool with_scratch) {
    const auto random = [&](std::uint64_t below) { return numbers.next() % below; };
    std::array<planned_layer, 7> layers{};
    std::size_t size = 1 + random(20);
    const std::size_t input = size;
    for (planned_layer& layer : layers) {
        const std::uint64_t kind = random(4);
        if (kind < 2) size = 1 + random(20);
        layer = kind < 2 ? moving(size) : kind == 2 ? in_place(size) : reshaping(size);
        if (with_scratch && kind != 3) layer.scratch = random(3) * random(40);
    }
    return in_a_row(input, layers);
}

/// Ten layers in branches, of which four take two values.
inline planned_network<10, 14> random_graph(generator& numbers, bool with_scratch) {
    constexpr std::size_t layers = 10, reads = 14;
    const auto random = [&](std::uint64_t below) { return numbers.next() % below; };
    links_writer<layers, reads> writer;
    planned_network<layers, reads> net{1 + random(20)};
    std::vector<std::size_t> ends{0};  // of branches: values that nobody has read yet
    std::size_t merges = reads - layers;
    for (std::size_t i = 0; i < layers; ++i) {
        const std::size_t open = ends.size() - 1;
        planned_layer& layer = net.layers[i];
        if (layers - i == merges || (merges > 0 && random(3) == 0)) {
            const std::size_t value = ends.back();
            ends.pop_back();
            std::size_t other = random(i + 1);
            if (merges == open) {
                other = ends.back();
                ends.pop_back();
            }
            std::erase(ends, other);
            --merges;
            const std::size_t size = net.size_of(value);
            const std::uint64_t kind = net.size_of(other) == size ? random(4) : 0;
            writer.add(std::array{value, other});
            const std::size_t larger = std::max(size, net.size_of(other));
            layer =
                kind == 0 && i % 2 == 0
                    ? planned_layer{larger, {.inputs = 2, .in_place = true, .needs_input = true}}
                : kind == 0
                    ? planned_layer{size + net.size_of(other),
                                    {.inputs = 2, .ignores_input = true, .is_concatenation = true}}
                    : planned_layer{size,
                                    {.inputs = 2,
                                     .in_place = true,
                                     .needs_input = kind == 1,
                                     .is_sum = kind > 1,
                                     .ignores_input = kind > 1,
                                     .passes_gradient = kind > 1}};
        } else {
            const bool branches = open < merges && random(3) == 0;
            const std::size_t value = branches ? random(i + 1) : ends.back();
            std::erase(ends, value);
            const std::size_t size = net.size_of(value);
            const std::uint64_t kind = random(7);
            writer.add(std::array{value});
            layer = kind == 0   ? in_place(size)
                    : kind == 1 ? reshaping(size)
                    : kind == 2 ? planned_layer{size,
                                                {.in_place = true,
                                                 .needs_input = true,
                                                 .trains_differently = i % 2 == 0,
                                                 .sees_batch = i % 2 == 0,
                                                 .scales_channels = true}}
                    : kind == 3 ? planned_layer{1 + random(9), {.ignores_input = true}}
                    : kind == 4 ? moving(size)
                                : moving(1 + random(20));
            layer.is.fuses_scale = layer.is.fuses_addition = layer.is.adds_gradient =
                layer.is.fuses_concatenation = kind > 3;
            layer.is.fuses_activation = kind > 3 || layer.is.sees_batch;
            layer.is.is_elementwise = kind == 0;
            layer.scratch = with_scratch && kind > 3 ? random(2) * random(30) : 0;
        }
        ends.push_back(i + 1);
    }
    REQUIRE(ends.size() == 1);
    net.reads = writer.to;
    return net;
}

}  // namespace planned
