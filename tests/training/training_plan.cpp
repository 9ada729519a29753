#include <ctnn/training/training_plan.hpp>

#include "support/planned_networks.hpp"

#include <doctest/doctest.h>

using namespace planned;

namespace {

/// Walks through training: every stage finds what it reads, on the way back what its gradient takes,
/// and the gradient of its output, to which all readers have given their parts.
template <std::size_t Layers, std::size_t Reads>
void check_stages(const planned_network<Layers, Reads>& net, bool to_input) {
    const training_plan<Layers, Reads> plan = plan_training(net, to_input);
    owned_memory memory(plan.size);
    const auto finds = [&](std::size_t value) {
        if (plan.is_input[value]) return origin(net, value) == 0;
        return memory.has(plan.values[value], net.size_of(value), origin(net, value));
    };
    for (std::size_t i = 0; i < Layers; ++i) {
        for (const std::size_t value : net.reads.read_by(i)) CHECK(finds(value));
        if (net.layers[i].is.reshapes) continue;
        const std::size_t value = net.given_by(i);
        CHECK(!plan.is_input[value]);
        memory.write(plan.values[value], net.size_of(value), value);
        i = value - 1;
    }
    CHECK(finds(net.reads.output));
    // A gradient is known by its value and by how many have given to it.
    const auto name = [](std::size_t value, std::size_t given) {
        return 1'000'000 + 1'000 * value + given;
    };
    std::array<std::size_t, Layers + 1> given{}, name_of{};  // in whose name it lies there
    for (std::size_t v = 0; v <= Layers; ++v) name_of[v] = v;
    memory.write(plan.gradients[net.reads.output], net.size_of(net.reads.output),
                 name(net.reads.output, ++given[net.reads.output]));
    CHECK(finds(net.reads.output));
    for (std::size_t i = Layers; i-- > 0;) {
        const planned_layer& layer = net.layers[i];
        bool wants = layer.has_parameters;
        for (const std::size_t value : net.reads.read_by(i)) wants |= plan.is_wanted[value];
        CHECK(plan.is_wanted[i + 1] == wants);
        if (!wants) continue;
        CHECK(given[i + 1] == net.reads.readers(i + 1));
        const auto finds_gradient = [&] {
            return memory.has(plan.gradients[i + 1], net.size_of(i + 1),
                              name(name_of[i + 1], given[name_of[i + 1]]));
        };
        CHECK(finds_gradient());
        if (layer.stage == 0) {  // elementwise: from its output, in place; a batch layer does it
            const std::size_t head = net.stage_of(i);
            REQUIRE(i == head + 1);
            CHECK(plan.gradients[i] == plan.gradients[i + 1]);
            ++given[i];
            if (net.layers[head].is.sees_batch) {
                name_of[i] = name_of[i + 1];
            } else {
                CHECK(finds(i + 1));
                CHECK(name_of[i + 1] == i + 1);
                memory.write(plan.gradients[i], net.size_of(i), name(i, given[i]));
            }
            continue;
        }
        const bool from_output = layer.is.in_place && !layer.is.needs_input;
        if (!layer.is.reshapes && !layer.is.ignores_input) {
            if (from_output) CHECK(finds(i + 1));
            for (const std::size_t value : net.reads.read_by(i))
                if (!from_output) CHECK(finds(value));
        }
        std::size_t taker = no_value;
        for (std::size_t r = net.reads.first[i]; r < net.reads.first[i + 1]; ++r) {
            const std::size_t value = net.reads.values[r], size = net.size_of(value);
            const std::size_t place = plan.gradients[value];
            const gradient mode = plan.modes[r];
            CHECK((mode == gradient::none) == !plan.is_wanted[value]);
            if (mode == gradient::none) continue;
            if (mode == gradient::adds) {
                if (value != taker) CHECK(memory.has(place, size, name(value, given[value])));
                if (!layer.is.reshapes && !layer.is.passes_gradient && !layer.is.adds_gradient)
                    memory.write(plan.parts[r], size, no_value);
            } else {
                CHECK(given[value] == 0);
            }
            ++given[value];
            if (mode == gradient::takes) {
                CHECK(place == plan.gradients[i + 1]);
                CHECK(name_of[i + 1] >= i + 1);  // the other term's, too, is to be left
                if (taker != no_value) {  // two terms, one place: the later layer reads first
                    CHECK(layer.is.passes_gradient);
                    name_of[std::max(taker, value)] = std::min(taker, value);
                    taker = std::min(taker, value);
                    continue;
                }
                taker = value;
            }
            if (value != taker) memory.write(place, size, name(value, given[value]));
            // Until all are written: the other inputs' gradients take it, too.
            if (mode == gradient::adds && layer.is.in_place && layer.is.inputs == 1) continue;
            CHECK(finds_gradient());
        }
        if (taker != no_value)
            memory.write(plan.gradients[taker], net.size_of(taker), name(taker, given[taker]));
    }
    if (to_input) CHECK(memory.has(plan.gradients[0], net.input, name(0, given[0])));
    CHECK(finds(net.reads.output));  // until the end
}
/// Layer by layer, and as training does.
template <std::size_t Layers, std::size_t Reads>
void check_training(const planned_network<Layers, Reads>& net, bool to_input) {
    check_stages(net, to_input);
    check_stages(net.with(training_stage_lengths(net)), to_input);
}

// What is computed in one go in training: an elementwise layer that can go back from its output, along
// with what fuses it and does not train differently, or looks at the whole batch; pooling that keeps
// positions; no addition.
constexpr planned_layer fuses(std::size_t size, ctnn::layer_facts is) {
    is.fuses_activation = is.fuses_pooling = is.fuses_addition = true;
    return {size, is, true};
}
constexpr ctnn::layer_facts elementwise{.in_place = true, .is_elementwise = true};
constexpr std::array<std::size_t, 3>
lengths_with(const planned_layer& first, ctnn::layer_facts next, ctnn::layer_facts last = {}) {
    return training_stage_lengths(in_a_row<3>(8, {{first, {8, next}, {8, last}}}));
}
using lengths = std::array<std::size_t, 3>;
static_assert(lengths_with(fuses(8, {}), elementwise) == lengths{2, 0, 1});
static_assert(lengths_with(fuses(8, {.trains_differently = true, .sees_batch = true}),
                           elementwise) == lengths{2, 0, 1});
static_assert(lengths_with(fuses(8, {.trains_differently = true}), elementwise) ==
              lengths{1, 1, 1});
static_assert(lengths_with(fuses(8, {}),
                           {.in_place = true, .needs_input = true, .is_elementwise = true}) ==
              lengths{1, 1, 1});
static_assert(lengths_with(fuses(8, {}), {.in_place = true,
                                          .trains_differently = true,
                                          .is_elementwise = true}) == lengths{1, 1, 1});
static_assert(lengths_with(fuses(8, {}), {.pools_disjoint_windows = true}) == lengths{1, 1, 1});
static_assert(lengths_with(fuses(8, {}), {.pools_disjoint_windows = true,
                                          .keeps_positions = true}) == lengths{2, 0, 1});
static_assert(lengths_with(fuses(8, {}), elementwise,
                           {.pools_disjoint_windows = true, .keeps_positions = true}) ==
              lengths{3, 0, 0});
static_assert(lengths_with(fuses(8, {}), elementwise, {.pools_disjoint_windows = true}) ==
              lengths{2, 0, 1});
static_assert(lengths_with(fuses(8, {.trains_differently = true, .sees_batch = true}), elementwise,
                           {.pools_disjoint_windows = true, .keeps_positions = true}) ==
              lengths{2, 0, 1});

}  // namespace

// Training keeps what gradients take: convolutions' inputs, and relu's output in the place of the
// convolution's. Most memory is taken on the way back through the first pooling: its input, both
// gradients, and the network's output.
static_assert(plan_training(lenet, false).values[1] == plan_training(lenet, false).values[2]);
static_assert(plan_training(lenet, false).largest_set == 2 * 4704 + 1176 + 10);
static_assert(plan_training(lenet, false).size == plan_training(lenet, false).largest_set);
// What is in place but needs its input: its output lies elsewhere, and what comes behind may
// overwrite that.
static_assert(plan_training(swish_relu, false).values[1] !=
              plan_training(swish_relu, false).values[2]);
static_assert(plan_training(swish_relu, false).values[2] ==
              plan_training(swish_relu, false).values[3]);
// What goes back by what it finds in x does without its own output, if that is overwritten.
constexpr auto batch_relu = in_a_row<4>(4, {{moving(8),
                                             fuses(8, {.in_place = true,
                                                       .needs_input = true,
                                                       .trains_differently = true,
                                                       .sees_batch = true}),
                                             {8, elementwise},
                                             {8, {.in_place = true, .ignores_input = true}}}});
constexpr auto batch_relu_in_one_go = batch_relu.with(training_stage_lengths(batch_relu));
static_assert(plan_training(batch_relu, false).values[3] !=
              plan_training(batch_relu, false).values[4]);
static_assert(plan_training(batch_relu_in_one_go, false).values[3] ==
              plan_training(batch_relu_in_one_go, false).values[4]);
// The gradient of one term of a sum is that of the sum; x gets a second part from relu.
static_assert(plan_training(branched, false).modes[2] == gradient::takes &&
              plan_training(branched, false).modes[3] == gradient::writes &&
              plan_training(branched, false).modes[1] == gradient::adds);
// Of a sum of values 1 and 2, number 2 needs no copy of the gradient: unless it is read by somebody
// else, too, or what gave it passes the gradient on as it is.
constexpr std::size_t without_a_copy(ctnn::layer_facts giver, bool is_read_twice) {
    links_writer<5, 7> writer;
    writer.add(std::array<std::size_t, 1>{0});
    writer.add(std::array<std::size_t, 1>{0});
    writer.add(std::array<std::size_t, 1>{is_read_twice ? std::size_t{2} : std::size_t{0}});
    writer.add(std::array<std::size_t, 2>{1, 2});
    writer.add(std::array<std::size_t, 2>{3, 4});
    constexpr planned_layer sum{8, {.inputs = 2, .passes_gradient = true}};
    return read_before_it_changes(
        planned_network<5, 7>{8, {moving(8), {8, giver, true}, moving(8), sum, sum}, writer.to}, 3);
}
static_assert(without_a_copy({}, false) == 2 && without_a_copy({}, true) == no_value);
static_assert(without_a_copy({.reshapes = true}, false) == no_value);
// Of every block three maps between layers and its output; at the end three gradients.
constexpr auto deep_plan = plan_training(deep, false);
static_assert(deep_plan.size == deep_plan.largest_set);

TEST_CASE("plans of training: everything is found, forward and back") {
    for (const bool to_input : {false, true}) {
        check_training(lenet, to_input);
        check_training(nothing, to_input);
        check_training(one, to_input);
        check_training(reshapes_alone, to_input);
        check_training(relu_first, to_input);
        check_training(reshapes_last, to_input);
        check_training(swish_relu, to_input);
        check_training(branched, to_input);
    }
    generator numbers(1);
    for (int list = 0; list < 1000; ++list) {
        check_training(random_chain(numbers, false), list % 3 == 0);
        check_training(random_graph(numbers, false), list % 2 == 0);
    }
}
