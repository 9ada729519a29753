#include <ctnn/layers/tanh.hpp>

#include "support/laws.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string_view>
#include <type_traits>

using namespace ctnn;
using laws::W;

using layer = ctnn::tanh::on<shape<3, 5, 2>>;
static_assert(std::is_same_v<layer::output_shape, shape<3, 5, 2>>);
static_assert(layer::facts.in_place && layer::parameter_count == 0);
static_assert(layer::name == std::string_view("tanh"));
static_assert(std::is_same_v<hyperbolic_tangent, ctnn::tanh>);  // without ctnn::, beside <cmath>

TEST_CASE("tanh::on<features<1>>") {
    laws::obeys_in_every_width<ctnn::tanh::on<features<1>>>(reference::tanh);
}
TEST_CASE("tanh::on<shape<3, W + 1, W - 1>>") {
    laws::obeys<ctnn::tanh::on<shape<3, W + 1, W - 1>>>(reference::tanh);
}
TEST_CASE("tanh::on<shape<W, 1, 2 * W + 1>>") {
    laws::obeys<ctnn::tanh::on<shape<W, 1, 2 * W + 1>>>(reference::tanh);
}

constexpr bool test_forward_and_backward() {
    using four = ctnn::tanh::on<features<4>>;
    const four::input x{{0, 1, -30, -0.25f}};
    const four::output y = four::forward(x), d_y{{2, 1, 1, -1}};
    const four::input d_x = four::backward(x, d_y);
    return y[0] == 0 && simd::abs(y[1] - 0.76159416f) < 1e-6f && y[2] == -1 &&
           simd::abs(y[3] + 0.24491866f) < 1e-6f && d_x[0] == 2 &&
           simd::abs(d_x[1] - 0.41997434f) < 1e-6f && d_x[2] == 0 &&
           simd::abs(d_x[3] + 0.94001485f) < 1e-6f;
}
TEST_CASE("tanh in a constant expression") {
    static_assert(test_forward_and_backward());
    CHECK(test_forward_and_backward());
}
