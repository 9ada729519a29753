#include <ctnn/layers/prelu.hpp>

#include "support/laws.hpp"

#include <doctest/doctest.h>

#include <string_view>

using namespace ctnn;
using laws::W;

using map = shape<3, 4, W + 1>;
static_assert(prelu::on<map>::parameter_count == W + 1);
static_assert(prelu::on<map>::name == std::string_view("prelu"));

TEST_CASE("prelu") {
    laws::obeys<prelu::on<map>>(reference::prelu{});
    laws::obeys_in_every_width<prelu::on<features<3>>>(reference::prelu{},
                                                       {.least_share_of_parameters = 0.3});
}

constexpr bool by_hand() {
    using layer = prelu::on<shape<1, 2, 2>>;
    const layer::parameters w{{0.5f, -2}};
    const layer::input x{{-4, 3, 6, -1}};
    const layer::output y = layer::forward(w, x);
    layer::parameters d_w{};
    const layer::input d_x = layer::backward(w, x, layer::output{{1, 10, 100, 1000}}, d_w);
    return y[0] == -2 && y[1] == 3 && y[2] == 6 && y[3] == 2 && d_x[0] == 0.5f && d_x[1] == 10 &&
           d_x[2] == 100 && d_x[3] == -2000 && d_w.elements[0] == -4 && d_w.elements[1] == -1000;
}
TEST_CASE("prelu by hand, and in a constant expression") {
    static_assert(by_hand());
    CHECK(by_hand());
}
