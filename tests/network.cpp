#include <ctnn/network.hpp>

#include <ctnn/ctnn.hpp>

#include "support/falling.hpp"
#include "support/random.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cfenv>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

using namespace ctnn;

namespace {

using lenet5 =
    network<shape<28, 28, 1>, conv2d<6, kernel<5, 5>, same>, relu, max_pool2d<window<2, 2>>,
            conv2d<16, kernel<5, 5>>, relu, max_pool2d<window<2, 2>>, flatten, dense<120>, relu,
            dense<84>, relu, dense<10>, softmax>;

static_assert(std::is_same_v<lenet5::shape_after<0>, shape<28, 28, 6>>);
static_assert(std::is_same_v<lenet5::shape_after<5>, shape<5, 5, 16>>);
static_assert(std::is_same_v<lenet5::shape_after<6>, features<400>>);
static_assert(std::is_same_v<lenet5::output_shape, features<10>>);
static_assert(lenet5::parameter_count == 61706 && lenet5::multiply_adds == 416520);
static_assert(lenet5::leaf_count == 13 && lenet5::entry_count == 13);
static_assert(lenet5::workspace_bytes == sizeof(lenet5::workspace));
static_assert(std::is_trivially_copyable_v<lenet5::parameters>);
static_assert(std::is_trivially_copyable_v<lenet5::workspace>);
static_assert(std::is_trivially_copyable_v<lenet5::batch_workspace>);
static_assert(noexcept(lenet5::predict(std::declval<lenet5::parameters&>(),
                                       std::declval<lenet5::input&>())));

// The same network three ways.
using block = sequence<conv2d<3, kernel<3, 3>>, relu, max_pool2d<>>;
using head = network<shape<3, 4, 3>, flatten, dense<7>, ctnn::tanh, dense<4>, softmax>;
using flat = network<shape<8, 10, 2>, conv2d<3, kernel<3, 3>>, relu, max_pool2d<>, flatten,
                     dense<7>, ctnn::tanh, dense<4>, softmax>;
using nested = network<shape<8, 10, 2>, block, head>;
using deeper = network<shape<8, 10, 2>, sequence<sequence<block>, sequence<>>, sequence<head>>;

static_assert(flat::parameter_count == nested::parameter_count &&
              flat::parameter_count == deeper::parameter_count);
static_assert(flat::multiply_adds == nested::multiply_adds);
static_assert(nested::leaf_count == 8 && nested::entry_count == 2);
static_assert(std::is_same_v<nested::shape_after<0>, shape<3, 4, 3>>);
static_assert(std::is_same_v<nested::output_shape, features<4>>);
static_assert(nested::offset<1> == 57 && flat::offset<4> == 57);

/// What the layers give one after the other, each by itself.
template <class Net, std::size_t Index = 0, class T>
auto layer_by_layer(const typename Net::parameters& w, const T& x) {
    if constexpr (Index == Net::entry_count) {
        return x;
    } else {
        using layer = typename Net::template layer<Index>;
        if constexpr (layer::parameter_count > 0)
            return layer_by_layer<Net, Index + 1>(w, layer::forward(w.template layer<Index>(), x));
        else
            return layer_by_layer<Net, Index + 1>(w, layer::forward(x));
    }
}

template <class Net>
void predicts_what_its_layers_say() {
    const auto w = std::make_unique<typename Net::parameters>();
    const auto x = std::make_unique<typename Net::input>();
    const auto scratch = std::make_unique<typename Net::workspace>();
    fill_random(*w, 1, 0.2f);
    fill_random(*x, 2, 1.0f);
    const auto expected = layer_by_layer<Net>(*w, *x);
    const auto y = Net::predict(*w, *x, *scratch);
    const auto without = Net::predict(*w, *x);
    for (std::size_t i = 0; i < y.size(); ++i) {
        // Not the same bits: the compiler contracts multiplications and additions that meet.
        CHECK(y[i] == doctest::Approx(expected[i]).epsilon(1e-6));
        CHECK(without[i] == y[i]);
    }
    CHECK(varied(y));

    // Any number of images at once: the lanes hold different ones, and the last pack is not full.
    const auto batch_scratch = std::make_unique<typename Net::batch_workspace>();
    for (const std::size_t count :
         {std::size_t{0}, std::size_t{1}, simd::native_lanes - 1, simd::native_lanes,
          simd::native_lanes + 1, 2 * simd::native_lanes + 3}) {
        std::vector<typename Net::input> images(count);
        std::vector<typename Net::output> outputs(count);
        for (std::size_t n = 0; n < count; ++n) fill_random(images[n], 10 + n, 1.0f);
        Net::predict(*w, images, outputs, *batch_scratch);
        for (std::size_t n = 0; n < count; ++n) {
            const auto one = Net::predict(*w, images[n]);
            for (std::size_t i = 0; i < one.size(); ++i)
                CHECK(outputs[n][i] == doctest::Approx(one[i]).epsilon(1e-5));
        }
    }
}

constexpr bool test_constant_expression() {
    using tiny = network<shape<3, 3, 1>, average_pool2d<window<2, 2>, stride<1, 1>>, flatten,
                         dense<2>, softmax>;
    tiny::parameters w{};
    w.layer<2>().kernel()(0, 1) = 1.0f;
    tiny::input x{};
    x(0, 0, 0) = 4.0f;
    tiny::workspace scratch;
    const tiny::output y = tiny::predict(w, x, scratch);  // logits 0, 1
    const float p = 2.718281828f / (1.0f + 2.718281828f);
    return y[1] > p - 1e-6f && y[1] < p + 1e-6f && y[0] + y[1] > 1.0f - 1e-6f;
}
static_assert(test_constant_expression());

}  // namespace

TEST_CASE("network<shape<28, 28, 1>, ...>: LeNet-5 predicts what its layers say") {
    predicts_what_its_layers_say<lenet5>();
}

TEST_CASE("network<...>: layers at the ends of the list") {
    predicts_what_its_layers_say<network<shape<3, 3, 2>, relu, flatten>>();  // overwrites its
                                                                             // input, if it may
    predicts_what_its_layers_say<network<shape<3, 3, 2>, flatten>>();        // nothing to compute
    predicts_what_its_layers_say<network<shape<3, 3, 2>>>();                 // no layer at all
    predicts_what_its_layers_say<network<shape<3, 3, 2>, ctnn::tanh>>();
    predicts_what_its_layers_say<
        network<shape<3, 3, 2>, flatten, ctnn::tanh, expect<features<18>>>>();
    predicts_what_its_layers_say<
        network<shape<3, 3, 2>, ctnn::tanh, sigmoid, elu<>, leaky_relu<>>>();
    predicts_what_its_layers_say<network<shape<5, 4, 2>, conv2d<3, kernel<2, 2>>, flatten>>();
    predicts_what_its_layers_say<network<shape<1, 1, 1>, dense<1>, dense<1>, dense<1>, dense<1>>>();
}

TEST_CASE("network<...>: every kind of layer") {
    predicts_what_its_layers_say<
        network<shape<13, 11, 4>, conv2d<6, kernel<3, 3>, same, stride<2, 1>, groups<2>>, elu<>,
                depthwise_conv2d<kernel<3, 3>, dilation<2, 1>>, leaky_relu<>,
                average_pool2d<window<2, 3>, same>, sigmoid, max_pool2d<window<2, 2>, stride<1, 1>>,
                global_max_pool2d, dense<9>, ctnn::tanh, dense<5>, softmax>>();
    predicts_what_its_layers_say<
        network<shape<6, 7, 3>, conv2d<5, kernel<3, 3>>, global_average_pool2d, softmax>>();
}

TEST_CASE("network<...>: what is computed in one go is what the layers say") {
    // Convolution, activation and pooling: filters around every vector's width, remainders,
    // paddings.
    predicts_what_its_layers_say<
        network<shape<9, 11, 2>, conv2d<3, kernel<3, 3>, same>, relu, max_pool2d<window<2, 3>>>>();
    predicts_what_its_layers_say<network<shape<9, 11, 2>, conv2d<5, kernel<2, 4>, stride<2, 1>>,
                                         ctnn::tanh, average_pool2d<window<2, 2>>>>();
    predicts_what_its_layers_say<network<
        shape<7, 8, 3>, conv2d<17, kernel<3, 3>, padding<1, 0, 2, 1>>, max_pool2d<window<3, 1>>>>();
    predicts_what_its_layers_say<network<shape<8, 40, 1>, conv2d<33, kernel<3, 3>, use_bias<false>>,
                                         elu<>, average_pool2d<window<1, 2>>, relu>>();
    predicts_what_its_layers_say<network<shape<10, 10, 1>, conv2d<2, kernel<3, 3>, dilation<2, 2>>,
                                         sigmoid, max_pool2d<>>>();
    predicts_what_its_layers_say<
        network<shape<6, 6, 4>, conv2d<8, kernel<3, 3>, groups<2>, same>, relu, max_pool2d<>>>();
    predicts_what_its_layers_say<
        network<shape<3, 3, 1>, conv2d<6, kernel<3, 3>>, relu, max_pool2d<window<1, 1>>>>();
    // Activations that may come after the maximum, and one that may not.
    predicts_what_its_layers_say<
        network<shape<9, 9, 1>, conv2d<6, kernel<3, 3>>, leaky_relu<>, max_pool2d<>,
                conv2d<17, kernel<1, 1>>, elu<>, max_pool2d<window<3, 1>>>>();
    predicts_what_its_layers_say<
        network<shape<9, 9, 1>, conv2d<6, kernel<3, 3>>, falling, max_pool2d<>,
                conv2d<17, kernel<1, 1>>, falling, max_pool2d<window<3, 1>>>>();
    // Pooling that is not: overlapping windows, or padding.
    predicts_what_its_layers_say<network<shape<9, 9, 1>, conv2d<6, kernel<3, 3>>, relu,
                                         max_pool2d<window<3, 3>, stride<2, 2>>>>();
    predicts_what_its_layers_say<network<shape<9, 9, 1>, conv2d<6, kernel<3, 3>>, relu,
                                         average_pool2d<window<2, 2>, same>>>();
    // An input too large to be padded on the stack.
    predicts_what_its_layers_say<network<
        shape<30, 30, 20>, conv2d<4, kernel<3, 3>, same, stride<3, 3>>, relu, max_pool2d<>>>();
    // Dense layers: outputs around every vector's width.
    predicts_what_its_layers_say<
        network<features<7>, dense<3>, relu, dense<4>, relu, dense<5>, ctnn::tanh, dense<17>, relu,
                dense<31>, leaky_relu<>, dense<130>, relu, dense<33, use_bias<false>>>>();
}

TEST_CASE("network<...>::stage_lengths: which layers are computed in one go") {
    using list = std::vector<std::size_t>;
    const auto stages_of = []<class Net>(std::type_identity<Net>) {
        return list(Net::stage_lengths.begin(), Net::stage_lengths.end());
    };
    CHECK(stages_of(std::type_identity<lenet5>{}) == list{3, 0, 0, 3, 0, 0, 1, 2, 0, 2, 0, 1, 1});
    CHECK(
        stages_of(std::type_identity<
                  network<shape<8, 8, 1>, relu, conv2d<2, kernel<3, 3>>, max_pool2d<>, relu>>{}) ==
        list{1, 2, 0, 1});
    CHECK(
        stages_of(std::type_identity<
                  network<shape<8, 8, 1>, conv2d<2, kernel<3, 3>>, relu, relu, max_pool2d<>>>{}) ==
        list{2, 0, 1, 1});
    CHECK(stages_of(std::type_identity<network<shape<8, 8, 1>, conv2d<2, kernel<3, 3>>, softmax,
                                               max_pool2d<window<2, 2>, stride<1, 1>>>>{}) ==
          list{1, 1, 1});
    // The maps before pooling are never stored. One image's first convolution copies it: 32 padded
    // rows of 18 pixels, even columns and odd ones.
    CHECK(lenet5::plan_for<simd::native>.size == 14 * 14 * 6 + 5 * 5 * 16);
    CHECK(lenet5::plan.size ==
          (simd::native_lanes == 1 ? 14 * 14 * 6 + 5 * 5 * 16 : 14 * 14 * 6 + 32 * 2 * 18));
}

TEST_CASE("network<shape<...>, sequence<...>, network<...>>: nested is as flat") {
    predicts_what_its_layers_say<flat>();
    flat::parameters w;
    nested::parameters w_nested;
    deeper::parameters w_deeper;
    fill_random(w, 3, 0.5f);
    fill_random(w_nested, 3, 0.5f);
    fill_random(w_deeper, 3, 0.5f);
    flat::input x;
    fill_random(x, 4, 1.0f);
    const auto y = flat::predict(w, x), y_nested = nested::predict(w_nested, x),
               y_deeper = deeper::predict(w_deeper, x);
    for (std::size_t i = 0; i < y.size(); ++i) {
        CHECK(y_nested[i] == y[i]);
        CHECK(y_deeper[i] == y[i]);
    }
    CHECK(varied(y));
    CHECK(&w_nested.layer<1>().layer<1>().kernel()[0] == w_nested.elements + 57);
}

TEST_CASE("network<...>::parameter_table: names, extents and offsets") {
    std::vector<std::string> names;
    for (const parameter_entry& entry : lenet5::parameter_table)
        names.push_back(std::string(entry.layer) + "_" + std::to_string(entry.number) + "/" +
                        std::string(entry.array));
    CHECK(names == std::vector<std::string>{"conv2d_1/kernel", "conv2d_1/bias", "conv2d_2/kernel",
                                            "conv2d_2/bias", "dense_1/kernel", "dense_1/bias",
                                            "dense_2/kernel", "dense_2/bias", "dense_3/kernel",
                                            "dense_3/bias"});
    CHECK(lenet5::parameter_table[2].extents == std::array<std::size_t, 6>{5, 5, 6, 16});
    CHECK(lenet5::parameter_table[2].rank == 4);
    std::size_t offset = 0;
    for (const parameter_entry& entry : lenet5::parameter_table) {
        CHECK(entry.offset == offset);
        offset += entry.size;
    }
    CHECK(offset == lenet5::parameter_count);
    // Nested networks count on; arrays that a layer does without have no row.
    using unbiased = network<shape<4, 4, 1>, sequence<conv2d<2, kernel<2, 2>, use_bias<false>>>,
                             conv2d<2, kernel<2, 2>>>;
    CHECK(unbiased::parameter_table.size() == 3);
    CHECK(unbiased::parameter_table[1].number == 2);
    CHECK(unbiased::parameter_table[1].offset == 8);
}

TEST_CASE("network<...>::predict in a constant expression") {
    CHECK(test_constant_expression());
}

namespace {

/// y = 1 / x, a layer of one's own: not made for blank images.
struct reciprocal {
    template <class Input>
    struct on : elementwise<on<Input>, Input> {
        static constexpr std::string_view name = "reciprocal";
        template <class T>
        static constexpr T value(T x) noexcept {
            return simd::divide(T(1.0f), x);
        }
    };
};

}  // namespace

TEST_CASE("network<...>::predict: lanes without an image do not divide by 0") {
    using net = network<features<3>, reciprocal>;
    const std::vector<net::input> images(2, net::input{{1.0f, 2.0f, 4.0f}});
    std::vector<net::output> outputs(2);
    net::batch_workspace scratch;
    std::feclearexcept(FE_ALL_EXCEPT);
    net::predict(net::parameters{}, images, outputs, scratch);
#ifdef FE_DIVBYZERO
    CHECK(std::fetestexcept(FE_DIVBYZERO) == 0);  // a program may ask for a signal then
#endif
    CHECK(outputs[1][2] == 0.25f);
}
