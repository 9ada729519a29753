// Branches: shapes, parameters, fingerprints; and graphs that are odd: empty branches, one value under
// several names, what may not be overwritten because others read it.
#include <ctnn/network/branches.hpp>

#include <ctnn/ctnn.hpp>
#include <ctnn/training.hpp>

#include "support/graph_reference.hpp"
#include "support/random.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <memory>
#include <tuple>
#include <type_traits>
#include <vector>

using namespace ctnn;

namespace {

using map = shape<2, 3, 2>;
using input = sequence<>;
using c = conv2d<2, kernel<1, 1>>;
using inner = network<map, conv2d<2, kernel<2, 2>, same>, batch_normalization<>, relu>;
template <class... Entries>
using of = network<map, Entries...>;

// Shapes.
template <class... Entries>
using output_of = typename of<Entries...>::output_shape;
static_assert(std::is_same_v<output_of<add<input, input>>, map>);
static_assert(std::is_same_v<output_of<concatenate<input, input, c>>, shape<2, 3, 6>>);
static_assert(std::is_same_v<output_of<multiply<global_average_pool2d, input>>, map>);
static_assert(std::is_same_v<output_of<add<flatten, sequence<relu, flatten>>>, features<12>>);
static_assert(std::is_same_v<of<residual<residual<>>, flatten>::shape_after<0>, map>);

// Parameters by position: of the list, of the branch, of its layers.
using net = of<c, add<inner, sequence<relu, inner>, input>, flatten, dense<1>>;
static_assert(net::leaf_count == 11 && net::entry_count == 4);
static_assert(net::parameter_count == 6 + 2 * inner::parameter_count + 13);
static_assert(net::trained_parameter_count == net::parameter_count - 8);
constexpr bool finds_parameters() {
    net::parameters w{};
    w.layer<1>().layer<1>().layer<1>().layer<0>().bias()[1] = 3;  // of the second branch's inner
    w.layer<3>().bias()[0] = 4;
    return w.elements[6 + inner::parameter_count + 17] == 3 &&
           w.elements[net::parameter_count - 1] == 4;
}
static_assert(finds_parameters());

// Fingerprints: what is computed counts, and what each layer reads.
static_assert(of<add<input, relu>>::fingerprint != of<add<relu, input>>::fingerprint);
static_assert(of<add<input, relu>>::fingerprint != of<average<input, relu>>::fingerprint);
static_assert(of<relu, add<input, sigmoid>>::fingerprint !=
              of<add<relu, sequence<relu, sigmoid>>>::fingerprint);
static_assert(of<sigmoid, residual<relu>>::fingerprint != of<residual<sigmoid, relu>>::fingerprint);
static_assert(of<residual<relu>>::fingerprint ==
              of<add<sequence<relu, dropout<rate<1, 2>>>, sequence<expect<map>>>>::fingerprint);

// What is only read takes no memory of the network's.
static_assert(of<add<input, input>>::plan.size == 0 && of<residual<>, flatten>::plan.size == 0);
static_assert(of<relu, flatten>::plan.size == 0 && of<>::plan.size == 0);

// Branches that end with a convolution write into their part of a concatenation: its memory is all
// that is needed. What others read, too, is copied.
template <std::size_t Channels, class... Behind>
using branch = sequence<conv2d<Channels, kernel<1, 1>>, Behind...>;
using beside = concatenate<branch<3>, branch<4, relu>, branch<1, relu, max_pool2d<window<1, 1>>>>;
using beside_many = of<c, beside, conv2d<1, kernel<1, 1>>>;
static_assert(of<beside>::plan.size == of<branch<3>>::plan.size);
static_assert(of<beside>::plan.values[1].where == ctnn::detail::placement::result);
static_assert(of<beside>::plan.values[3].offset == 3);
static_assert(beside_many::plan.values[2].offset == beside_many::plan.values[8].offset);
static_assert(beside_many::plan.values[4].offset == beside_many::plan.values[8].offset + 3);
static_assert(of<c, concatenate<input, branch<3>>, c>::plan.values[2].offset ==
              of<c, concatenate<input, branch<3>>, c>::plan.values[3].offset + 2);
// So do pooling, a transposed convolution and up_sampling2d.
template <class... Options>
using largest_of_four = max_pool2d<window<2>, stride<1>, same, Options...>;
using other_parts = concatenate<largest_of_four<>, conv2d_transpose<3, kernel<2>, same>,
                                average_pool2d<window<3>, stride<1>, same>>;
using larger_parts = concatenate<up_sampling2d<>, conv2d_transpose<5, kernel<2>, stride<2>>,
                                 up_sampling2d<bilinear>>;
static_assert(of<other_parts>::plan.values[1].where == ctnn::detail::placement::result);
static_assert(of<other_parts>::plan.values[3].offset == map::channels + 3);
static_assert(of<larger_parts>::plan.values[2].offset == map::channels &&
              of<larger_parts>::plan.values[3].where == ctnn::detail::placement::result);
// Where the other branch needs more than is saved, the parts are copied together: the first one takes
// less room meanwhile.
using one_beside_much =
    of<concatenate<branch<1>, sequence<conv2d<40, kernel<1, 1>>, branch<30>, branch<3>>>, c>;
static_assert(one_beside_much::plan.size == (1 + 40 + 30) * 6);
static_assert(one_beside_much::plan.values[1].offset != one_beside_much::plan.values[5].offset);

// A constant expression.
using small = network<shape<4, 4, 1>, conv2d<3, kernel<3, 3>, same>, batch_normalization<>, relu,
                      residual<conv2d<3, kernel<3, 3>, same>, batch_normalization<>, relu,
                               conv2d<3, kernel<3, 3>, same>, batch_normalization<>>,
                      relu, dropout<rate<1, 4>>, max_pool2d<>,
                      multiply<input, sequence<global_average_pool2d, dense<3>, sigmoid>>,
                      concatenate<input, swish, sequence<conv2d<2, kernel<1, 1>>, relu>>,
                      global_average_pool2d, dense<2>, softmax>;
constexpr small::parameters small_weights = [] {
    small::parameters w{};
    int i = 0;
    for (float& v : w.values()) v = static_cast<float>(i++ * 37 % 101 - 40) / 90.0f;
    for (const parameter_entry& array : small::parameter_table)
        for (std::size_t k = 0; k < array.size; ++k)
            if (array.array == "moving_variance") w.values()[array.offset + k] = 0.5f;
    return w;
}();
constexpr small::input small_image{{1, 2, 0, -1, 0.5, 3, 1, 1, -2, 0, 1, 2, 2, 1, 0, 1}};
constexpr small::output by_the_compiler = small::predict(small_weights, small_image);
static_assert(by_the_compiler[0] > 0.01f && by_the_compiler[1] > 0.01f);
static_assert(by_the_compiler[0] + by_the_compiler[1] > 0.99999f);
constexpr auto small_folded = fold(small_weights);
constexpr small::output folded_by_the_compiler = folded<small>::predict(small_folded, small_image);
static_assert(folded_by_the_compiler[0] - by_the_compiler[0] < 1e-5f &&
              by_the_compiler[0] - folded_by_the_compiler[0] < 1e-5f);

constexpr std::size_t lanes = simd::native_lanes;

/// Predictions, and the gradients of input and parameters, against the reference in double.
template <class Net>
void check() {
    CAPTURE(reference::graph_of<Net>().layers.size());
    const reference::graph graph = reference::graph_of<Net>();
    const std::size_t count = lanes;
    generator random(7);
    const auto w = std::make_unique<parameters<Net>>();
    initialize(*w, he_normal{.seed = 3});
    for (float& v : w->values()) v += random.between(0.0f, 0.3f);
    const reference::image numbers(w->values().begin(), w->values().end());
    std::vector<typename Net::input> images(count);
    reference::batch x;
    for (auto& image : images) {
        for (float& v : image) v = random.between(-1.0f, 1.0f);
        x.emplace_back(image.begin(), image.end());
    }
    const auto agrees = [](float found, double expected) {
        CHECK(found == doctest::Approx(expected).epsilon(1e-4).scale(1));
    };

    const reference::batch expected = graph.run(numbers, x, false);
    std::vector<typename Net::output> outputs(count);
    const auto many = std::make_unique<typename Net::batch_workspace>();
    for (auto& number : many->scratch.memory) number = simd::native(NAN);  // nobody relies on zeros
    Net::predict(*w, images, outputs, *many);
    const auto space = std::make_unique<typename Net::workspace>();
    for (float& number : space->memory) number = NAN;
    const auto one = Net::predict(*w, images[0], *space);
    for (std::size_t i = 0; i < one.size(); ++i) {
        agrees(one[i], expected[0][i]);
        for (std::size_t n = 0; n < count; ++n) agrees(outputs[n][i], expected[n][i]);
    }

    // Loss: the sum of the squared outputs.
    using pass_of = backpropagation<Net, simd::native, Net::leaf_count, true>;
    const auto pass = std::make_unique<pass_of>();
    for (auto& number : pass->memory.memory) number = simd::native(NAN);
    if constexpr (pass_of::is_random)
        for (std::size_t n = 0; n < lanes; ++n) pass->random.keys[n] = detail::key_of(0, 5, n);
    std::array<const typename Net::input*, lanes> from;
    for (std::size_t n = 0; n < lanes; ++n) from[n] = &images[n];
    to_lanes<simd::native>(from, tensor_view(pass->x));
    pass->forward(*w);
    for (std::size_t i = 0; i < Net::output_shape::size; ++i)
        pass->d_output()[i] = simd::native(2.0f) * pass->output()[i];
    parameters<Net> d_w{};
    tensor<typename Net::input_shape, simd::native> d_x;
    pass->backward(*w, d_w, d_x);
    const auto loss = [&](const reference::image& of_numbers, const reference::batch& of_x) {
        double sum = 0.0;
        for (const auto& y : graph.run(of_numbers, of_x, true, nullptr, 0, 5))
            for (const double v : y) sum += v * v;
        return sum;
    };
    constexpr double h = 1e-6;
    double found = 0.0, size = 0.0;
    const auto moved = [&](double& ahead, double& behind, float gradient) {
        const double direction = static_cast<double>(random.between(-1.0f, 1.0f));
        ahead += h * direction, behind -= h * direction;
        found += direction * static_cast<double>(gradient);
        size += std::abs(direction * static_cast<double>(gradient));
    };
    reference::batch x_ahead = x, x_behind = x;
    for (std::size_t i = 0; i < Net::input_shape::size; ++i) {
        float d[lanes];
        simd::store(d, simd::native(d_x[i]));
        for (std::size_t n = 0; n < lanes; ++n) moved(x_ahead[n][i], x_behind[n][i], d[n]);
    }
    CHECK(std::abs((loss(numbers, x_ahead) - loss(numbers, x_behind)) / (2.0 * h) - found) <=
          2e-4 * size + 1e-5);
    CHECK(size > 1e-3);
    reference::image w_ahead = numbers, w_behind = numbers;
    found = size = 0.0;
    for (std::size_t i = 0; i < numbers.size(); ++i)
        moved(w_ahead[i], w_behind[i], d_w.values()[i]);
    CHECK(std::abs((loss(w_ahead, x) - loss(w_behind, x)) / (2.0 * h) - found) <=
          2e-4 * size + 1e-5);
}

}  // namespace

TEST_CASE("branches of nothing: the input") {
    check<of<>>();
    check<of<flatten, add<input, input>>>();
    check<of<residual<>, residual<residual<>>, concatenate<input, input>, maximum<input, input>,
             multiply<input, input, input>, average<input, dropout<rate<1, 2>>>>>();
}

TEST_CASE("branches that read the same value: nobody overwrites it") {
    check<of<c, add<relu, sigmoid, input, dropout<rate<1, 2>>>, residual<relu>,
             concatenate<flatten, sequence<relu, flatten>>>>();
    check<of<c, add<flatten, flatten>, add<input, dense<12>>, softmax>>();
    check<of<residual<reshape<3, 2, 2>, c, reshape<2, 3, 2>>,
             residual<reshape<3, 2, 2>, relu, reshape<2, 3, 2>>>>();
    check<of<add<batch_normalization<>, batch_normalization<>, input>, add<c, sequence<relu, c>>,
             relu, add<input, c>, add<c, input>, swish>>();
}

TEST_CASE("branches of a concatenation: some in their place, some copied") {
    check<of<c, concatenate<input, branch<3, relu>, sequence<c, sigmoid>>, flatten, dense<2>>>();
    check<
        of<c, beside, concatenate<branch<2>, concatenate<branch<1>, branch<2, relu>>, input>, c>>();
    check<of<beside, beside, residual<concatenate<branch<3>, branch<5>>>>>();
    check<of<c, other_parts, c, other_parts, c>>();
    check<of<c, larger_parts, conv2d<2, kernel<3>>>>();
    check<of<c, concatenate<branch<5>, sequence<>, branch<2>>, add<c, c>, flatten>>();
}

TEST_CASE("a concatenation of more channels than lanes: one image and many, bit for bit") {
    using larger_map = shape<5, 7, 3>;
    using first = sequence<conv2d<19, kernel<3, 3>, same>, relu>;
    using second = sequence<depthwise_conv2d<kernel<3, 3>, same>>;
    using third = sequence<conv2d<33, kernel<1, 1>>, hyperbolic_tangent>;
    using whole = network<larger_map, concatenate<first, second, third>>;
    generator random(12);
    const auto w = std::make_unique<whole::parameters>();
    const std::vector<float> numbers = random.vector(whole::parameter_count, -0.3f, 0.3f);
    std::copy(numbers.begin(), numbers.end(), w->elements);
    std::vector<whole::input> images(simd::native_lanes + 1);
    for (whole::input& image : images) {
        const std::vector<float> pixels = random.vector(larger_map::size, -1.0f, 1.0f);
        std::copy(pixels.begin(), pixels.end(), image.begin());
    }
    const auto predictions = [&]<class Net>(std::type_identity<Net>, std::size_t first_number) {
        const auto part = std::make_unique<parameters<Net>>();
        std::copy_n(numbers.begin() + static_cast<std::ptrdiff_t>(first_number),
                    Net::parameter_count, part->elements);
        std::vector<typename Net::output> many(images.size());
        const auto space = std::make_unique<typename Net::batch_workspace>();
        Net::predict(*part, images, many, *space);
        for (const typename Net::input& image : images) many.push_back(Net::predict(*part, image));
        return many;
    };
    using nets = std::tuple<network<larger_map, first>, network<larger_map, second>,
                            network<larger_map, third>>;
    const auto found = predictions(std::type_identity<whole>{}, 0);
    std::size_t first_channel = 0, first_number = 0;
    const auto check_part = [&]<class Net>(std::type_identity<Net> net) {
        const auto expected = predictions(net, first_number);
        std::size_t differ = 0;
        for (std::size_t n = 0; n < found.size(); ++n)
            for (std::size_t h = 0; h < 5; ++h)
                for (std::size_t w_ = 0; w_ < 7; ++w_)
                    for (std::size_t f = 0; f < Net::output_shape::channels; ++f)
                        differ += found[n](h, w_, first_channel + f) != expected[n](h, w_, f);
        CHECK(differ == 0);
        first_channel += Net::output_shape::channels;
        first_number += Net::parameter_count;
    };
    check_part(std::type_identity<std::tuple_element_t<0, nets>>{});
    check_part(std::type_identity<std::tuple_element_t<1, nets>>{});
    check_part(std::type_identity<std::tuple_element_t<2, nets>>{});
    CHECK(first_channel == whole::output_shape::channels);
}

TEST_CASE("branches that are the same value, twice and three times: as many gradients") {
    check<of<c, add<input, input, input>, c, add<input, input, c>, flatten, dense<2>>>();
    check<of<c, add<c, input, input>, c, add<flatten, flatten, flatten>, dense<2>>>();
}

TEST_CASE("branches: networks, one type twice, softmax inside, the scale first") {
    check<of<add<inner, inner>, concatenate<inner, input, inner>, flatten,
             multiply<sequence<dense<3>, softmax>, dense<3>, dense<3>>>>();
    check<of<c, multiply<sequence<global_average_pool2d, dense<2>, sigmoid>, input, relu>>>();
}

TEST_CASE("branches in a constant expression: what a program predicts") {
    const small::output y = small::predict(small_weights, small_image);
    for (std::size_t i = 0; i < 2; ++i)
        CHECK(y[i] == doctest::Approx(by_the_compiler[i]).epsilon(1e-5));
}

TEST_CASE("a convolution that adds to another value: one image and many") {
    using larger_map = shape<5, 7, 16>;
    using last = conv2d<16, kernel<3, 3>, same>;
    using alone = network<larger_map, last>;
    using added = network<larger_map, residual<last>, relu>;  // to the input, which must stay
    generator random(11);
    const std::vector<float> numbers = random.vector(alone::parameter_count, -0.3f, 0.3f);
    const auto w = std::make_unique<added::parameters>();
    const auto w_alone = std::make_unique<alone::parameters>();
    std::copy(numbers.begin(), numbers.end(), w->elements);
    std::copy(numbers.begin(), numbers.end(), w_alone->elements);
    std::vector<added::input> images(simd::native_lanes + 1);
    std::vector<added::output> many(images.size());
    for (added::input& image : images) {
        const std::vector<float> pixels = random.vector(larger_map::size, -1.0f, 1.0f);
        std::copy(pixels.begin(), pixels.end(), image.begin());
    }
    const auto space = std::make_unique<added::batch_workspace>();
    added::predict(*w, images, many, *space);
    for (std::size_t n = 0; n < images.size(); ++n) {
        const added::output one = added::predict(*w, images[n]);
        const alone::output f = alone::predict(*w_alone, images[n]);
        for (std::size_t i = 0; i < larger_map::size; ++i) {
            const float wanted = std::max(0.0f, f[i] + images[n][i]);
            CHECK(one[i] == doctest::Approx(wanted).epsilon(1e-5).scale(1));
            CHECK(many[n][i] == doctest::Approx(wanted).epsilon(1e-5).scale(1));
        }
    }
}
