#include <ctnn/layers/softmax.hpp>

#include "support/laws.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <type_traits>

using namespace ctnn;
using laws::W;

using layer = softmax::on<shape<3, 5, 2>>;
static_assert(std::is_same_v<layer::output_shape, shape<3, 5, 2>>);
static_assert(layer::facts.in_place && !layer::facts.reshapes && layer::parameter_count == 0);
static_assert(layer::name == std::string_view("softmax"));

TEST_CASE("softmax::on<features<10>>") {
    laws::obeys_in_every_width<softmax::on<features<10>>>(reference::softmax{});
}
TEST_CASE("softmax::on<features<2>>") {
    laws::obeys<softmax::on<features<2>>>(reference::softmax{});
}
TEST_CASE("softmax::on<features<2 * W + 1>>") {
    laws::obeys<softmax::on<features<2 * W + 1>>>(reference::softmax{});
}
TEST_CASE("softmax::on<shape<2, 3, W - 1>>") {  // every pixel by itself
    laws::obeys<softmax::on<shape<2, 3, W - 1>>>(reference::softmax{});
}

TEST_CASE("softmax::on<shape<2, 2, 1>>: one class is certain, and its gradient is 0") {
    using one = softmax::on<shape<2, 2, 1>>;
    const one::input x{{-5, 0, 1e4f, 3}};
    for (const float p : one::forward(x)) CHECK(p == 1.0f);
    for (const float d : one::backward(x, one::output{{1, 2, 3, 4}})) CHECK(d == 0.0f);
}

TEST_CASE("softmax::on<shape<2, 2, 4>>: every pixel's probabilities add up to 1") {
    using map = softmax::on<shape<2, 2, 4>>;
    generator random(3);
    map::input x;
    map::output d_y;
    for (float& v : x) v = random.between(-2.0f, 2.0f);
    for (float& v : d_y) v = random.between(-1.0f, 1.0f);
    const map::output y = map::forward(x);
    const map::input d_x = map::backward(x, d_y);
    for (std::size_t p = 0; p < 4; ++p) {
        float sum = 0.0f, d_sum = 0.0f, largest = 0.0f;
        for (std::size_t c = 0; c < 4; ++c) {
            sum += y[4 * p + c];
            d_sum += d_x[4 * p + c];
            largest = std::max(largest, std::abs(d_x[4 * p + c]));
        }
        CHECK(std::abs(sum - 1.0f) <= 4e-7f);
        CHECK(std::abs(d_sum) <= 2e-6f * largest);
        CHECK(largest > 0.01f);
    }
}

// Large logits: e^x alone would be infinite from 88.8 on.
template <class T>
void stable() {
    using three = softmax::on<features<3>>;
    for (const float big : {1e4f, -1e4f, 88.8f, -88.8f, 104.0f, 3e38f, -3e38f})
        for (const float other : {0.0f, 1e4f, -1e4f, 3e38f, -3e38f}) {
            tensor<features<3>, T> x, d_y;
            x[0] = T(big);
            x[1] = T(big / 2);
            x[2] = T(other);
            d_y[0] = d_y[1] = T(-1.0f);
            d_y[2] = T(2.0f);
            const auto y = three::forward(x);
            const auto d_x = three::backward(x, d_y);
            float sum = 0.0f, d_sum = 0.0f, lanes[simd::lanes_of<T>];
            for (std::size_t c = 0; c < 3; ++c) {
                simd::store(lanes, y[c]);
                CHECK(lanes[0] >= 0.0f);  // false for NaN
                CHECK(lanes[0] <= 1.0f);
                sum += lanes[0];
                simd::store(lanes, d_x[c]);
                CHECK(std::abs(lanes[0]) <= 3.0f);
                d_sum += lanes[0];
            }
            CHECK(std::abs(sum - 1.0f) <= 3e-7f);
            CHECK(std::abs(d_sum) <= 1e-6f);
        }
}
TEST_CASE("softmax::on<features<3>> is never not a number") {
    stable<float>();
    stable<simd::native>();
}

TEST_CASE("softmax does not change when all logits grow by as much") {
    using three = softmax::on<features<3>>;
    const three::output y = three::forward(three::input{{1, 2, 4}});
    const three::output shifted = three::forward(three::input{{1025, 1026, 1028}});
    for (std::size_t c = 0; c < 3; ++c) CHECK(y[c] == shifted[c]);
}

constexpr bool test_forward_and_backward() {
    using two = softmax::on<features<2>>;
    const two::input x{{0, 0}};
    const two::output y = two::forward(x), d_y{{4, 0}};
    const two::input d_x = two::backward(x, d_y);  // y (d_y - sum of d_y y) = 0.5 (4 - 2)
    return y[0] == 0.5f && y[1] == 0.5f && d_x[0] == 1 && d_x[1] == -1;
}
TEST_CASE("softmax in a constant expression") {
    static_assert(test_forward_and_backward());
    CHECK(test_forward_and_backward());
}
