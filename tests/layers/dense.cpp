#include <ctnn/layers/dense.hpp>

#include "support/laws.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <type_traits>

using namespace ctnn;
using laws::W;
inline constexpr laws::traits linear{.linear = true};

using dense1 = dense<120>::on<features<400>>;
static_assert(std::is_same_v<dense1::output_shape, features<120>>);
static_assert(dense1::parameter_count == 400 * 120 + 120);
static_assert(dense1::multiply_adds == 400 * 120);
static_assert(dense1::name == std::string_view("dense"));
static_assert(dense<120, use_bias<false>>::on<features<400>>::parameter_count == 400 * 120);
static_assert(std::is_same_v<dense<3>::output_on<shape<2, 1, 4>>, features<0>>);  // not flat

TEST_CASE("dense<1>::on<features<1>>") {
    laws::obeys_in_every_width<dense<1>::on<features<1>>>(reference::dense{.outputs = 1}, linear);
}
TEST_CASE("dense<W - 1>::on<features<2 * W + 1>>") {
    laws::obeys_in_every_width<dense<W - 1>::on<features<2 * W + 1>>>(
        reference::dense{.outputs = W - 1}, linear);
}
TEST_CASE("dense<W, use_bias<false>>::on<features<W + 1>>") {
    laws::obeys<dense<W, use_bias<false>>::on<features<W + 1>>>(
        reference::dense{.outputs = W, .bias = false}, linear);
}
TEST_CASE("dense<W + 1>::on<features<W>>") {
    laws::obeys_in_every_width<dense<W + 1>::on<features<W>>>(reference::dense{.outputs = W + 1},
                                                              linear);
}
TEST_CASE("dense<2 * W + 1>::on<features<W - 1>>") {
    laws::obeys<dense<2 * W + 1>::on<features<W - 1>>>(reference::dense{.outputs = 2 * W + 1},
                                                       linear);
}
// The kernel's gradient: four vectors at a time, then one, then 8, 4 and 1 lanes.
TEST_CASE("dense<6 * W - 1>::on<features<3>>") {
    laws::obeys<dense<6 * W - 1>::on<features<3>>>(reference::dense{.outputs = 6 * W - 1}, linear);
}
TEST_CASE("dense<10>::on<features<84>>") {
    laws::obeys<dense<10>::on<features<84>>>(reference::dense{.outputs = 10}, linear);
}
TEST_CASE("dense<1, use_bias<false>>::on<features<W + 1>>") {
    laws::obeys<dense<1, use_bias<false>>::on<features<W + 1>>>(
        reference::dense{.outputs = 1, .bias = false}, linear);
}

constexpr bool test_forward_and_backward() {
    using layer = dense<2>::on<features<3>>;
    layer::parameters w{{1, 2, 3, 4, 5, 6, 0.5f, -0.5f}}, d_w{{0, 0, 0, 0, 0, 100, 0, 10}};
    const layer::input x{{7, 8, -9}};
    const layer::output y = layer::forward(w, x), d_y{{1, -2}};
    const layer::input d_x = layer::backward(w, x, d_y, d_w);
    return y[0] == 7 * 1 + 8 * 3 - 9 * 5 + 0.5f && y[1] == 7 * 2 + 8 * 4 - 9 * 6 - 0.5f &&
           d_x[0] == 1 - 2 * 2 && d_x[1] == 3 - 2 * 4 && d_x[2] == 5 - 2 * 6 &&
           d_w.kernel()(0, 0) == 7 && d_w.kernel()(1, 1) == -16 && d_w.kernel()(2, 1) == 118 &&
           d_w.bias()[0] == 1 && d_w.bias()[1] == 8;
}

TEST_CASE("dense in a constant expression") {
    static_assert(test_forward_and_backward());
    CHECK(test_forward_and_backward());
}
