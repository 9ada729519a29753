#include <ctnn/model_file/interpret.hpp>

#include <ctnn/ctnn.hpp>
#include <ctnn/model_file/parameters.hpp>

#include "support/random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

using namespace ctnn;
using detail::model_step;
using kind = detail::step_kind;

namespace {

/// A step that reads value 0, with the window of a layer.
model_step step_of(kind of, std::size_t filters = 1, std::array<std::size_t, 2> extents = {1, 1}) {
    model_step step;
    step.kind = of;
    step.filters = filters;
    step.extents = extents;
    step.inputs = {0};
    return step;
}
template <class Change>
model_step with(model_step step, const Change& change) {
    change(step);
    return step;
}

/// The steps compute what the compiled network does. Their parameters, laid out as a file with
/// some bytes before, come out as the network's, under the network's names.
template <class Net>
void agrees(std::vector<model_step> steps) {
    using shape = typename Net::input_shape;
    CAPTURE(Net::parameter_count);
    const auto w = std::make_unique<typename Net::parameters>();
    generator random(Net::fingerprint);
    for (float& weight : w->values()) weight = random.between(0.25f, 1.0f);
    auto x = std::make_unique<typename Net::input>();
    for (float& pixel : *x) pixel = random.between(-4.0f, 8.0f);

    constexpr std::size_t before = 7;
    std::vector<unsigned char> file(before);
    for (const float weight : w->values())
        for (unsigned shift = 0; shift < 32; shift += 8)
            file.push_back(
                static_cast<unsigned char>(std::bit_cast<std::uint32_t>(weight) >> shift));
    detail::model_list list;
    list.graph.input = {shape::height, shape::width, shape::channels};
    auto entry = Net::parameter_table.begin();
    for (model_step& step : steps) {
        for (; entry != Net::parameter_table.end() && entry->layer == name_of(step.kind); ++entry) {
            detail::model_array array{true, 0.0f, before + 4 * entry->offset};
            std::size_t stride = 4;
            for (std::size_t i = 0; i < entry->rank; ++i) {
                array.extents[3 - i] = entry->extents[entry->rank - 1 - i];
                array.strides[3 - i] = stride;
                stride *= array.extents[3 - i];
            }
            step.arrays.push_back(array);
        }
        list.graph.output = list.graph.add(step);
    }
    REQUIRE(entry == Net::parameter_table.end());
    detail::arranger arrange(list.graph);
    list.entries = arrange.entries();
    REQUIRE(!arrange.mistake);

    const std::vector<parameter_entry> table = detail::model_parameter_table(list);
    REQUIRE(table.size() == Net::parameter_table.size());
    for (std::size_t i = 0; i < table.size(); ++i) {
        const parameter_entry &found = table[i], &expected = Net::parameter_table[i];
        CHECK(found.layer == expected.layer);
        CHECK(found.number == expected.number);
        CHECK(found.array == expected.array);
        CHECK(found.rank == expected.rank);
        CHECK(found.extents == expected.extents);
        CHECK(found.offset == expected.offset);
        CHECK(found.is_trained == expected.is_trained);
    }
    CHECK(std::ranges::equal(detail::model_parameters(file, list), w->values()));

    const std::vector<double> found =
        detail::interpreter(list.graph, file)(std::span(x->begin(), x->end()));
    const typename Net::output expected = Net::predict(*w, *x);
    REQUIRE(found.size() == Net::output_shape::size);
    double largest = 0.0;
    for (const double number : found) largest = std::max(largest, std::abs(number));
    REQUIRE(largest > 0.0);
    for (std::size_t i = 0; i < found.size(); ++i)
        CHECK(std::abs(found[i] - static_cast<double>(expected[i])) <= 1e-5 * largest);
}

using map = shape<5, 6, 4>;

}  // namespace

TEST_CASE("interpreter: layers with windows") {
    agrees<network<map, conv2d<6, kernel<3, 2>, stride<2, 1>, groups<2>, padding<1, 2, 0, 1>>>>(
        {with(step_of(kind::conv2d, 6, {3, 2}), [](model_step& s) {
            s.stride = {2, 1}, s.groups = 2, s.pads = {1, 2, 0, 1};
        })});
    agrees<network<map, conv2d<3, kernel<2, 3>, dilation<2, 1>, same, use_bias<false>>>>(
        {with(step_of(kind::conv2d, 3, {2, 3}), [](model_step& s) {
            s.dilation = {2, 1}, s.is_same = true;
        })});
    agrees<network<map, depthwise_conv2d<kernel<3, 3>, depth_multiplier<2>, padding<1>>>>(
        {with(step_of(kind::depthwise_conv2d, 2, {3, 3}), [](model_step& s) {
            s.pads = {1, 1, 1, 1};
        })});
    agrees<network<map, conv2d_transpose<3, kernel<4, 3>, stride<2, 2>, padding<1, 0>>>>(
        {with(step_of(kind::conv2d_transpose, 3, {4, 3}), [](model_step& s) {
            s.stride = {2, 2}, s.pads = {1, 1, 0, 0};
        })});
    agrees<network<map, conv2d_transpose<3, kernel<2, 2>, stride<3, 3>>>>(
        {with(step_of(kind::conv2d_transpose, 3, {2, 2}), [](model_step& s) {
            s.stride = {3, 3};
        })});
    agrees<network<map, max_pool2d<window<3, 2>, stride<1, 1>, padding<1, 0>>>>(
        {with(step_of(kind::max_pool2d, 0, {3, 2}), [](model_step& s) {
            s.pads = {1, 1, 0, 0};
        })});
    agrees<network<map, average_pool2d<window<3, 3>, stride<2, 2>, padding<1>>>>(
        {with(step_of(kind::average_pool2d, 0, {3, 3}), [](model_step& s) {
            s.stride = {2, 2}, s.pads = {1, 1, 1, 1};
        })});
    agrees<network<map, global_max_pool2d>>({step_of(kind::global_max_pool2d)});
    agrees<network<map, global_average_pool2d>>({step_of(kind::global_average_pool2d)});
    agrees<network<features<9>, dense<4>>>({step_of(kind::dense, 4)});
}

TEST_CASE("interpreter: normalization, activations") {
    agrees<network<map, batch_normalization<epsilon<1, 8>>>>(
        {with(step_of(kind::batch_normalization), [](model_step& s) {
            s.first = {1, 8};
        })});
    agrees<network<map, clip<low<-1, 2>, high<3, 2>>>>(
        {with(step_of(kind::clip), [](model_step& s) {
            s.first = {-1, 2}, s.second = {3, 2};
        })});
    agrees<network<map, leaky_relu<negative_slope<1, 5>>>>(
        {with(step_of(kind::leaky_relu), [](model_step& s) {
            s.first = {1, 5};
        })});
    agrees<network<map, elu<alpha<1, 2>>>>({with(step_of(kind::elu), [](model_step& s) {
        s.first = {1, 2};
    })});
    agrees<network<map, scale_and_offset>>({step_of(kind::scale_and_offset)});
    agrees<network<map, prelu>>({step_of(kind::prelu)});
    agrees<network<map, relu>>({step_of(kind::relu)});
    agrees<network<map, relu6>>({step_of(kind::relu6)});
    agrees<network<map, selu>>({step_of(kind::selu)});
    agrees<network<map, sigmoid>>({step_of(kind::sigmoid)});
    agrees<network<map, hard_sigmoid>>({step_of(kind::hard_sigmoid)});
    agrees<network<map, hard_swish>>({step_of(kind::hard_swish)});
    agrees<network<map, swish>>({step_of(kind::swish)});
    agrees<network<map, hyperbolic_tangent>>({step_of(kind::tanh)});
    agrees<network<map, gelu>>({step_of(kind::gelu)});
    agrees<network<map, softplus>>({step_of(kind::softplus)});
    agrees<network<map, softsign>>({step_of(kind::softsign)});
    agrees<network<map, exponential>>({step_of(kind::exponential)});
    agrees<network<map, softmax>>({step_of(kind::softmax)});
}

TEST_CASE("interpreter: layers that move numbers, branches") {
    agrees<network<map, flatten>>({step_of(kind::flatten)});
    agrees<network<map, reshape<3, 10, 4>>>({with(step_of(kind::reshape), [](model_step& s) {
        s.output = {3, 10, 4};
    })});
    agrees<network<map, zero_padding2d<1, 2, 3, 0>>>(
        {with(step_of(kind::zero_padding2d), [](model_step& s) {
            s.pads = {1, 2, 3, 0};
        })});
    agrees<network<map, up_sampling2d<factor<2, 3>>>>({step_of(kind::up_sampling2d, 0, {2, 3})});
    agrees<network<map, up_sampling2d<factor<3, 2>, bilinear>>>({with(
        step_of(kind::up_sampling2d, 0, {3, 2}), [](model_step& s) { s.is_bilinear = true; })});

    const auto branches = [](kind meeting) {
        return std::vector<model_step>{step_of(kind::sigmoid), step_of(kind::prelu),
                                       with(step_of(meeting), [](model_step& s) {
                                           s.inputs = {1, 0, 2};
                                       })};
    };
    agrees<network<map, add<sigmoid, sequence<>, prelu>>>(branches(kind::add));
    agrees<network<map, multiply<sigmoid, sequence<>, prelu>>>(branches(kind::multiply));
    agrees<network<map, maximum<sigmoid, sequence<>, prelu>>>(branches(kind::maximum));
    agrees<network<map, average<sigmoid, sequence<>, prelu>>>(branches(kind::average));
    agrees<network<map, concatenate<sigmoid, sequence<>, prelu>>>(branches(kind::concatenate));
    agrees<network<map, multiply<global_max_pool2d, sequence<>>>>(
        {step_of(kind::global_max_pool2d), with(step_of(kind::multiply), [](model_step& s) {
             s.inputs = {1, 0};
         })});
}
