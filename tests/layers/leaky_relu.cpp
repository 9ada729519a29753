#include <ctnn/layers/leaky_relu.hpp>

#include "support/laws.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <type_traits>

using namespace ctnn;
using laws::W;

using layer = leaky_relu<>::on<shape<3, 5, 2>>;
static_assert(std::is_same_v<layer::output_shape, shape<3, 5, 2>>);
static_assert(layer::facts.in_place && layer::parameter_count == 0);
static_assert(layer::name == std::string_view("leaky_relu"));
static_assert(leaky_relu<>::a == 0.3f);  // Keras' default
static_assert(leaky_relu<negative_slope<1, 100>>::a == 0.01f);

TEST_CASE("leaky_relu<>::on<features<1>>") {
    laws::obeys_in_every_width<leaky_relu<>::on<features<1>>>(reference::leaky_relu(0.3));
}
TEST_CASE("leaky_relu<>::on<shape<3, W + 1, W - 1>>") {
    laws::obeys<leaky_relu<>::on<shape<3, W + 1, W - 1>>>(reference::leaky_relu(0.3));
}
TEST_CASE("leaky_relu<negative_slope<1, 100>>::on<shape<W, 1, 2 * W + 1>>") {
    laws::obeys<leaky_relu<negative_slope<1, 100>>::on<shape<W, 1, 2 * W + 1>>>(
        reference::leaky_relu(0.01));
}
TEST_CASE("leaky_relu<negative_slope<5, 4>>::on<features<W>>") {  // steeper below than above
    laws::obeys<leaky_relu<negative_slope<5, 4>>::on<features<W>>>(reference::leaky_relu(1.25));
}
TEST_CASE("leaky_relu<negative_slope<0>>::on<features<W>>") {  // relu
    laws::obeys<leaky_relu<negative_slope<0>>::on<features<W>>>(reference::relu);
}

constexpr bool test_forward_and_backward() {
    using three = leaky_relu<negative_slope<1, 4>>::on<features<3>>;
    const three::input x{{-2, 0, 3}};
    const three::output y = three::forward(x), d_y{{8, 6, -7}};
    const three::input d_x = three::backward(x, d_y);
    return y[0] == -0.5f && y[1] == 0 && y[2] == 3 && d_x[0] == 2 && d_x[1] == 1.5f && d_x[2] == -7;
}
TEST_CASE("leaky_relu in a constant expression") {
    static_assert(test_forward_and_backward());
    CHECK(test_forward_and_backward());
}
