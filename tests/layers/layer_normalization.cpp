#include <ctnn/layers/layer_normalization.hpp>

#include "support/laws.hpp"

#include <ctnn/layers/dense.hpp>
#include <ctnn/network.hpp>
#include <ctnn/training/initializers.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <string_view>

using namespace ctnn;
using laws::W;

using map = shape<3, 4, W + 1>;
static_assert(layer_normalization<>::on<map>::parameter_count == 2 * (W + 1));
static_assert(layer_normalization<>::on<map>::name == std::string_view("layer_normalization"));
static_assert(layer_normalization<>::on<map>::parameter_table[0].array == "gamma" &&
              layer_normalization<>::on<map>::parameter_table[1].array == "beta");
// Another epsilon is another layer.
static_assert(layer_normalization<>::on<map>::fingerprint ==
              layer_normalization<epsilon<1, 1000>>::on<map>::fingerprint);
static_assert(layer_normalization<>::on<map>::fingerprint !=
              layer_normalization<epsilon<1, 100>>::on<map>::fingerprint);

TEST_CASE("layer_normalization<>::on<shape<3, 4, W + 1>>") {
    laws::obeys_in_every_width<layer_normalization<>::on<map>>(reference::layer_normalization{});
}
TEST_CASE("layer_normalization<epsilon<1>>::on<features<2 W + 1>>") {
    laws::obeys_in_every_width<layer_normalization<epsilon<1>>::on<features<2 * W + 1>>>(
        reference::layer_normalization{1.0});
}
TEST_CASE("layer_normalization<epsilon<1, 10>>::on<shape<5, 7, 2>>: more than 16 pixels") {
    laws::obeys<layer_normalization<epsilon<1, 10>>::on<shape<5, 7, 2>>>(
        reference::layer_normalization{0.1});
}
TEST_CASE("layer_normalization<>::on<shape<4, 4, W>>: 16 pixels") {
    laws::obeys<layer_normalization<>::on<shape<4, 4, W>>>(reference::layer_normalization{});
}
TEST_CASE("layer_normalization<>::on<shape<2, 2, 1>>: one channel is its own mean") {
    using one = layer_normalization<>::on<shape<2, 2, 1>>;
    const one::parameters w{{3, 0.25f}};
    one::parameters d_w{};
    const one::input x{{-5, 0, 1e4f, 3}};
    for (const float y : one::forward(w, x)) CHECK(y == 0.25f);
    for (const float d : one::backward(w, x, one::output{{1, 2, 3, 4}}, d_w)) CHECK(d == 0.0f);
    CHECK(d_w.elements[0] == 0.0f);
    CHECK(d_w.elements[1] == 10.0f);
}
TEST_CASE("layer_normalization: far from 0 the mean goes first, so that digits are left") {
    using three = layer_normalization<>::on<features<3>>;
    const three::output y =
        three::forward(three::parameters{{1, 1, 1, 0, 0, 0}}, three::input{{9999, 10000, 10001}});
    const float expected = 1.0f / std::sqrt(2.0f / 3.0f + 1e-3f);
    CHECK(y[0] == doctest::Approx(-expected));
    CHECK(y[1] == 0.0f);
    CHECK(y[2] == doctest::Approx(expected));
}
TEST_CASE("layer_normalization: first values, gamma 1 and beta 0") {
    using net = network<features<3>, layer_normalization<>, dense<2>>;
    net::parameters w;
    initialize(w, constant{.value = 0.5f});
    for (std::size_t i = 0; i < 6; ++i) CHECK(w.elements[i] == (i < 3 ? 1.0f : 0.0f));
    CHECK(w.elements[6] == 0.5f);
}

constexpr bool by_hand() {
    using layer = layer_normalization<epsilon<3>>::on<shape<1, 2, 2>>;
    const layer::parameters w{{2, 10, 0.5f, -0.5f}};
    const layer::output y = layer::forward(w, layer::input{{4, 6, 1, 1}});  // variances 1 and 0
    layer::parameters d_w{};
    const layer::input d_x =
        layer::backward(w, layer::input{{4, 6, 1, 1}}, layer::output{{1, 1, 2, 0}}, d_w);
    // x' is -1/2 and 1/2: g = (2, 10), mean 6, mean of g x' is 2.
    return y[0] == -0.5f && y[1] == 4.5f && y[2] == 0.5f && y[3] == -0.5f &&
           d_x[0] == (2 - 6 + 0.5f * 2) / 2 && d_x[1] == (10 - 6 - 0.5f * 2) / 2 &&
           d_w.elements[0] == -0.5f && d_w.elements[1] == 0.5f && d_w.elements[2] == 3 &&
           d_w.elements[3] == 1;
}
TEST_CASE("layer_normalization by hand, and in a constant expression") {
    static_assert(by_hand());
    CHECK(by_hand());
}
