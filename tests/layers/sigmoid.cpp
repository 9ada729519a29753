#include <ctnn/layers/sigmoid.hpp>

#include "support/laws.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <type_traits>

using namespace ctnn;
using laws::W;

using layer = ctnn::sigmoid::on<shape<3, 5, 2>>;
static_assert(std::is_same_v<layer::output_shape, shape<3, 5, 2>>);
static_assert(layer::facts.in_place && layer::parameter_count == 0);
static_assert(layer::name == std::string_view("sigmoid"));

TEST_CASE("sigmoid::on<features<1>>") {
    laws::obeys_in_every_width<ctnn::sigmoid::on<features<1>>>(reference::sigmoid);
}
TEST_CASE("sigmoid::on<shape<3, W + 1, W - 1>>") {
    laws::obeys<ctnn::sigmoid::on<shape<3, W + 1, W - 1>>>(reference::sigmoid);
}
TEST_CASE("sigmoid::on<shape<W, 1, 2 * W + 1>>") {
    laws::obeys<ctnn::sigmoid::on<shape<W, 1, 2 * W + 1>>>(reference::sigmoid);
}

constexpr bool test_forward_and_backward() {
    using four = ctnn::sigmoid::on<features<4>>;
    const four::input x{{0, 1, -1e4f, 1e4f}};
    const four::output y = four::forward(x), d_y{{2, 1, 1, 1}};
    const four::input d_x = four::backward(x, d_y);
    return simd::abs(y[0] - 0.5f) < 1e-7f && simd::abs(y[1] - 0.73105858f) < 1e-6f && y[2] >= 0 &&
           y[2] < 1e-37f && y[3] == 1 && simd::abs(d_x[0] - 0.5f) < 1e-6f &&
           simd::abs(d_x[1] - 0.19661193f) < 1e-6f && d_x[2] >= 0 && d_x[2] < 1e-37f && d_x[3] == 0;
}
TEST_CASE("sigmoid in a constant expression") {
    static_assert(test_forward_and_backward());
    CHECK(test_forward_and_backward());
}
