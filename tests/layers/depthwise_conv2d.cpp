#include <ctnn/layers/depthwise_conv2d.hpp>

#include "support/laws.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <type_traits>

using namespace ctnn;
using laws::W;
inline constexpr laws::traits linear{.linear = true};

using mobile = depthwise_conv2d<kernel<3, 3>, same, stride<2, 2>>::on<shape<15, 8, 24>>;
static_assert(std::is_same_v<mobile::output_shape, shape<8, 4, 24>>);
static_assert(mobile::parameter_count == 3 * 3 * 24 + 24);
static_assert(mobile::multiply_adds == 8 * 4 * 24 * 9);
static_assert(mobile::name == std::string_view("depthwise_conv2d"));
static_assert(std::is_same_v<depthwise_conv2d<kernel<3, 2>>::on<shape<5, 5, 2>>::output_shape,
                             shape<3, 4, 2>>);
static_assert(std::is_same_v<
              depthwise_conv2d<kernel<3>, same_size, stride<2>>::on<shape<9, 7, 2>>::output_shape,
              shape<9, 7, 2>>);
static_assert(std::is_same_v<depthwise_conv2d<kernel<3>, padding<1, 0, 2, 1>,
                                              dilation<2>>::on<shape<5, 5, 2>>::output_shape,
                             shape<2, 4, 2>>);
static_assert(depthwise_conv2d<kernel<3>, use_bias<false>>::on<shape<5, 5, 2>>::parameter_count ==
              18);

TEST_CASE("depthwise_conv2d<kernel<1, 1>>::on<shape<1, 1, 1>>") {
    laws::obeys_in_every_width<depthwise_conv2d<kernel<1, 1>>::on<shape<1, 1, 1>>>(
        reference::depthwise_conv2d{.kernel = {1, 1}}, linear);
}
TEST_CASE("depthwise_conv2d<kernel<3, 3>, same, stride<2, 1>>::on<shape<6, 5, W + 1>>") {
    laws::obeys_in_every_width<
        depthwise_conv2d<kernel<3, 3>, same, stride<2, 1>>::on<shape<6, 5, W + 1>>>(
        reference::depthwise_conv2d{.kernel = {3, 3}, .stride = {2, 1}, .pad = reference::same},
        linear);
}
TEST_CASE("depthwise_conv2d<kernel<5, 2>, use_bias<false>>::on<shape<5, W, W - 1>>") {
    laws::obeys<depthwise_conv2d<kernel<5, 2>, use_bias<false>>::on<shape<5, W, W - 1>>>(
        reference::depthwise_conv2d{.kernel = {5, 2}, .bias = false}, linear);
}
TEST_CASE("depthwise_conv2d<kernel<1, 3>, dilation<1, 2>, padding<1, 0, 2, 1>>::on<...2 W + 1>") {
    laws::obeys<depthwise_conv2d<kernel<1, 3>, dilation<1, 2>,
                                 padding<1, 0, 2, 1>>::on<shape<3, 4, 2 * W + 1>>>(
        reference::depthwise_conv2d{
            .kernel = {1, 3}, .dilation = {1, 2}, .pad = {reference::padding::by_hand, 1, 0, 2, 1}},
        linear);
}
TEST_CASE("depthwise_conv2d<kernel<4, 3>>::on<shape<4, 3, W>>") {  // the kernel is the input
    laws::obeys<depthwise_conv2d<kernel<4, 3>>::on<shape<4, 3, W>>>(
        reference::depthwise_conv2d{.kernel = {4, 3}}, linear);
}
TEST_CASE("depthwise_conv2d<kernel<5, 3>, same_size, stride<3, 2>>::on<shape<8, 7, 2>>") {
    laws::obeys<depthwise_conv2d<kernel<5, 3>, same_size, stride<3, 2>>::on<shape<8, 7, 2>>>(
        reference::depthwise_conv2d{
            .kernel = {5, 3}, .stride = {3, 2}, .pad = reference::same_size},
        linear);
}

using doubled = depthwise_conv2d<kernel<3>, depth_multiplier<2>>::on<shape<5, 6, 3>>;
static_assert(std::is_same_v<doubled::output_shape, shape<3, 4, 6>>);
static_assert(doubled::parameter_count == 3 * 3 * 3 * 2 + 6);
static_assert(doubled::multiply_adds == 3 * 4 * 6 * 9);
static_assert(doubled::parameter_table[0].extents[2] == 3 &&
              doubled::parameter_table[0].extents[3] == 2);
// With a multiplier of 1 nothing changes.
static_assert(depthwise_conv2d<kernel<3>, depth_multiplier<1>>::on<shape<5, 6, 3>>::fingerprint ==
              depthwise_conv2d<kernel<3>>::on<shape<5, 6, 3>>::fingerprint);

TEST_CASE("depthwise_conv2d<kernel<3>, depth_multiplier<2>, same, stride<2, 1>>::on<... W + 1>") {
    laws::obeys_in_every_width<depthwise_conv2d<kernel<3>, depth_multiplier<2>, same,
                                                stride<2, 1>>::on<shape<5, 6, W + 1>>>(
        reference::depthwise_conv2d{
            .kernel = {3, 3}, .stride = {2, 1}, .pad = reference::same, .multiplier = 2},
        linear);
}
TEST_CASE("depthwise_conv2d<kernel<2, 3>, depth_multiplier<M>>::on<shape<4, 5, 3>>, M around W") {
    const auto obeys = []<std::size_t M>() {
        laws::obeys<
            typename depthwise_conv2d<kernel<2, 3>, depth_multiplier<M>, use_bias<M % 2 == 1>,
                                      dilation<1, 2>>::template on<shape<4, 5, 3>>>(
            reference::depthwise_conv2d{.kernel = {2, 3},
                                        .dilation = {1, 2},
                                        .bias = M % 2 == 1,
                                        .multiplier = static_cast<long>(M)},
            linear);
    };
    obeys.operator()<3>();
    obeys.operator()<W - 1>();
    obeys.operator()<W>();
    obeys.operator()<2 * W + 1>();
}
TEST_CASE("depthwise_conv2d<kernel<3>, depth_multiplier<4>>::on<shape<5, W + 2, 1>>") {
    laws::obeys<depthwise_conv2d<kernel<3>, depth_multiplier<4>>::on<shape<5, W + 2, 1>>>(
        reference::depthwise_conv2d{.kernel = {3, 3}, .multiplier = 4}, linear);
}

constexpr bool test_forward_and_backward() {
    using layer = depthwise_conv2d<kernel<2, 1>>::on<shape<3, 1, 2>>;
    layer::parameters w{{2.0f, 3.0f, 5.0f, 7.0f, 0.5f, -0.5f}}, d_w{};  // (i, j, c), then the bias
    const layer::input x{{1.0f, 10.0f, 2.0f, 20.0f, 3.0f, 30.0f}};
    const layer::output y = layer::forward(w, x), d_y{{1.0f, -1.0f, 4.0f, 2.0f}};
    const layer::input d_x = layer::backward(w, x, d_y, d_w);
    return y(0, 0, 0) == 1 * 2 + 2 * 5 + 0.5f && y(0, 0, 1) == 10 * 3 + 20 * 7 - 0.5f &&
           y(1, 0, 0) == 2 * 2 + 3 * 5 + 0.5f && y(1, 0, 1) == 20 * 3 + 30 * 7 - 0.5f &&
           d_x(1, 0, 0) == 1 * 5 + 4 * 2 && d_x(2, 0, 1) == 2 * 7 &&
           d_w.kernel()(0, 0, 0) == 1 + 8 && d_w.kernel()(1, 0, 1) == -20 + 60 &&
           d_w.bias()[0] == 5 && d_w.bias()[1] == 1;
}

// Channel c's outputs are c M ... c M + M - 1, as in Keras.
constexpr bool test_multiplier() {
    using layer =
        depthwise_conv2d<kernel<1>, depth_multiplier<2>, use_bias<false>>::on<shape<1, 1, 2>>;
    const layer::parameters w{{2, 3, 5, 7}};
    layer::parameters d_w{};
    const layer::output y = layer::forward(w, layer::input{{1, 10}});
    const layer::input d_x =
        layer::backward(w, layer::input{{1, 10}}, layer::output{{1, 2, 3, 4}}, d_w);
    return y[0] == 2 && y[1] == 3 && y[2] == 50 && y[3] == 70 && d_x[0] == 2 + 6 &&
           d_x[1] == 15 + 28 && d_w.kernel()(0, 0, 0, 1) == 2 && d_w.kernel()(0, 0, 1, 0) == 30;
}

TEST_CASE("depthwise_conv2d in a constant expression") {
    static_assert(test_multiplier());
    CHECK(test_multiplier());
    static_assert(test_forward_and_backward());
    CHECK(test_forward_and_backward());
}
