#include <ctnn/layers/relu.hpp>

#include "support/laws.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <type_traits>

using namespace ctnn;
using laws::W;

using layer = relu::on<shape<3, 5, 2>>;
static_assert(std::is_same_v<layer::output_shape, shape<3, 5, 2>>);
static_assert(layer::facts.in_place && !layer::facts.reshapes && layer::parameter_count == 0);
static_assert(layer::name == std::string_view("relu"));

TEST_CASE("relu::on<features<1>>") {
    laws::obeys_in_every_width<relu::on<features<1>>>(reference::relu);
}
TEST_CASE("relu::on<shape<3, W + 1, W - 1>>") {
    laws::obeys<relu::on<shape<3, W + 1, W - 1>>>(reference::relu);
}
TEST_CASE("relu::on<shape<W, 1, 2 * W + 1>>") {
    laws::obeys<relu::on<shape<W, 1, 2 * W + 1>>>(reference::relu);
}

// At 0 itself the slope is 0, as in TensorFlow.
constexpr bool test_forward_and_backward() {
    using four = relu::on<features<4>>;
    const four::input x{{-2, 0, 3, -0.0f}};
    const four::output y = four::forward(x), d_y{{5, 6, -7, 8}};
    const four::input d_x = four::backward(x, d_y);
    return y[0] == 0 && y[1] == 0 && y[2] == 3 && y[3] == 0 && d_x[0] == 0 && d_x[1] == 0 &&
           d_x[2] == -7 && d_x[3] == 0;
}
TEST_CASE("relu in a constant expression") {
    static_assert(test_forward_and_backward());
    CHECK(test_forward_and_backward());
}
