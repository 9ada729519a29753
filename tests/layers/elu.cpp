#include <ctnn/layers/elu.hpp>

#include "support/laws.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <type_traits>

using namespace ctnn;
using laws::W;

using layer = elu<>::on<shape<3, 5, 2>>;
static_assert(std::is_same_v<layer::output_shape, shape<3, 5, 2>>);
static_assert(layer::facts.in_place && layer::parameter_count == 0);
static_assert(layer::name == std::string_view("elu"));
static_assert(elu<>::a == 1.0f && elu<alpha<1, 2>>::a == 0.5f && elu<alpha<3>>::a == 3.0f);

TEST_CASE("elu<>::on<features<1>>") {
    laws::obeys_in_every_width<elu<>::on<features<1>>>(reference::elu(1.0));
}
TEST_CASE("elu<>::on<shape<3, W + 1, W - 1>>") {
    laws::obeys<elu<>::on<shape<3, W + 1, W - 1>>>(reference::elu(1.0));
}
TEST_CASE("elu<alpha<1, 2>>::on<shape<W, 1, 2 * W + 1>>") {
    laws::obeys<elu<alpha<1, 2>>::on<shape<W, 1, 2 * W + 1>>>(reference::elu(0.5));
}
TEST_CASE("elu<alpha<3>>::on<features<W>>") {
    laws::obeys<elu<alpha<3>>::on<features<W>>>(reference::elu(3.0));
}

TEST_CASE("elu<alpha<2>>: far below 0 it is -2 and flat, far above it is x") {
    using layer3 = elu<alpha<2>>::on<features<3>>;
    const layer3::input x{{-1e4f, 1e4f, -std::numeric_limits<float>::max()}};
    const layer3::output y = layer3::forward(x);
    const layer3::input d_x = layer3::backward(x, layer3::output{{1, 1, 1}});
    CHECK(y[0] == -2.0f);
    CHECK(y[1] == 1e4f);
    CHECK(y[2] == -2.0f);
    CHECK(d_x[0] == 0.0f);
    CHECK(d_x[1] == 1.0f);
    CHECK(d_x[2] == 0.0f);
}
TEST_CASE("elu<>: near 0 it keeps its digits") {
    using layer1 = elu<>::on<features<1>>;
    for (const float x : {-1e-3f, -1e-6f, -1e-20f, -0.3f, -0.4999f, -0.5001f}) {
        const double expected = std::expm1(static_cast<double>(x));
        const double actual = static_cast<double>(layer1::forward(layer1::input{{x}})[0]);
        CHECK(std::abs(actual - expected) <= 5e-7 * std::abs(expected));
    }
}

constexpr bool test_forward_and_backward() {
    using three = elu<alpha<1, 2>>::on<features<3>>;
    const three::input x{{-1, 0, 3}};
    const three::output y = three::forward(x), d_y{{1, 6, -7}};
    const three::input d_x = three::backward(x, d_y);
    const float e = 0.36787944f;
    return simd::abs(y[0] - 0.5f * (e - 1)) < 1e-6f && y[1] == 0 && y[2] == 3 &&
           simd::abs(d_x[0] - 0.5f * e) < 1e-6f && d_x[2] == -7;
}
TEST_CASE("elu in a constant expression") {
    static_assert(test_forward_and_backward());
    CHECK(test_forward_and_backward());
}
