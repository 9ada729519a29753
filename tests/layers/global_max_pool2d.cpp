#include <ctnn/layers/global_max_pool2d.hpp>

#include "support/laws.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string_view>
#include <type_traits>

using namespace ctnn;
using laws::W;

using layer = global_max_pool2d::on<shape<6, 18, 16>>;
static_assert(std::is_same_v<layer::output_shape, features<16>>);
static_assert(layer::parameter_count == 0 && !layer::facts.in_place && !layer::facts.reshapes);
static_assert(layer::name == std::string_view("global_max_pool2d"));

TEST_CASE("global_max_pool2d::on<shape<1, 1, 1>>") {
    laws::obeys_in_every_width<global_max_pool2d::on<shape<1, 1, 1>>>(
        reference::global_max_pool2d{});
}
TEST_CASE("global_max_pool2d::on<shape<3, 5, W + 1>>") {
    laws::obeys_in_every_width<global_max_pool2d::on<shape<3, 5, W + 1>>>(
        reference::global_max_pool2d{}, {.least_share = 0.06});
}
TEST_CASE("global_max_pool2d::on<shape<W, W - 1, 1>>") {
    laws::obeys<global_max_pool2d::on<shape<W, W - 1, 1>>>(reference::global_max_pool2d{},
                                                           {.least_share = 0.004});
}
TEST_CASE("global_max_pool2d::on<shape<1, 2 * W + 1, 3>>") {
    laws::obeys<global_max_pool2d::on<shape<1, 2 * W + 1, 3>>>(reference::global_max_pool2d{},
                                                               {.least_share = 0.03});
}

// Channel 0: the maximum twice, its first has the gradient; channel 1: all below 0.
constexpr bool test_forward_and_backward() {
    using map = global_max_pool2d::on<shape<2, 2, 2>>;
    const map::input x{{1, -10, 6, -2, 3, -30, 6, -40}};
    const map::output y = map::forward(x), d_y{{4, 8}};
    const map::input d_x = map::backward(x, d_y);
    const float expected[]{0, 0, 4, 8, 0, 0, 0, 0};
    bool right = y[0] == 6 && y[1] == -2;
    for (std::size_t i = 0; i < 8; ++i) right = right && d_x[i] == expected[i];
    return right;
}
TEST_CASE("global_max_pool2d in a constant expression") {
    static_assert(test_forward_and_backward());
    CHECK(test_forward_and_backward());
}

TEST_CASE("global_max_pool2d: the gradient goes to what is not a number, as the maximum did") {
    using three = global_max_pool2d::on<shape<1, 3, 1>>;
    const three::input x{{4.0f, 5.0f, std::numeric_limits<float>::quiet_NaN()}};
    const three::input d_x = three::backward(x, three::output{{7.0f}});
    CHECK(d_x[0] == 0.0f);
    CHECK(d_x[1] == 0.0f);
    CHECK(d_x[2] == 7.0f);
}
