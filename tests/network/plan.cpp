#include <ctnn/network/plan.hpp>

#include "support/planned_networks.hpp"

#include <doctest/doctest.h>

using namespace planned;

namespace {

/// Walks through a prediction: every layer finds what it reads, the network's output included;
/// scratch memory is apart from both; only the last layer that computes writes to the caller, and
/// no layer to the caller's input.
template <std::size_t Layers, std::size_t Reads>
void check_prediction(const planned_network<Layers, Reads>& net) {
    const memory_plan<Layers> plan = plan_prediction(net);
    const std::size_t output = origin(net, net.reads.output);
    owned_memory memory(plan.size), result(net.size_of(output));
    const auto finds = [&](std::size_t value) {
        const placement p = plan.values[value];
        if (p.where == placement::input) return origin(net, value) == 0;
        return (p.where == placement::result ? result : memory)
            .has(p.offset, net.size_of(value), origin(net, value));
    };
    for (std::size_t i = 0; i < Layers; ++i) {
        const planned_layer& layer = net.layers[i];
        if (layer.stage == 0) continue;
        const std::size_t given = net.given_by(i);
        for (const std::size_t value : net.reads.read_by(i)) CHECK(finds(value));
        if (net.addend_of(i) != no_value) CHECK(finds(net.addend_of(i)));
        if (layer.is.reshapes) continue;
        const placement p = plan.values[given];
        if (layer.scratch > 0) {
            CHECK(plan.layers[i].scratch % 16 == 0);
            memory.write(plan.layers[i].scratch, layer.scratch, no_value);
            for (const std::size_t value : net.reads.read_by(i)) CHECK(finds(value));
            if (net.addend_of(i) != no_value && plan.layers[i].where == placement::input)
                CHECK(finds(net.addend_of(i)));
        }
        CHECK(plan.layers[i].used <= plan.largest_set);
        if (plan.layers[i].where != placement::input) CHECK(plan.layers[i].offset == p.offset);
        const std::size_t whole = net.concatenation_of(i);
        if (whole != no_value) {
            const placement all = plan.values[whole + 1];
            CHECK(p.where == all.where);
            CHECK(p.offset == all.offset + net.place_in(whole, given));
        }
        CHECK((p.where == placement::result) ==
              (given == output || (whole != no_value && whole + 1 == output)));
        CHECK(p.where != placement::input);
        if (p.where == placement::result) result.write(p.offset, net.size_of(given), given);
        if (p.where != placement::memory) continue;
        const bool overwrites = [&] {
            for (const std::size_t value : net.reads.read_by(i)) {
                const placement x = plan.values[value];
                if (layer.is.is_concatenation && value > 0 &&
                    net.concatenation_of(net.stage_of(value - 1)) == i)
                    continue;
                if (x.where == placement::memory && x.offset < p.offset + layer.output &&
                    p.offset < x.offset + net.size_of(value))
                    return true;
            }
            return false;
        }();
        if (overwrites) CHECK((layer.is.in_place && plan.layers[i].where == placement::input));
        if (layer.scratch > 0) {
            const std::size_t first = plan.layers[i].scratch;
            CHECK((p.offset + net.size_of(given) <= first || first + layer.scratch <= p.offset));
        }
        memory.write(p.offset, net.size_of(given), given);
    }
    CHECK(finds(net.reads.output));
    CHECK(plan.largest_set <= plan.size);
}

}  // namespace

static_assert(plan_prediction(lenet).size == 4704 + 1176);
static_assert(plan_prediction(lenet).layers[0].where == placement::memory &&
              plan_prediction(lenet).layers[1].where == placement::input &&
              plan_prediction(lenet).layers[6].where == placement::input &&
              plan_prediction(lenet).layers[12].where == placement::result);
static_assert(plan_prediction(nothing).size == 0);
static_assert(plan_prediction(one).size == 0);  // from the caller to the caller
static_assert(plan_prediction(reshapes_alone).size == 0);
// The caller's input must not be overwritten: relu as the first layer moves.
static_assert(plan_prediction(relu_first).size == 8);
static_assert(plan_prediction(relu_first).layers[0].where == placement::memory &&
              plan_prediction(relu_first).layers[1].where == placement::input);
// What only reshapes after the last layer leaves the output where it is.
static_assert(plan_prediction(reshapes_last).size == 4);
static_assert(plan_prediction(reshapes_last).layers[2].where == placement::result);
// A small buffer at the end must not lie in its large neighbour.
static_assert(plan_prediction(hill).size == 70);
static_assert(plan_prediction(hill).layers[1].used == 3 + 50);
static_assert(plan_prediction(swish_relu).layers[1].where == placement::input);
// The sum lies where one of its terms lay.
static_assert(plan_prediction(branched).size == 16);
// x, what is read, what is written and scratch memory.
static_assert(plan_prediction(deep).largest_set == 3 * 90 + 37);

// A convolution beside input + input: the sum behind it in the list is not of its output.
constexpr auto beside = [] {
    links_writer<3, 5> writer;
    writer.add(std::array<std::size_t, 1>{0});
    writer.add(std::array<std::size_t, 2>{0, 0});
    writer.add(std::array<std::size_t, 2>{1, 2});
    return planned_network<3, 5>{8,
                                 {planned_layer{8, {.fuses_addition = true}},
                                  planned_layer{8, {.inputs = 2, .is_sum = true}},
                                  planned_layer{16, {.inputs = 2}}},
                                 writer.to};
}();
static_assert(stage_lengths(beside) == std::array<std::size_t, 3>{1, 1, 1});

// A convolution that adds to another value does not write into a concatenation, one beside it does.
constexpr auto adding_part = [] {
    links_writer<5, 7> writer;
    writer.add(std::array<std::size_t, 1>{0});
    writer.add(std::array<std::size_t, 1>{0});
    writer.add(std::array<std::size_t, 2>{1, 2});
    writer.add(std::array<std::size_t, 1>{0});
    writer.add(std::array<std::size_t, 2>{3, 4});
    constexpr ctnn::layer_facts fuses{.fuses_addition = true, .fuses_concatenation = true};
    planned_network<5, 7> net{8,
                              {planned_layer{8, {}}, planned_layer{8, fuses},
                               planned_layer{8, {.inputs = 2, .is_sum = true}},
                               planned_layer{4, fuses},
                               planned_layer{12, {.inputs = 2, .is_concatenation = true}}},
                              writer.to};
    return net.with(stage_lengths(net));
}();
static_assert(adding_part.addend_of(1) == 1);
static_assert(adding_part.concatenation_of(1) == no_value && adding_part.concatenation_of(3) == 4);
static_assert(adding_part.place_in(4, 4) == 8 && adding_part.place_in(4, 3) == 0);

TEST_CASE("plans of chains: everything is found, nothing is wasted") {
    check_prediction(lenet);
    check_prediction(nothing);
    check_prediction(one);
    check_prediction(reshapes_alone);
    check_prediction(relu_first);
    check_prediction(reshapes_last);
    check_prediction(hill);
    check_prediction(branched);
    check_prediction(beside);
    generator numbers(1);
    for (int list = 0; list < 1000; ++list) {
        const auto net = random_chain(numbers, list % 2 == 1);
        check_prediction(net);
        const auto plan = plan_prediction(net);
        CHECK(plan.size <= plan.largest_set + (list % 2 == 1 ? 15 : 0));  // scratch is aligned
    }
}

TEST_CASE("plans of 1,000 graphs: everything is found, next to nothing is wasted") {
    generator numbers(2);
    std::size_t waste = 0, all = 0, fusions = 0, in_parts = 0, copied = 0;
    for (int list = 0; list < 1000; ++list) {
        const auto net = random_graph(numbers, list % 4 == 0);
        for (const bool fused : {false, true}) {
            auto planned = net;
            std::array<std::size_t, 10> scratch{};
            for (std::size_t i = 0; i < 10; ++i) scratch[i] = net.layers[i].scratch;
            if (fused) planned = net.with(stage_lengths(net), scratch);
            for (std::size_t i = 0; i < 10; ++i) fusions += planned.addend_of(i) != no_value;
            check_prediction(planned);
            const auto plan = plan_prediction(planned);
            auto copies = planned;
            copies.copies_parts = true;
            check_prediction(copies);
            const std::size_t size = plan_prediction(copies).size;
            CHECK(plan_prediction(with_concatenations_chosen(planned)).size ==
                  std::min(plan.size, size));
            in_parts += plan.size < size, copied += size < plan.size;
            if (list % 4 == 0) continue;  // scratch memory is aligned
            waste += plan.size - plan.largest_set;
            all += plan.size;
        }
    }
    CHECK(all > 10'000);
    CHECK(fusions > 20);
    CHECK(in_parts > 20);
    CHECK(copied > 0);
    CHECK(waste * 100 <= all);
}
