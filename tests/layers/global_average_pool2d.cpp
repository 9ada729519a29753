#include <ctnn/layers/global_average_pool2d.hpp>

#include "support/laws.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <type_traits>

using namespace ctnn;
using laws::W;

inline constexpr laws::traits linear{.linear = true};

using layer = global_average_pool2d::on<shape<6, 18, 16>>;
static_assert(std::is_same_v<layer::output_shape, features<16>>);
static_assert(layer::parameter_count == 0 && !layer::facts.in_place && !layer::facts.reshapes);
static_assert(layer::name == std::string_view("global_average_pool2d"));

TEST_CASE("global_average_pool2d::on<shape<1, 1, 1>>") {
    laws::obeys_in_every_width<global_average_pool2d::on<shape<1, 1, 1>>>(
        reference::global_average_pool2d{}, linear);
}
TEST_CASE("global_average_pool2d::on<shape<3, 5, W + 1>>") {
    laws::obeys_in_every_width<global_average_pool2d::on<shape<3, 5, W + 1>>>(
        reference::global_average_pool2d{}, linear);
}
TEST_CASE("global_average_pool2d::on<shape<W, W - 1, 1>>") {
    laws::obeys<global_average_pool2d::on<shape<W, W - 1, 1>>>(reference::global_average_pool2d{},
                                                               linear);
}
TEST_CASE("global_average_pool2d::on<shape<1, 2 * W + 1, 3>>") {
    laws::obeys<global_average_pool2d::on<shape<1, 2 * W + 1, 3>>>(
        reference::global_average_pool2d{}, linear);
}

constexpr bool test_forward_and_backward() {
    using map = global_average_pool2d::on<shape<2, 2, 2>>;
    const map::input x{{1, 10, 2, 20, 3, 30, 6, -40}};
    const map::output y = map::forward(x), d_y{{4, 8}};
    const map::input d_x = map::backward(x, d_y);
    bool right = y[0] == 3 && y[1] == 5;
    for (std::size_t i = 0; i < 8; ++i) right = right && d_x[i] == (i % 2 == 0 ? 1 : 2);
    return right;
}
TEST_CASE("global_average_pool2d in a constant expression") {
    static_assert(test_forward_and_backward());
    CHECK(test_forward_and_backward());
}
