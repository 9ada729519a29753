#include <ctnn/layers/conv2d.hpp>

#include "support/laws.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <type_traits>

using namespace ctnn;
using laws::W;
inline constexpr laws::traits linear{.linear = true};

// What the compiler knows. LeNet-5's first layer: 784 positions x 25 taps x 6 filters.
using lenet1 = conv2d<6, kernel<5, 5>, same>::on<shape<28, 28, 1>>;
static_assert(std::is_same_v<lenet1::output_shape, shape<28, 28, 6>>);
static_assert(lenet1::parameter_count == 5 * 5 * 1 * 6 + 6);
static_assert(lenet1::multiply_adds == 28 * 28 * 25 * 6);
static_assert(lenet1::name == std::string_view("conv2d"));
static_assert(!lenet1::facts.in_place && !lenet1::facts.reshapes);
using grouped = conv2d<8, kernel<3, 1>, groups<4>, use_bias<false>>::on<shape<5, 5, 12>>;
static_assert(std::is_same_v<grouped::output_shape, shape<3, 5, 8>>);
static_assert(grouped::parameter_count == 3 * 1 * 3 * 8);
static_assert(grouped::multiply_adds == 3 * 5 * 8 * 3 * 3);

TEST_CASE("conv2d<1, kernel<1, 1>>::on<shape<1, 1, 1>>") {
    laws::obeys_in_every_width<conv2d<1, kernel<1, 1>>::on<shape<1, 1, 1>>>(
        reference::conv2d{.filters = 1, .kernel = {1, 1}}, linear);
}
TEST_CASE("conv2d<W - 1, kernel<3, 3>, same>::on<shape<3, W + 1, 2>>") {
    laws::obeys_in_every_width<conv2d<W - 1, kernel<3, 3>, same>::on<shape<3, W + 1, 2>>>(
        reference::conv2d{.filters = W - 1, .kernel = {3, 3}, .pad = reference::same}, linear);
}
TEST_CASE("conv2d<W, kernel<1, 3>, use_bias<false>>::on<shape<2, W, W + 1>>") {
    laws::obeys<conv2d<W, kernel<1, 3>, use_bias<false>>::on<shape<2, W, W + 1>>>(
        reference::conv2d{.filters = W, .kernel = {1, 3}, .bias = false}, linear);
}
TEST_CASE("conv2d<W + 1, kernel<5, 2>>::on<shape<W + 1, 3, 1>>") {
    laws::obeys<conv2d<W + 1, kernel<5, 2>>::on<shape<W + 1, 3, 1>>>(
        reference::conv2d{.filters = W + 1, .kernel = {5, 2}}, linear);
}
TEST_CASE("conv2d<2 * W + 1, kernel<1, 1>>::on<shape<2, 3, W>>") {  // two tiles of accumulators
    laws::obeys<conv2d<2 * W + 1, kernel<1, 1>>::on<shape<2, 3, W>>>(
        reference::conv2d{.filters = 2 * W + 1, .kernel = {1, 1}}, linear);
}
TEST_CASE("conv2d<3, kernel<3, 2>, stride<2, 1>>::on<shape<5, 4, 2 * W + 1>>") {
    laws::obeys<conv2d<3, kernel<3, 2>, stride<2, 1>>::on<shape<5, 4, 2 * W + 1>>>(
        reference::conv2d{.filters = 3, .kernel = {3, 2}, .stride = {2, 1}}, linear);
}
TEST_CASE("conv2d<1, kernel<1, 3>>::on<shape<W + 1, 2 * W + 1, W - 1>>") {
    laws::obeys<conv2d<1, kernel<1, 3>>::on<shape<W + 1, 2 * W + 1, W - 1>>>(
        reference::conv2d{.filters = 1, .kernel = {1, 3}}, linear);
}
TEST_CASE("conv2d<5, kernel<4, 3>>::on<shape<4, 3, 3>>") {  // the kernel is the input
    using layer = conv2d<5, kernel<4, 3>>::on<shape<4, 3, 3>>;
    static_assert(std::is_same_v<layer::output_shape, features<5>>);
    laws::obeys<layer>(reference::conv2d{.filters = 5, .kernel = {4, 3}}, linear);
}

// The definition by hand: the kernel is not flipped, bias and channels are where they belong.
constexpr bool test_forward() {
    using layer = conv2d<2, kernel<2, 2>>::on<shape<2, 3, 2>>;
    layer::parameters w{};
    for (std::size_t i = 0; float& v : w.values()) v = static_cast<float>(++i);
    layer::input x{};
    for (std::size_t i = 0; float& v : x) v = static_cast<float>(++i % 5);
    const layer::output y = layer::forward(w, x);
    bool right = true;
    for (std::size_t p = 0; p < 2; ++p)
        for (std::size_t f = 0; f < 2; ++f) {
            const float sum =
                x(0, p, 0) * w.kernel()(0, 0, 0, f) + x(0, p, 1) * w.kernel()(0, 0, 1, f) +
                x(0, p + 1, 0) * w.kernel()(0, 1, 0, f) + x(0, p + 1, 1) * w.kernel()(0, 1, 1, f) +
                x(1, p, 0) * w.kernel()(1, 0, 0, f) + x(1, p, 1) * w.kernel()(1, 0, 1, f) +
                x(1, p + 1, 0) * w.kernel()(1, 1, 0, f) + x(1, p + 1, 1) * w.kernel()(1, 1, 1, f) +
                w.bias()[f];
            right = right && y(0, p, f) == sum;
        }
    return right;
}

constexpr bool test_backward() {
    using layer = conv2d<1, kernel<2, 1>, same>::on<shape<2, 1, 1>>;  // one row of zeros below
    layer::parameters w{{2.0f, 3.0f, 0.5f}}, d_w{{100.0f, 0.0f, 10.0f}};
    const layer::input x{{5.0f, 7.0f}};
    const layer::output y = layer::forward(w, x), d_y{{1.0f, -4.0f}};
    const layer::input d_x = layer::backward(w, x, d_y, d_w);
    return y[0] == 5 * 2 + 7 * 3 + 0.5f && y[1] == 7 * 2 + 0.5f && d_x[0] == 1 * 2 &&
           d_x[1] == 1 * 3 - 4 * 2 && d_w.kernel()[0] == 100 + 5 * 1 - 7 * 4 &&
           d_w.kernel()[1] == 7 && d_w.bias()[0] == 10 + 1 - 4;
}

TEST_CASE("conv2d in a constant expression") {
    static_assert(test_forward());
    CHECK(test_forward());
    static_assert(test_backward());
    CHECK(test_backward());
}
