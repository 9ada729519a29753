// Random networks of branches inside branches against the reference in double: predictions,
// gradients, steps of training. Compiled in CTNN_PARTS parts, each with other networks.
#include <ctnn/ctnn.hpp>
#include <ctnn/training.hpp>

#include "support/graph_reference.hpp"
#include "support/random.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <vector>

#ifndef CTNN_PART
#define CTNN_PART 0
#endif

using namespace ctnn;

namespace {

// A number below `Below`, from a seed: types are drawn with it.
constexpr std::size_t drawn(std::size_t seed, std::size_t below) {
    return static_cast<std::size_t>(detail::mixed(seed * 0x9e3779b97f4a7c15U) >> 33U) % below;
}

template <std::size_t Seed, std::size_t Channels, std::size_t Depth>
struct entry;
template <std::size_t Seed, std::size_t Channels, std::size_t Depth>
using entry_t = typename entry<Seed, Channels, Depth>::type;

/// One to three layers that keep height, width and channels.
template <std::size_t Seed, std::size_t C, std::size_t Depth>
constexpr auto draw_branch() {
    constexpr std::size_t length = drawn(Seed, 4);
    if constexpr (length == 0)
        return std::type_identity<entry_t<7 * Seed + 1, C, Depth>>{};
    else if constexpr (length == 1)
        return std::type_identity<
            sequence<entry_t<7 * Seed + 1, C, Depth>, entry_t<7 * Seed + 2, C, Depth>>>{};
    else if constexpr (length == 2)
        return std::type_identity<
            sequence<entry_t<7 * Seed + 1, C, Depth>, entry_t<7 * Seed + 2, C, Depth>,
                     entry_t<7 * Seed + 3, C, Depth>>>{};
    else
        return std::type_identity<sequence<>>{};
}
template <std::size_t Seed, std::size_t C, std::size_t Depth>
using branch = typename decltype(draw_branch<Seed, C, Depth>())::type;

/// A layer, or branches if Depth allows, that keeps height, width and channels.
template <std::size_t Seed, std::size_t C, std::size_t Depth>
constexpr auto draw_entry() {
    constexpr std::size_t kind = drawn(Seed, Depth > 0 ? 31 : 23);
    constexpr std::size_t s = 11 * Seed + 5, d = Depth > 0 ? Depth - 1 : 0;
    if constexpr (kind == 0)
        return std::type_identity<conv2d<C, kernel<3, 3>, same>>{};
    else if constexpr (kind == 1)
        return std::type_identity<conv2d<C, kernel<1, 1>, use_bias<false>>>{};
    else if constexpr (kind == 2)
        return std::type_identity<sequence<conv2d<C, kernel<3, 2>, same>, relu>>{};
    else if constexpr (kind == 3)
        return std::type_identity<depthwise_conv2d<kernel<3, 3>, same>>{};
    else if constexpr (kind == 4)
        return std::type_identity<sequence<conv2d<C, kernel<3, 3>, same, use_bias<false>>,
                                           batch_normalization<>, relu>>{};
    else if constexpr (kind == 5)
        return std::type_identity<batch_normalization<momentum<1, 2>, epsilon<1, 100>>>{};
    else if constexpr (kind == 6)
        return std::type_identity<relu>{};
    else if constexpr (kind == 7)
        return std::type_identity<sigmoid>{};
    else if constexpr (kind == 8)
        return std::type_identity<ctnn::tanh>{};
    else if constexpr (kind == 9)
        return std::type_identity<swish>{};
    else if constexpr (kind == 10)
        return std::type_identity<prelu>{};
    else if constexpr (kind == 11)
        return std::type_identity<dropout<rate<1, 4>>>{};
    else if constexpr (kind == 12)
        return std::type_identity<elu<>>{};
    else if constexpr (kind == 13)
        return std::type_identity<max_pool2d<window<2, 2>, stride<1, 1>, same>>{};
    else if constexpr (kind == 14)
        return std::type_identity<average_pool2d<window<3, 2>, stride<1, 1>, same>>{};
    else if constexpr (kind == 15)
        return std::type_identity<sequence<zero_padding2d<1>, conv2d<C, kernel<3, 3>>, gelu>>{};
    else if constexpr (kind == 16)
        return std::type_identity<scale_and_offset>{};
    else if constexpr (kind == 17)
        return std::type_identity<
            sequence<conv2d<C, kernel<2, 2>, same>, spatial_dropout2d<rate<1, 3>>>>{};
    else if constexpr (kind == 18)
        return std::type_identity<
            sequence<up_sampling2d<factor<2, 2>>, softplus, average_pool2d<>>>{};
    else if constexpr (kind == 19)
        return std::type_identity<conv2d_transpose<C, kernel<3, 2>, same>>{};
    else if constexpr (kind == 20)
        return std::type_identity<
            sequence<conv2d_transpose<C, kernel<3, 3>, stride<2, 2>, same>, relu, max_pool2d<>>>{};
    else if constexpr (kind == 21)
        return std::type_identity<sequence<up_sampling2d<bilinear>, average_pool2d<>>>{};
    else if constexpr (kind == 22)
        return std::type_identity<layer_normalization<epsilon<1, 10>>>{};
    else if constexpr (kind < 26)
        return std::type_identity<residual<branch<s, C, d>>>{};
    else if constexpr (kind == 26)
        return std::type_identity<add<branch<s, C, d>, branch<s + 1, C, d>, branch<s + 2, C, d>>>{};
    else if constexpr (kind == 27)
        return std::type_identity<average<branch<s, C, d>, branch<s + 1, C, d>>>{};
    else if constexpr (kind == 28)
        return std::type_identity<maximum<branch<s, C, d>, branch<s + 1, C, d>>>{};
    else if constexpr (kind == 29)  // squeeze and excitation
        return std::type_identity<
            multiply<branch<s, C, d>, sequence<global_average_pool2d, dense<C>, sigmoid>>>{};
    else
        return std::type_identity<sequence<
            concatenate<branch<s, C, d>, sequence<conv2d<2, kernel<1, 1>>>, branch<s + 1, C, d>>,
            conv2d<C, kernel<1, 1>>>>{};
}
template <std::size_t Seed, std::size_t C, std::size_t Depth>
struct entry {
    using type = typename decltype(draw_entry<Seed, C, Depth>())::type;
};

constexpr std::size_t channels_of(std::size_t seed) {
    constexpr std::size_t all[]{3, 16, 4, 5, 1, 8, 17};
    return all[drawn(seed, 7)];
}
template <std::size_t Seed, std::size_t C = channels_of(Seed)>
using random_network =
    network<shape<4 + Seed % 2, 5, 2>, conv2d<C, kernel<3, 3>, same>,
            residual<branch<100 * Seed + 1, C, 2>>, entry_t<100 * Seed + 2, C, 2>,
            max_pool2d<window<2, 2>, same>, concatenate<sequence<>, branch<100 * Seed + 3, C, 1>>,
            flatten, dense<3>>;

constexpr std::size_t lanes = simd::native_lanes;

/// Takes what a step of training hands to an optimizer.
template <class Net>
struct recorder {
    parameters<Net> gradient{};
    void update(parameters<Net>&, const parameters<Net>& d_w) { gradient = d_w; }
};

template <class Net>
struct example {
    std::unique_ptr<parameters<Net>> w = std::make_unique<parameters<Net>>();
    std::vector<typename Net::input> images;
    std::vector<typename Net::output> targets;
    reference::batch x, t;

    explicit example(std::size_t count) {
        generator random(7 + count);
        initialize(*w, he_normal{.seed = 3});
        for (const parameter_entry& array : Net::parameter_table)
            for (std::size_t i = 0; i < array.size; ++i)
                if (array.rank == 1)
                    w->values()[array.offset + i] += array.array == "moving_variance"
                                                         ? random.between(0.0f, 1.0f)
                                                         : random.between(-0.4f, 0.4f);
        images.resize(count), targets.resize(count);
        for (std::size_t n = 0; n < count; ++n) {
            for (float& v : images[n]) v = random.between(-1.0f, 1.0f);
            for (float& v : targets[n]) v = random.between(-1.0f, 1.0f);
            x.emplace_back(images[n].begin(), images[n].end());
            t.emplace_back(targets[n].begin(), targets[n].end());
        }
    }
    [[nodiscard]] reference::image numbers() const {
        return {w->values().begin(), w->values().end()};
    }
    /// Mean squared error, in double.
    [[nodiscard]] double loss(const reference::graph& graph, const reference::image& numbers,
                              std::uint64_t step) const {
        const reference::batch y = graph.run(numbers, x, true, nullptr, 0, step);
        double sum = 0.0;
        for (std::size_t n = 0; n < y.size(); ++n)
            for (std::size_t i = 0; i < y[n].size(); ++i) sum += std::pow(y[n][i] - t[n][i], 2.0);
        return sum / static_cast<double>(y.size() * y[0].size());
    }
};

template <class Net>
void check_predictions(const reference::graph& graph) {
    for (const std::size_t count :
         {std::size_t{1}, lanes - (lanes > 1), lanes, lanes + 1, 2 * lanes + 3}) {
        const example<Net> e(count);
        const reference::batch expected = graph.run(e.numbers(), e.x, false);
        std::vector<typename Net::output> outputs(count);
        const auto space = std::make_unique<typename Net::batch_workspace>();
        for (auto& number : space->scratch.memory) number = simd::native(NAN);
        Net::predict(*e.w, e.images, outputs, *space);
        const auto one_space = std::make_unique<typename Net::workspace>();
        for (float& number : one_space->memory) number = NAN;  // nobody relies on zeros
        for (std::size_t n = 0; n < count; ++n) {
            const auto one = Net::predict(*e.w, e.images[n], *one_space);
            for (std::size_t i = 0; i < one.size(); ++i) {
                CHECK(outputs[n][i] == doctest::Approx(expected[n][i]).epsilon(1e-4).scale(1));
                CHECK(one[i] == doctest::Approx(expected[n][i]).epsilon(1e-4).scale(1));
            }
        }
    }
}

/// Without a workspace the random numbers of a step come from the parameters.
template <class Net>
std::uint64_t step_of(const parameters<Net>& w) {
    std::uint64_t step = 0;
    for (const float number : w.values())
        step = detail::mixed(step ^ std::bit_cast<std::uint32_t>(number));
    return step;
}

/// The gradient along random directions, each over one array, or over all.
template <class Net>
void check_gradients(const reference::graph& graph) {
    for (const std::size_t count : {std::size_t{2}, lanes + 1}) {
        example<Net> e(count);
        const std::uint64_t step = step_of(*e.w);
        const auto record = std::make_unique<recorder<Net>>();
        train_step<mean_squared_error>(*e.w, *record, e.images, e.targets);
        const auto gradient = record->gradient.values();
        generator random(17);
        const reference::image w = e.numbers();
        const auto check = [&](const reference::image& direction) {
            double expected = 0.0, found = 0.0, size = 0.0;
            constexpr double h = 1e-6;
            reference::image ahead = w, behind = w;
            for (std::size_t i = 0; i < w.size(); ++i) {
                ahead[i] += h * direction[i], behind[i] -= h * direction[i];
                found += direction[i] * static_cast<double>(gradient[i]);
                size += std::abs(direction[i] * static_cast<double>(gradient[i]));
            }
            expected = (e.loss(graph, ahead, step) - e.loss(graph, behind, step)) / (2.0 * h);
            CHECK(std::abs(found - expected) <= 2e-4 * size + 5e-6);
        };
        reference::image all(w.size());
        for (double& d : all) d = static_cast<double>(random.between(-1.0f, 1.0f));
        double sum = 0.0;
        for (const parameter_entry& array : Net::parameter_table) {
            reference::image one(w.size());
            for (std::size_t i = array.offset; i < array.offset + array.size; ++i) {
                if (!array.is_trained) {
                    CHECK(gradient[i] == 0.0f);
                    all[i] = 0.0;
                }
                one[i] = array.is_trained ? all[i] : 0.0;
                sum += std::abs(static_cast<double>(gradient[i]));
            }
            check(one);
        }
        check(all);
        CHECK(sum > 1e-3);
    }
}

/// The moving averages after a step, and the loss that the step saw.
template <class Net>
void check_step(const reference::graph& graph) {
    const std::size_t count = 2 * lanes + 3;
    example<Net> e(count);
    const reference::image before = e.numbers();
    sgd<Net> optimizer{{.learning_rate = 0.01}};
    const std::uint64_t step = step_of(*e.w);
    const double loss = e.loss(graph, before, step);
    CHECK(train_step<mean_squared_error>(*e.w, optimizer, e.images, e.targets).loss ==
          doctest::Approx(loss).epsilon(1e-5));
    reference::statistics found;
    static_cast<void>(graph.run(before, e.x, true, &found, 0, step));
    for (const auto& [i, statistics] : found) {
        const std::size_t channels = statistics.first.size(), first = graph.layers[i].offset;
        const double kept = channels == 0 ? 0.0 : (graph.layers[i].number > 0.005 ? 0.5 : 0.99);
        for (std::size_t c = 0; c < channels; ++c) {
            const std::size_t at = first + 2 * channels + c;
            CHECK(e.w->values()[at] ==
                  doctest::Approx(kept * before[at] + (1.0 - kept) * statistics.first[c])
                      .epsilon(1e-5)
                      .scale(1));
            CHECK(
                e.w->values()[at + channels] ==
                doctest::Approx(kept * before[at + channels] + (1.0 - kept) * statistics.second[c])
                    .epsilon(1e-5)
                    .scale(1));
        }
    }
}

/// What folding makes of it predicts the same.
template <class Net>
void check_folded(const reference::graph& graph) {
    const example<Net> e(3);
    const auto w = std::make_unique<parameters<folded<Net>>>(fold(*e.w));
    const reference::batch expected = graph.run(e.numbers(), e.x, false);
    const auto space = std::make_unique<typename folded<Net>::workspace>();
    for (std::size_t n = 0; n < 3; ++n) {
        const auto y = folded<Net>::predict(*w, e.images[n], *space);
        for (std::size_t i = 0; i < y.size(); ++i)
            CHECK(y[i] == doctest::Approx(expected[n][i]).epsilon(1e-4).scale(1));
    }
}

template <std::size_t Seed>
void check_network() {
    using net = random_network<Seed>;
    CAPTURE(Seed);
    const reference::graph graph = reference::graph_of<net>();
    check_predictions<net>(graph);
    check_gradients<net>(graph);
    check_step<net>(graph);
    if constexpr (Seed % 2 == 0) check_folded<net>(graph);
    static_assert(net::plan.size <= net::plan.largest_set * 11 / 10 + 16);
}

}  // namespace

TEST_CASE("random networks of branches: predictions, gradients, a step, folding") {
    constexpr std::size_t each = CTNN_NETWORKS;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (check_network<CTNN_PART * each + I>(), ...);
    }
    (std::make_index_sequence<each>{});
}
