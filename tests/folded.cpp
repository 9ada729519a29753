#include <ctnn/folded.hpp>

#include <ctnn/ctnn.hpp>
#include <ctnn/training.hpp>

#include "support/random.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <type_traits>

using namespace ctnn;

namespace {

using c = conv2d<4, kernel<3, 3>, same, use_bias<false>>;
using c_with_bias = conv2d<4, kernel<3, 3>, same>;
using map = shape<6, 5, 3>;
template <class... Entries>
using of = network<map, Entries...>;

// What is behind a convolution or a dense layer goes into it; what is only there in training goes.
static_assert(std::is_same_v<folded<of<c, batch_normalization<>, relu, dropout<rate<1, 2>>, flatten,
                                       dense<7>, batch_normalization<>, gaussian_noise<stddev<1>>>>,
                             of<c_with_bias, relu, flatten, dense<7>>>);
static_assert(std::is_same_v<folded<of<depthwise_conv2d<kernel<3, 3>, use_bias<false>, stride<2>>,
                                       batch_normalization<>>>,
                             of<depthwise_conv2d<kernel<3, 3>, stride<2>>>>);
// Anything else keeps a factor and a summand.
static_assert(std::is_same_v<folded<of<batch_normalization<>, c, relu, batch_normalization<>>>,
                             of<scale_and_offset, c, relu, scale_and_offset>>);
static_assert(std::is_same_v<folded<of<c, batch_normalization<>, batch_normalization<>>>,
                             of<c_with_bias, scale_and_offset>>);
// In lists inside of lists.
static_assert(
    std::is_same_v<
        folded<of<sequence<c, batch_normalization<>>, residual<c, batch_normalization<>, relu>,
                  add<batch_normalization<>, spatial_dropout2d<rate<1, 2>>, sequence<>>>>,
        of<sequence<c_with_bias>, residual<c_with_bias, relu>,
           add<scale_and_offset, sequence<>, sequence<>>>>);
static_assert(std::is_same_v<folded<of<network<map, c, batch_normalization<>>>>,
                             of<network<map, c_with_bias>>>);
static_assert(std::is_same_v<folded<of<>>, of<>>);
// Behind a sequence: into its last layer.
static_assert(std::is_same_v<folded<of<sequence<relu, c>, batch_normalization<>, relu>>,
                             of<sequence<relu, c_with_bias>, relu>>);
static_assert(
    std::is_same_v<
        folded<of<separable_conv2d<4, kernel<3, 3>, use_bias<false>>, batch_normalization<>>>,
        of<sequence<depthwise_conv2d<kernel<3, 3>, use_bias<false>>, conv2d<4, kernel<1, 1>>>>>);
// Types of the user's own.
struct block : sequence<c, batch_normalization<>> {};
struct two_ways : add<sequence<>, sequence<c, batch_normalization<>, conv2d<3, kernel<1, 1>>>> {};
static_assert(std::is_same_v<folded<of<block, relu>>, of<sequence<c_with_bias>, relu>>);
static_assert(folded<of<two_ways>>::leaf_count == 3);
template <class Activation>
struct activated : add<sequence<c, batch_normalization<>, Activation>, c> {};
template <class... Entries>
struct around : residual<Entries..., relu> {};
static_assert(folded<of<activated<swish>>>::leaf_count == 4);
static_assert(folded<of<concatenate<around<batch_normalization<>>, sequence<>>>>::leaf_count == 4);
// Another layer between: nothing to fold into.
static_assert(std::is_same_v<folded<of<c, dropout<rate<1, 2>>, batch_normalization<>>>,
                             of<c, scale_and_offset>>);

template <class Net>
void predicts_the_same() {
    const auto w = std::make_unique<parameters<Net>>();
    initialize(*w, he_normal{.seed = 2});
    generator random(3);
    for (const parameter_entry& array : Net::parameter_table)
        for (std::size_t i = 0; i < array.size; ++i)
            if (array.rank == 1)
                w->values()[array.offset + i] += array.array == "moving_variance"
                                                     ? random.between(-0.9f, 2.0f)
                                                     : random.between(-0.5f, 0.5f);
    const auto f = std::make_unique<parameters<folded<Net>>>(fold(*w));
    typename Net::input x;
    for (float& v : x) v = random.between(-1.0f, 1.0f);
    const auto expected = Net::predict(*w, x), y = folded<Net>::predict(*f, x);
    CHECK(varied(expected));
    for (std::size_t i = 0; i < y.size(); ++i)
        CHECK(y[i] == doctest::Approx(expected[i]).epsilon(1e-5).scale(1));
}

constexpr bool in_a_constant_expression() {
    using net = network<shape<1, 2, 1>, conv2d<1, kernel<1, 1>>, batch_normalization<epsilon<1>>>;
    // y = 3 ((2 x + 1) - 5) / sqrt(3 + 1) + 4
    const net::parameters w{{2, 1, 3, 4, 5, 3}};
    const folded<net>::parameters f = fold(w);
    return f.elements[0] == 3 && f.elements[1] == -2;
}
static_assert(in_a_constant_expression());

}  // namespace

TEST_CASE("folded networks predict the same") {
    predicts_the_same<of<c, batch_normalization<>, relu, residual<c, batch_normalization<>>>>();
    predicts_the_same<of<batch_normalization<>, c_with_bias, batch_normalization<epsilon<1, 10>>,
                         batch_normalization<>>>();
    predicts_the_same<
        of<depthwise_conv2d<kernel<3, 2>, depth_multiplier<2>>, batch_normalization<>>>();
    predicts_the_same<of<conv2d<6, kernel<2, 2>, groups<3>, use_bias<false>>, batch_normalization<>,
                         flatten, dropout<rate<1, 2>>, dense<9>, batch_normalization<>, softmax>>();
    predicts_the_same<of<separable_conv2d<5, kernel<3, 3>>, batch_normalization<>,
                         conv2d_transpose<4, kernel<2, 2>, stride<2>>, batch_normalization<>>>();
    predicts_the_same<
        of<two_ways, block, residual<block>, sequence<block>, batch_normalization<>>>();
    predicts_the_same<of<activated<relu>, around<batch_normalization<>, activated<sigmoid>>>>();
    predicts_the_same<of<dropout<rate<1, 2>>, concatenate<c, sequence<>>, batch_normalization<>>>();
    CHECK(in_a_constant_expression());
}
