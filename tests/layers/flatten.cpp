#include <ctnn/layers/flatten.hpp>

#include "support/laws.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <type_traits>

using namespace ctnn;
using laws::W;

inline constexpr laws::traits linear{.linear = true};

using layer = flatten::on<shape<5, 5, 16>>;
static_assert(std::is_same_v<layer::output_shape, features<400>>);
static_assert(layer::facts.reshapes && layer::parameter_count == 0 && layer::multiply_adds == 0);
static_assert(layer::name == std::string_view("flatten"));

TEST_CASE("flatten::on<shape<1, 1, 1>>") {
    laws::obeys_in_every_width<flatten::on<shape<1, 1, 1>>>(reference::flatten{}, linear);
}
TEST_CASE("flatten::on<shape<3, W + 1, W - 1>>") {
    laws::obeys<flatten::on<shape<3, W + 1, W - 1>>>(reference::flatten{}, linear);
}

// Row by row, channel fastest.
constexpr bool test_forward_and_backward() {
    using map = flatten::on<shape<2, 3, 2>>;
    map::input x{};
    x(1, 0, 1) = 5;
    const map::output y = map::forward(x);
    map::output d_y{};
    d_y[4] = 7;
    const map::input d_x = map::backward(x, d_y);
    return y[7] == 5 && y[6] == 0 && d_x(0, 2, 0) == 7 && d_x(0, 2, 1) == 0;
}
TEST_CASE("flatten in a constant expression") {
    static_assert(test_forward_and_backward());
    CHECK(test_forward_and_backward());
}
