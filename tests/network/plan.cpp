#include <ctnn/network/plan.hpp>

#include "support/random.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

using namespace ctnn::detail;

namespace {

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

/// Walks through a prediction: every layer finds what it reads, the network's output included;
/// scratch memory is apart from both; only the last layer that computes writes to the caller, and
/// no layer to the caller's input.
template <std::size_t Layers, std::size_t Reads>
void check_prediction(const planned_network<Layers, Reads>& net) {
    const memory_plan<Layers> plan = plan_prediction(net);
    owned_memory memory(plan.size);
    bool is_given = false;
    const auto finds = [&](std::size_t value) {
        const placement p = plan.values[value];
        if (p.where == placement::input) return origin(net, value) == 0;
        if (p.where == placement::result)
            return is_given && origin(net, value) == origin(net, net.reads.output);
        return memory.has(p.offset, net.size_of(value), origin(net, value));
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
        CHECK((p.where == placement::result) == (given == origin(net, net.reads.output)));
        CHECK(p.where != placement::input);
        if (p.where == placement::result) is_given = true;
        if (p.where != placement::memory) continue;
        const bool overwrites = [&] {
            for (const std::size_t value : net.reads.read_by(i)) {
                const placement x = plan.values[value];
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

/// Walks through training: every layer finds what it reads, on the way back what its gradient takes,
/// and the gradient of its output, to which all readers have given their parts.
template <std::size_t Layers, std::size_t Reads>
void check_training(const planned_network<Layers, Reads>& net, bool to_input) {
    const training_plan<Layers, Reads> plan = plan_training(net, to_input);
    owned_memory memory(plan.size);
    const auto finds = [&](std::size_t value) {
        if (plan.is_input[value]) return origin(net, value) == 0;
        return memory.has(plan.values[value], net.size_of(value), origin(net, value));
    };
    for (std::size_t i = 0; i < Layers; ++i) {
        for (const std::size_t value : net.reads.read_by(i)) CHECK(finds(value));
        if (net.layers[i].is.reshapes) continue;
        CHECK(!plan.is_input[i + 1]);
        memory.write(plan.values[i + 1], net.size_of(i + 1), i + 1);
    }
    CHECK(finds(net.reads.output));
    // A gradient is known by its value and by how many have given to it.
    const auto name = [](std::size_t value, std::size_t given) {
        return 1'000'000 + 1'000 * value + given;
    };
    std::array<std::size_t, Layers + 1> given{};
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
        CHECK(memory.has(plan.gradients[i + 1], net.size_of(i + 1), name(i + 1, given[i + 1])));
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
                if (!layer.is.reshapes && !layer.is.passes_gradient)
                    memory.write(plan.parts[r], size, no_value);
            } else {
                CHECK(given[value] == 0);
            }
            ++given[value];
            if (mode == gradient::takes) {
                CHECK(taker == no_value);
                CHECK(place == plan.gradients[i + 1]);
                taker = value;
            }
            if (value != taker) memory.write(place, size, name(value, given[value]));
            // The other inputs' gradients take it, too.
            if (layer.is.inputs > 1)
                CHECK(memory.has(plan.gradients[i + 1], net.size_of(i + 1),
                                 name(i + 1, given[i + 1])));
        }
        if (taker != no_value)
            memory.write(plan.gradients[taker], net.size_of(taker), name(taker, given[taker]));
    }
    if (to_input) CHECK(memory.has(plan.gradients[0], net.input, name(0, given[0])));
    CHECK(finds(net.reads.output));  // until the end
}

}  // namespace

// LeNet-5: convolution, relu, pooling, twice; flatten; three dense layers, relu, softmax.
constexpr auto lenet =
    in_a_row<13>(784, {{moving(4704), in_place(4704), moving(1176), moving(1600), in_place(1600),
                        moving(400), reshaping(400), moving(120), in_place(120), moving(84),
                        in_place(84), moving(10), in_place(10)}});
static_assert(plan_prediction(lenet).size == 4704 + 1176);
static_assert(plan_prediction(lenet).layers[0].where == placement::memory &&
              plan_prediction(lenet).layers[1].where == placement::input &&
              plan_prediction(lenet).layers[6].where == placement::input &&
              plan_prediction(lenet).layers[12].where == placement::result);
constexpr auto nothing = in_a_row<0>(5, {});
static_assert(plan_prediction(nothing).size == 0);
constexpr auto one = in_a_row<1>(5, {{moving(7)}});
static_assert(plan_prediction(one).size == 0);  // from the caller to the caller
constexpr auto reshapes_alone = in_a_row<2>(6, {{reshaping(6), reshaping(6)}});
static_assert(plan_prediction(reshapes_alone).size == 0);
// The caller's input must not be overwritten: relu as the first layer moves.
constexpr auto relu_first = in_a_row<3>(8, {{in_place(8), in_place(8), moving(2)}});
static_assert(plan_prediction(relu_first).size == 8);
static_assert(plan_prediction(relu_first).layers[0].where == placement::memory &&
              plan_prediction(relu_first).layers[1].where == placement::input);
// What only reshapes after the last layer leaves the output where it is.
constexpr auto reshapes_last = in_a_row<4>(9, {{reshaping(9), moving(4), moving(6), reshaping(6)}});
static_assert(plan_prediction(reshapes_last).size == 4);
static_assert(plan_prediction(reshapes_last).layers[2].where == placement::result);
// The largest pair in the middle; a small buffer at the end must not lie in its large neighbour.
constexpr auto hill =
    in_a_row<6>(1, {{moving(3), moving(50), moving(20), moving(45), moving(2), moving(1)}});
static_assert(plan_prediction(hill).size == 70);

// Training keeps what gradients take: convolutions' inputs, and relu's output in the place of the
// convolution's. Most memory is taken on the way back through the first pooling: its input, both
// gradients, and the network's output.
static_assert(plan_training(lenet, false).values[1] == plan_training(lenet, false).values[2]);
static_assert(plan_training(lenet, false).largest_set == 2 * 4704 + 1176 + 10);
static_assert(plan_training(lenet, false).size == plan_training(lenet, false).largest_set);
// What is in place but needs its input: in training its output lies elsewhere, and what comes behind
// may overwrite that.
constexpr auto swish_relu = in_a_row<4>(
    4, {{moving(8), {8, {.in_place = true, .needs_input = true}}, in_place(8), moving(1)}});
static_assert(plan_training(swish_relu, false).values[1] !=
              plan_training(swish_relu, false).values[2]);
static_assert(plan_training(swish_relu, false).values[2] ==
              plan_training(swish_relu, false).values[3]);
static_assert(plan_prediction(swish_relu).layers[1].where == placement::input);

// x + relu(x): the sum lies where one of its terms lay, and the gradient of x needs no second place.
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
static_assert(plan_prediction(branched).size == 16);
static_assert(plan_training(branched, false).modes[2] == gradient::takes &&
              plan_training(branched, false).modes[3] == gradient::writes &&
              plan_training(branched, false).modes[1] == gradient::adds);

TEST_CASE("plans of chains: everything is found, nothing is wasted") {
    check_prediction(lenet);
    check_prediction(nothing);
    check_prediction(one);
    check_prediction(reshapes_alone);
    check_prediction(relu_first);
    check_prediction(reshapes_last);
    check_prediction(hill);
    check_prediction(branched);
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
    const auto random = [&](std::uint64_t below) { return numbers.next() % below; };
    for (int list = 0; list < 1000; ++list) {
        std::array<planned_layer, 7> layers{};
        std::size_t size = 1 + random(20);
        const std::size_t input = size;
        for (planned_layer& layer : layers) {
            const std::uint64_t kind = random(4);
            if (kind < 2) size = 1 + random(20);
            layer = kind < 2 ? moving(size) : kind == 2 ? in_place(size) : reshaping(size);
            if (list % 2 == 1 && kind != 3) layer.scratch = random(3) * random(40);
        }
        const auto net = in_a_row(input, layers);
        check_prediction(net);
        check_training(net, list % 3 == 0);
        const auto plan = plan_prediction(net);
        CHECK(plan.size <= plan.largest_set + (list % 2 == 1 ? 15 : 0));  // scratch is aligned
    }
}

TEST_CASE("plans of 1,000 graphs: everything is found, next to nothing is wasted") {
    constexpr std::size_t layers = 10, reads = 14;
    generator numbers(2);
    const auto random = [&](std::uint64_t below) { return numbers.next() % below; };
    std::size_t waste = 0, all = 0, fusions = 0;
    for (int list = 0; list < 1000; ++list) {
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
                layer = kind == 0 ? planned_layer{size + 3, {.inputs = 2}}
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
                        : kind == 2 ? planned_layer{size, {.in_place = true, .needs_input = true}}
                        : kind == 3 ? planned_layer{1 + random(9), {.ignores_input = true}}
                        : kind == 4 ? moving(size)
                                    : moving(1 + random(20));
                layer.is.fuses_addition = layer.is.fuses_activation = kind > 3;
                layer.is.is_elementwise = kind == 0;
                layer.scratch = list % 4 == 0 && kind > 3 ? random(2) * random(30) : 0;
            }
            ends.push_back(i + 1);
        }
        REQUIRE(ends.size() == 1);
        net.reads = writer.to;
        check_training(net, list % 2 == 0);
        for (const bool fused : {false, true}) {
            auto planned = net;
            std::array<std::size_t, layers> scratch{};
            for (std::size_t i = 0; i < layers; ++i) scratch[i] = net.layers[i].scratch;
            if (fused) planned = net.with(stage_lengths(net), scratch);
            for (std::size_t i = 0; i < layers; ++i) fusions += planned.addend_of(i) != no_value;
            check_prediction(planned);
            const auto plan = plan_prediction(planned);
            if (list % 4 == 0) continue;  // scratch memory is aligned
            waste += plan.size - plan.largest_set;
            all += plan.size;
        }
    }
    CHECK(all > 10'000);
    CHECK(fusions > 20);
    CHECK(waste * 100 <= all);
}
