#include <ctnn/training/backpropagation.hpp>

#include <ctnn/ctnn.hpp>

#include "support/falling.hpp"
#include "support/random.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <span>

using namespace ctnn;

namespace {

/// dLoss/dx and dLoss/dw by the layers, each by itself: what a network must agree with.
template <class Net, std::size_t Index = 0, class X, class Y>
X chain_backward(const typename Net::parameters& w, const X& x, const Y& d_output,
                 typename Net::parameters& d_w) {
    if constexpr (Index == Net::leaf_count) {
        return d_output;
    } else {
        using layer = typename Net::template leaf<Index>;
        if constexpr (layer::parameter_count > 0) {
            const typename layer::weights w_here(w.elements + Net::table::offsets[Index]);
            const typename layer::gradients d_w_here(d_w.elements + Net::table::offsets[Index]);
            const auto d_y =
                chain_backward<Net, Index + 1>(w, layer::forward(w_here, x), d_output, d_w);
            return layer::backward(w_here, x, d_y, d_w_here);
        } else {
            return layer::backward(
                x, chain_backward<Net, Index + 1>(w, layer::forward(x), d_output, d_w));
        }
    }
}

// Compiled once, not for every network.
using numbers = std::span<const float>;
float largest(numbers all) {
    float result = 0.0f;
    for (const float value : all) result = std::max(result, std::abs(value));
    return result;
}
void are_close(numbers actual, numbers expected, double epsilon) {
    REQUIRE(actual.size() == expected.size());
    for (std::size_t i = 0; i < actual.size(); ++i)
        CHECK(actual[i] == doctest::Approx(expected[i]).epsilon(epsilon));
}
/// Sums over the images, of which `of_each` are expected; `share`: of the largest.
void are_sums(numbers actual, numbers of_each, float times, float share) {
    REQUIRE(actual.size() == of_each.size());
    const float scale = largest(of_each);
    if (!of_each.empty()) CHECK(scale > 0.01f);
    for (std::size_t i = 0; i < of_each.size(); ++i)
        CHECK(std::abs(actual[i] - times * of_each[i]) <= share * scale);
}
template <class Tensor>
numbers all_of(const Tensor& tensor) {
    return {tensor.data(), tensor.size()};
}
void forget(std::span<float> memory) {  // nobody may rely on zeros
    std::fill(memory.begin(), memory.end(), std::numeric_limits<float>::quiet_NaN());
}

template <class Net>
void agrees_with_its_layers() {
    constexpr std::size_t lanes = simd::native_lanes;
    const auto w = std::make_unique<typename Net::parameters>();
    fill_random(*w, 1, 0.3f);
    const auto d_w_sum = std::make_unique<typename Net::parameters>();  // over the images
    constexpr std::size_t leaves = Net::leaf_count;
    const auto pass = std::make_unique<backpropagation<Net, simd::native, leaves, true>>();
    const auto one = std::make_unique<backpropagation<Net, float, leaves, true>>();
    const auto in_training = std::make_unique<backpropagation<Net, simd::native>>();
    const auto one_in_training = std::make_unique<backpropagation<Net, float>>();
    tensor<typename Net::input_shape, simd::native> d_x_lanes;
    tensor<typename Net::input_shape> d_x_one;

    std::array<typename Net::input, lanes> images, d_x;
    std::array<typename Net::output, lanes> d_y;
    std::array<const typename Net::input*, lanes> images_in;
    std::array<const typename Net::output*, lanes> d_y_in;
    for (std::size_t n = 0; n < lanes; ++n) {
        fill_random(images[n], 10 + n, 1.0f);
        fill_random(d_y[n], 50 + n, 1.0f);
        images_in[n] = &images[n];
        d_y_in[n] = &d_y[n];
        typename Net::parameters d_w_before = *d_w_sum, d_w_in_training = *d_w_sum;
        const auto expected = chain_backward<Net>(*w, images[n], d_y[n], *d_w_sum);

        forget(one->memory.memory);
        one->x = images[n];
        one->forward(*w);
        const auto y = Net::predict(*w, images[n]);
        are_close(all_of(one->output()), all_of(y), 1e-5);
        std::copy(d_y[n].begin(), d_y[n].end(), one->d_output().begin());
        one->backward(*w, d_w_before, tensor_view(d_x_one));
        are_close(all_of(d_x_one), all_of(expected), 1e-4);
        are_close(d_w_before.values(), d_w_sum->values(), 1e-4);
        forget(one_in_training->memory.memory);
        one_in_training->x = images[n];
        one_in_training->forward(*w);
        std::copy(d_y[n].begin(), d_y[n].end(), one_in_training->d_output().begin());
        one_in_training->backward(*w, d_w_in_training);
        are_close(d_w_in_training.values(), d_w_before.values(), 1e-5);
        CHECK(varied(expected));
        d_x[n] = expected;
    }

    const auto d_w = std::make_unique<typename Net::parameters>();
    to_lanes<simd::native>(images_in, tensor_view(pass->x));
    pass->forward(*w);
    to_lanes<simd::native>(d_y_in, pass->d_output());
    pass->backward(*w, *d_w, tensor_view(d_x_lanes));
    std::array<typename Net::input, lanes> d_x_out;
    std::array<typename Net::input*, lanes> out;
    for (std::size_t n = 0; n < lanes; ++n) out[n] = &d_x_out[n];
    from_lanes(tensor_view<typename Net::input_shape, const simd::native>(d_x_lanes), out);
    for (std::size_t n = 0; n < lanes; ++n) are_close(all_of(d_x_out[n]), all_of(d_x[n]), 1e-4);
    are_sums(d_w->values(), d_w_sum->values(), 1.0f, 1e-4f);

    // Without dLoss/dx the parameters' gradients are the same, and they add up.
    to_lanes<simd::native>(images_in, tensor_view(in_training->x));
    in_training->forward(*w);
    to_lanes<simd::native>(d_y_in, in_training->d_output());
    in_training->backward(*w, *d_w);
    are_sums(d_w->values(), d_w_sum->values(), 2.0f, 2e-4f);
}

constexpr bool
test_constant_expression() {  // y = w x + b, loss = y: dLoss/dw = x, dLoss/db = 1, dLoss/dx = w
    using line = network<features<1>, dense<1>>;
    line::parameters w{{3.0f, 5.0f}}, d_w{};
    backpropagation<line, float, 1, true> pass{};
    pass.x[0] = 7.0f;
    pass.forward(w);
    pass.d_output()[0] = 1.0f;
    line::input d_x{};
    pass.backward(w, d_w, tensor_view(d_x));
    return pass.output()[0] == 26.0f && d_w.elements[0] == 7.0f && d_w.elements[1] == 1.0f &&
           d_x[0] == 3.0f;
}
static_assert(test_constant_expression());

}  // namespace

TEST_CASE("backpropagation<network<...>>: LeNet-5's shape, smaller") {
    agrees_with_its_layers<
        network<shape<12, 12, 1>, conv2d<3, kernel<5, 5>, same>, relu, max_pool2d<window<2, 2>>,
                conv2d<5, kernel<3, 3>>, relu, max_pool2d<window<2, 2>>, flatten, dense<11>, relu,
                dense<7>, relu, dense<4>, softmax>>();
}

TEST_CASE("backpropagation<network<...>>: layers at the ends of the list") {
    agrees_with_its_layers<network<shape<3, 3, 2>, ctnn::tanh, flatten, dense<3>>>();
    agrees_with_its_layers<network<shape<3, 3, 2>, flatten, flatten, dense<3>, sigmoid, flatten>>();
    agrees_with_its_layers<network<shape<3, 3, 2>, average_pool2d<window<2, 2>, stride<1, 1>>,
                                   conv2d<2, kernel<2, 2>>>>();
    agrees_with_its_layers<network<shape<3, 3, 2>, sigmoid, ctnn::tanh>>();
    agrees_with_its_layers<network<shape<3, 3, 2>, flatten>>();
    agrees_with_its_layers<network<shape<3, 3, 2>>>();
    agrees_with_its_layers<network<shape<4, 4, 2>, max_pool2d<>>>();
}

TEST_CASE("backpropagation<network<...>>: every kind of layer, nested") {
    agrees_with_its_layers<network<
        shape<9, 8, 4>, sequence<conv2d<6, kernel<3, 3>, same, stride<2, 1>, groups<2>>, elu<>>,
        depthwise_conv2d<kernel<3, 3>, dilation<1, 2>>, leaky_relu<>,
        sequence<average_pool2d<window<2, 3>, same>, sequence<sigmoid>>, global_max_pool2d,
        dense<9>, softmax>>();
    agrees_with_its_layers<
        network<shape<6, 7, 3>, conv2d<5, kernel<3, 3>>, global_average_pool2d>>();
}

TEST_CASE("backpropagation<network<...>>: pooling computed with a convolution, with a rest") {
    agrees_with_its_layers<network<shape<7, 8, 2>, conv2d<3, kernel<3, 3>>, max_pool2d<>>>();
    agrees_with_its_layers<
        network<shape<9, 9, 2>, conv2d<3, kernel<2, 2>>, ctnn::tanh, max_pool2d<window<3, 2>>,
                conv2d<2, kernel<1, 1>>, elu<>, max_pool2d<>, flatten, dense<2>>>();
    agrees_with_its_layers<network<shape<6, 6, 5>, depthwise_conv2d<kernel<3, 3>, same>, relu,
                                   max_pool2d<window<3, 3>>>>();
    agrees_with_its_layers<network<shape<6, 7, 2>, conv2d<3, kernel<3, 3>>, falling, max_pool2d<>,
                                   conv2d<2, kernel<2, 2>>>>();
    // The map before pooling is needed: for the layer below, or by a depthwise convolution.
    agrees_with_its_layers<network<shape<6, 7, 2>, conv2d<3, kernel<1, 1>>, conv2d<4, kernel<3, 3>>,
                                   relu, max_pool2d<>, flatten, dense<2>>>();
    agrees_with_its_layers<network<shape<6, 7, 4>, conv2d<4, kernel<3, 3>, groups<4>>, relu,
                                   max_pool2d<>, flatten, dense<2>>>();
    // The position of one maximum is not enough here, so every map is kept.
    agrees_with_its_layers<
        network<shape<6, 6, 2>, conv2d<3, kernel<3, 3>>, relu, average_pool2d<>>>();
    agrees_with_its_layers<
        network<shape<6, 6, 2>, conv2d<3, kernel<3, 3>>, relu, max_pool2d<every_maximum>>>();
}

TEST_CASE(
    "backpropagation<network<...>>: of equal maxima the first one gets the gradient, or all") {
    const auto check = []<class Pooling, class T>(Pooling, T) {
        using net = network<shape<4, 4, 1>, conv2d<1, kernel<1, 1>>, leaky_relu<>, Pooling>;
        constexpr bool all = Pooling::to_every_maximum;
        backpropagation<net, T, net::leaf_count, true> pass;
        typename net::parameters w{{2.0f, 1.0f}}, d_w{};
        tensor<typename net::input_shape, T> d_x;
        pass.x.fill(T(3.0f));
        pass.forward(w);
        pass.d_output().fill(T(1.0f));
        pass.backward(w, d_w, tensor_view(d_x));
        for (std::size_t h = 0; h < 4; ++h)
            for (std::size_t v = 0; v < 4; ++v)
                CHECK(simd::sum_of_lanes(T(d_x(h, v, 0))) ==
                      (all || (h % 2 == 0 && v % 2 == 0) ? 2.0f * simd::lanes_of<T> : 0.0f));
    };
    check(max_pool2d<>{}, float{});
    check(max_pool2d<>{}, simd::native{});
    check(max_pool2d<every_maximum>{}, float{});
    check(max_pool2d<every_maximum>{}, simd::native{});
}

TEST_CASE("backpropagation<network<...>> in a constant expression") {
    CHECK(test_constant_expression());
}
