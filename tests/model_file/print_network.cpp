#include <ctnn/model_file/print_network.hpp>

#include <ctnn/model_file/network_of.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using namespace ctnn::detail;
using kind = step_kind;

namespace {

constexpr listed_step plain(kind of) {
    listed_step step;
    step.kind = of;
    step.extents = step.stride = step.dilation = {1, 1};
    step.filters = 1;
    return step;
}
constexpr listed_step window(kind of, std::size_t filters, std::size_t rows, std::size_t columns) {
    listed_step step = plain(of);
    step.extents = {rows, columns};
    step.filters = filters;
    step.has_bias = true;
    return step;
}
template <class Change>
constexpr listed_step with(listed_step step, const Change& change) {
    change(step);
    return step;
}

/// Of a network of this one layer.
std::string text_of(const listed_step& from) {
    model_step step;
    step.kind = from.kind;
    step.extents = from.extents, step.stride = from.stride, step.dilation = from.dilation;
    step.is_same = from.is_same, step.is_bilinear = from.is_bilinear;
    step.pads = from.pads;
    step.filters = from.filters, step.groups = from.groups;
    step.first = from.first, step.second = from.second;
    step.output = from.output;
    step.arrays.resize(from.has_bias ? 2 : 1);
    step.inputs = {0};
    model_list list;
    list.graph.input = {6, 6, 4};
    list.graph.steps = {step};
    list.entries = {{0, 1}};
    return type_of_model(list).network().arguments.at(1).on_one_line();
}

}  // namespace

/// The text is the type that the compiler makes of the step.
#define IS(step, ...)                                                                              \
    do {                                                                                           \
        constexpr listed_step given = step;                                                        \
        static_assert(                                                                             \
            std::is_same_v<typename decltype(layer_of_step<given>())::type, __VA_ARGS__>);         \
        CHECK(text_of(given) == #__VA_ARGS__);                                                     \
    } while (false)

TEST_CASE("network_text: layers with windows, their options") {
    constexpr listed_step conv = window(kind::conv2d, 8, 3, 5),
                          depthwise = window(kind::depthwise_conv2d, 1, 3, 3),
                          transpose = window(kind::conv2d_transpose, 7, 2, 2),
                          largest = window(kind::max_pool2d, 0, 2, 3);
    IS(conv, ctnn::conv2d<8, ctnn::kernel<3, 5>>);
    IS(with(conv,
            [](listed_step& s) {
                s.is_same = true, s.stride = {2, 1}, s.groups = 4;
            }),
       ctnn::conv2d<8, ctnn::kernel<3, 5>, ctnn::stride<2, 1>, ctnn::groups<4>, ctnn::same>);
    IS(with(conv,
            [](listed_step& s) {
                s.has_bias = false, s.dilation = {1, 2};
            }),
       ctnn::conv2d<8, ctnn::kernel<3, 5>, ctnn::dilation<1, 2>, ctnn::use_bias<false>>);
    IS(with(conv,
            [](listed_step& s) {
                s.pads = {1, 1, 1, 1};
            }),
       ctnn::conv2d<8, ctnn::kernel<3, 5>, ctnn::padding<1>>);
    IS(with(conv,
            [](listed_step& s) {
                s.pads = {1, 1, 2, 2};
            }),
       ctnn::conv2d<8, ctnn::kernel<3, 5>, ctnn::padding<1, 2>>);
    IS(with(conv,
            [](listed_step& s) {
                s.pads = {0, 1, 0, 1};
            }),
       ctnn::conv2d<8, ctnn::kernel<3, 5>, ctnn::padding<0, 1, 0, 1>>);
    IS(depthwise, ctnn::depthwise_conv2d<ctnn::kernel<3, 3>>);
    IS(with(depthwise, [](listed_step& s) { s.filters = 3, s.is_same = true; }),
       ctnn::depthwise_conv2d<ctnn::kernel<3, 3>, ctnn::depth_multiplier<3>, ctnn::same>);
    IS(with(transpose,
            [](listed_step& s) {
                s.stride = {2, 2}, s.pads = {1, 0, 1, 0};
            }),
       ctnn::conv2d_transpose<7, ctnn::kernel<2, 2>, ctnn::stride<2, 2>,
                              ctnn::padding<1, 0, 1, 0>>);
    IS(window(kind::dense, 9, 1, 1), ctnn::dense<9>);
    IS(with(window(kind::dense, 9, 1, 1), [](listed_step& s) { s.has_bias = false; }),
       ctnn::dense<9, ctnn::use_bias<false>>);
    IS(with(largest,
            [](listed_step& s) {
                s.stride = {2, 3};
            }),
       ctnn::max_pool2d<ctnn::window<2, 3>>);
    IS(with(largest,
            [](listed_step& s) {
                s.stride = {1, 1}, s.is_same = true;
            }),
       ctnn::max_pool2d<ctnn::window<2, 3>, ctnn::stride<1, 1>, ctnn::same>);
    IS(with(largest, [](listed_step& s) { s.kind = kind::average_pool2d, s.pads[1] = 1; }),
       ctnn::average_pool2d<ctnn::window<2, 3>, ctnn::stride<1, 1>, ctnn::padding<0, 1, 0, 0>>);
    IS(plain(kind::global_max_pool2d), ctnn::global_max_pool2d);
    IS(plain(kind::global_average_pool2d), ctnn::global_average_pool2d);
}

TEST_CASE("network_text: normalization, activations") {
    IS(with(plain(kind::batch_normalization),
            [](listed_step& s) {
                s.first = {1, 1000};
            }),
       ctnn::batch_normalization<>);
    IS(with(plain(kind::batch_normalization),
            [](listed_step& s) {
                s.first = {1, 100000};
            }),
       ctnn::batch_normalization<ctnn::epsilon<1, 100000>>);
    IS(with(plain(kind::leaky_relu),
            [](listed_step& s) {
                s.first = {1, 5};
            }),
       ctnn::leaky_relu<ctnn::negative_slope<1, 5>>);
    IS(with(plain(kind::elu), [](listed_step& s) { s.first = {1, 1}; }), ctnn::elu<>);
    IS(with(plain(kind::elu),
            [](listed_step& s) {
                s.first = {1, 2};
            }),
       ctnn::elu<ctnn::alpha<1, 2>>);
    IS(with(plain(kind::clip),
            [](listed_step& s) {
                s.first = {-1, 2}, s.second = {3, 1};
            }),
       ctnn::clip<ctnn::low<-1, 2>, ctnn::high<3>>);
    IS(plain(kind::scale_and_offset), ctnn::scale_and_offset);
    IS(plain(kind::relu), ctnn::relu);
    IS(plain(kind::relu6), ctnn::relu6);
    IS(plain(kind::prelu), ctnn::prelu);
    IS(plain(kind::selu), ctnn::selu);
    IS(plain(kind::sigmoid), ctnn::sigmoid);
    IS(plain(kind::hard_sigmoid), ctnn::hard_sigmoid);
    IS(plain(kind::hard_swish), ctnn::hard_swish);
    IS(plain(kind::swish), ctnn::swish);
    IS(plain(kind::tanh), ctnn::tanh);
    IS(plain(kind::gelu), ctnn::gelu);
    IS(plain(kind::softplus), ctnn::softplus);
    IS(plain(kind::softsign), ctnn::softsign);
    IS(plain(kind::exponential), ctnn::exponential);
    IS(plain(kind::softmax), ctnn::softmax);
}

TEST_CASE("network_text: layers that move numbers") {
    IS(plain(kind::flatten), ctnn::flatten);
    IS(with(plain(kind::reshape),
            [](listed_step& s) {
                s.output = {4, 9, 4};
            }),
       ctnn::reshape<4, 9, 4>);
    IS(with(plain(kind::zero_padding2d),
            [](listed_step& s) {
                s.pads = {1, 2, 3, 4};
            }),
       ctnn::zero_padding2d<1, 2, 3, 4>);
    IS(window(kind::up_sampling2d, 0, 2, 2), ctnn::up_sampling2d<>);
    IS(with(window(kind::up_sampling2d, 0, 2, 3), [](listed_step& s) { s.is_bilinear = true; }),
       ctnn::up_sampling2d<ctnn::factor<2, 3>, ctnn::bilinear>);
}

namespace {

/// Steps that read the values given with them.
model_list list_of(const model_shape& input,
                   const std::vector<std::pair<kind, std::vector<std::size_t>>>& steps) {
    model_list list;
    list.graph.input = input;
    for (const auto& [of, inputs] : steps) {
        model_step step;
        step.kind = of;
        step.inputs = inputs;
        list.graph.output = list.graph.add(step);
    }
    arranger arrange(list.graph);
    list.entries = arrange.entries();
    REQUIRE(!arrange.mistake);
    return list;
}

}  // namespace

TEST_CASE("network_text: inputs, branches, the end of a line") {
    CHECK(network_text(list_of({1, 1, 9}, {{kind::relu, {0}}}), "n") ==
          "using n = ctnn::network<ctnn::features<9>, ctnn::relu>;\n");
    CHECK(network_text(list_of({1, 7, 2}, {{kind::relu, {0}}}), "n") ==
          "using n = ctnn::network<ctnn::sequence_shape<7, 2>, ctnn::relu>;\n");
    CHECK(network_text(list_of({7, 1, 2}, {}), "n") ==
          "using n = ctnn::network<ctnn::shape<7, 1, 2>>;\n");
    // relu, x + tanh(sigmoid(x)), its maximum with its relu
    CHECK(network_text(list_of({7, 1, 2}, {{kind::relu, {0}},
                                           {kind::sigmoid, {1}},
                                           {kind::tanh, {2}},
                                           {kind::add, {1, 3}},
                                           {kind::relu, {4}},
                                           {kind::maximum, {5, 4}}}),
                       "n") == "using n = ctnn::network<ctnn::shape<7, 1, 2>,\n"
                               "    ctnn::relu, ctnn::residual<ctnn::sigmoid, ctnn::tanh>,\n"
                               "    ctnn::maximum<ctnn::relu, ctnn::sequence<>>>;\n");
    CHECK(network_text(list_of({7, 1, 2}, {{kind::add, {0, 0}}}), "n") ==
          "using n = ctnn::network<ctnn::shape<7, 1, 2>, "
          "ctnn::add<ctnn::sequence<>, ctnn::sequence<>>>;\n");
    static_assert(
        std::is_same_v<meeting_of_model<kind::add, ctnn::sequence<>, ctnn::sequence<>>::type,
                       ctnn::add<ctnn::sequence<>, ctnn::sequence<>>>);
    // A branch of one layer is that layer, and no residual<>.
    CHECK(network_text(list_of({7, 1, 2}, {{kind::relu, {0}}, {kind::add, {1, 0}}}), "n") ==
          "using n = ctnn::network<ctnn::shape<7, 1, 2>, ctnn::add<ctnn::relu, "
          "ctnn::sequence<>>>;\n");

    std::vector<std::pair<kind, std::vector<std::size_t>>> steps;
    for (std::size_t i = 0; i < 40; ++i) steps.push_back({kind::hard_swish, {i}});
    steps.push_back({kind::multiply, {0, 40}});
    std::istringstream lines(network_text(list_of({2, 3, 4}, steps), "n"));
    std::size_t count = 0, longest = 0;
    for (std::string line; std::getline(lines, line); ++count)
        longest = std::max(longest, line.size());
    CHECK(count > 9);
    CHECK(longest <= 100);
}

TEST_CASE("network_text: blocks that repeat") {
    // x + conv(relu(conv(x))), three times.
    model_list list;
    list.graph.input = {8, 8, 8};
    for (int i = 0; i < 3; ++i) {
        const std::size_t x = list.graph.steps.size();
        model_step conv;
        conv.kind = kind::conv2d;
        conv.filters = 8;
        conv.extents = {3, 5}, conv.stride = conv.dilation = {1, 1};
        conv.is_same = true;
        conv.inputs = {x};
        conv.arrays.resize(2);
        list.graph.add(conv);
        model_step relu;
        relu.kind = kind::relu;
        relu.inputs = {x + 1};
        list.graph.add(relu);
        conv.inputs = {x + 2};
        list.graph.add(conv);
        model_step sum;
        sum.kind = kind::add;
        sum.inputs = {x + 3, x};
        list.graph.output = list.graph.add(sum);
    }
    list.entries = arranger(list.graph).entries();
    CHECK(network_text(list, "net") ==
          "using net_block = ctnn::residual<\n"
          "    ctnn::conv2d<8, ctnn::kernel<3, 5>, ctnn::same>, ctnn::relu,\n"
          "    ctnn::conv2d<8, ctnn::kernel<3, 5>, ctnn::same>>;\n\n"
          "using net = ctnn::network<ctnn::shape<8, 8, 8>, net_block, net_block, net_block>;\n");
    for (const std::size_t dense : std::array<std::size_t, 4>{2, 1, 1, 1}) {
        const std::size_t x = list.graph.steps.size();
        for (std::size_t i = 0; i < 5; ++i) {
            model_step step;
            step.kind = i == 0   ? kind::dense
                        : i == 1 ? kind::batch_normalization
                                 : kind::hard_swish;
            step.filters = dense;
            step.inputs = {x + i};
            step.first = {1, 10};
            step.arrays.resize(2);
            list.graph.output = list.graph.add(step);
        }
    }
    list.entries = arranger(list.graph).entries();
    CHECK(
        network_text(list, "net")
            .starts_with(
                "template <std::size_t Outputs>\nusing net_block1 = ctnn::sequence<\n"
                "    ctnn::dense<Outputs>,\n    ctnn::batch_normalization<ctnn::epsilon<1, 10>>, "
                "ctnn::hard_swish, ctnn::hard_swish,\n    ctnn::hard_swish>;\n\nusing net_block2 = "
                "ctnn::residual<\n"));
}
