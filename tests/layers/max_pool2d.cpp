#include <ctnn/layers/max_pool2d.hpp>

#include "support/laws.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string_view>
#include <type_traits>

using namespace ctnn;
using laws::W;
// One pixel of a window has all of its gradient.
inline constexpr laws::traits one_of_9{.least_share = 0.05};

template <class Spec, class Input>
using output = typename Spec::template on<Input>::output_shape;

static_assert(std::is_same_v<output<max_pool2d<>, shape<28, 28, 6>>, shape<14, 14, 6>>);
static_assert(std::is_same_v<output<max_pool2d<window<2>>, shape<7, 5, 17>>, shape<3, 2, 17>>);
static_assert(std::is_same_v<output<max_pool2d<window<3, 2>, stride<1, 2>>, shape<10, 9, 5>>,
                             shape<8, 4, 5>>);
static_assert(std::is_same_v<output<max_pool2d<window<2>, same>, shape<7, 5, 1>>, shape<4, 3, 1>>);
static_assert(std::is_same_v<output<max_pool2d<window<3>, stride<1>, same_size>, shape<7, 5, 1>>,
                             shape<7, 5, 1>>);
static_assert(std::is_same_v<output<max_pool2d<window<3>, padding<1, 0, 2, 1>>, shape<5, 6, 1>>,
                             shape<2, 3, 1>>);
using pool = max_pool2d<window<2, 2>>::on<shape<4, 4, 3>>;
static_assert(pool::parameter_count == 0 && pool::multiply_adds == 0);
static_assert(pool::name == std::string_view("max_pool2d"));
static_assert(!pool::facts.in_place && !pool::facts.reshapes);

TEST_CASE("max_pool2d<window<1, 1>>::on<shape<1, 1, 1>>") {
    laws::obeys_in_every_width<max_pool2d<window<1, 1>>::on<shape<1, 1, 1>>>(
        reference::max_pool2d{.window = {1, 1}, .stride = {1, 1}});
}
TEST_CASE("max_pool2d<>::on<shape<5, 7, W + 1>>") {  // the last row and column are dropped
    laws::obeys_in_every_width<max_pool2d<>::on<shape<5, 7, W + 1>>>(
        reference::max_pool2d{.window = {2, 2}, .stride = {2, 2}}, one_of_9);
}
TEST_CASE("max_pool2d<window<3, 3>, stride<2, 2>, every_maximum>::on<shape<7, W, W - 1>>") {
    laws::obeys<max_pool2d<window<3, 3>, stride<2, 2>, every_maximum>::on<shape<7, W, W - 1>>>(
        reference::max_pool2d{.window = {3, 3}, .stride = {2, 2}}, one_of_9);
}
TEST_CASE("max_pool2d<window<1, 4>, stride<1, 3>>::on<shape<3, 2 * W + 1, W>>") {
    laws::obeys<max_pool2d<window<1, 4>, stride<1, 3>>::on<shape<3, 2 * W + 1, W>>>(
        reference::max_pool2d{.window = {1, 4}, .stride = {1, 3}}, one_of_9);
}
TEST_CASE("max_pool2d<window<5, 2>, stride<1, 1>>::on<shape<W + 1, 4, 2 * W + 1>>") {
    laws::obeys<max_pool2d<window<5, 2>, stride<1, 1>>::on<shape<W + 1, 4, 2 * W + 1>>>(
        reference::max_pool2d{.window = {5, 2}, .stride = {1, 1}}, one_of_9);
}
TEST_CASE("max_pool2d<window<4, 3>>::on<shape<4, 3, 5>>") {  // the window is the input
    laws::obeys<max_pool2d<window<4, 3>>::on<shape<4, 3, 5>>>(
        reference::max_pool2d{.window = {4, 3}, .stride = {4, 3}}, one_of_9);
}
TEST_CASE("max_pool2d<window<3, 2>, stride<2, 1>, same>::on<shape<6, 5, 3>>") {
    laws::obeys<max_pool2d<window<3, 2>, stride<2, 1>, same>::on<shape<6, 5, 3>>>(
        reference::max_pool2d{.window = {3, 2}, .stride = {2, 1}, .pad = reference::same},
        one_of_9);
}
TEST_CASE("max_pool2d<window<3, 3>, stride<1, 1>, same_size>::on<shape<4, 5, 3>>") {
    laws::obeys<max_pool2d<window<3, 3>, stride<1, 1>, same_size>::on<shape<4, 5, 3>>>(
        reference::max_pool2d{.window = {3, 3}, .stride = {1, 1}, .pad = reference::same_size},
        one_of_9);
}
TEST_CASE("max_pool2d<window<3, 3>, stride<2, 2>, padding<1, 0, 2, 1>>::on<shape<6, 7, 3>>") {
    laws::obeys<max_pool2d<window<3, 3>, stride<2, 2>, padding<1, 0, 2, 1>>::on<shape<6, 7, 3>>>(
        reference::max_pool2d{
            .window = {3, 3}, .stride = {2, 2}, .pad = {reference::padding::by_hand, 1, 0, 2, 1}},
        one_of_9);
}

// Equal values in a window: the gradient goes to the first of them in reading order, or to each.
constexpr bool test_ties() {
    using first = max_pool2d<window<2, 2>>::on<shape<2, 4, 1>>;
    using every = max_pool2d<every_maximum, window<2, 2>>::on<shape<2, 4, 1>>;
    const first::input x{{1, 3, 2, 2,  //
                          3, 3, 2, 2}};
    const first::output d_y{{10, 20}};
    const first::output y = first::forward(x);
    const first::input d_first = first::backward(x, d_y), d_every = every::backward(x, d_y);
    const float expected_first[]{0, 10, 20, 0, 0, 0, 0, 0};
    const float expected_every[]{0, 10, 20, 20, 10, 10, 20, 20};
    bool right = y[0] == 3 && y[1] == 2;
    for (std::size_t i = 0; i < 8; ++i)
        right = right && d_first[i] == expected_first[i] && d_every[i] == expected_every[i];
    return right;
}

// Windows overlap, and each gives its own gradient: the middle pixels belong to two.
constexpr bool test_ties_across_windows() {
    using first = max_pool2d<window<1, 3>, stride<1, 1>>::on<shape<1, 5, 1>>;
    using every = max_pool2d<window<1, 3>, stride<1, 1>, every_maximum>::on<shape<1, 5, 1>>;
    const first::input x{{0, 4, 4, 1, 4}};
    const first::output d_y{{1, 10, 100}};
    const first::input d_first = first::backward(x, d_y), d_every = every::backward(x, d_y);
    const float expected_first[]{0, 11, 100, 0, 0};
    const float expected_every[]{0, 11, 111, 0, 100};
    bool right = true;
    for (std::size_t i = 0; i < 5; ++i)
        right = right && d_first[i] == expected_first[i] && d_every[i] == expected_every[i];
    return right;
}

// Zeros from the padding would win over numbers below 0.
constexpr bool test_padding_never_wins() {
    using layer = max_pool2d<window<3, 3>, stride<2, 2>, same>::on<shape<4, 3, 1>>;
    const layer::input x{{-1, -2, -3,  //
                          -4, -5, -6,  //
                          -7, -8, -9,  //
                          -10, -11, -12}};
    const layer::output y = layer::forward(x), d_y{{1, 2, 3, 4}};
    const layer::input d_x = layer::backward(x, d_y);
    // Padding: rows 0 + 1, columns 1 + 1. Windows start at rows 0, 2 and columns -1, 1.
    return y[0] == -1 && y[1] == -2 && y[2] == -7 && y[3] == -8 && d_x[0] == 1 && d_x[1] == 2 &&
           d_x[6] == 3 && d_x[7] == 4;
}

constexpr bool test_remainder_is_dropped() {
    using layer = max_pool2d<window<2, 2>>::on<shape<3, 3, 1>>;
    const layer::input x{{1, 2, 9, 4, 3, 9, 9, 9, 9}};
    const layer::input d_x = layer::backward(x, layer::output{{5}});
    bool right = layer::forward(x)[0] == 4;
    for (std::size_t i = 0; i < 9; ++i) right = right && d_x[i] == (i == 3 ? 5.0f : 0.0f);
    return right;
}

TEST_CASE("max_pool2d in a constant expression") {
    static_assert(test_ties());
    CHECK(test_ties());
    static_assert(test_ties_across_windows());
    CHECK(test_ties_across_windows());
    static_assert(test_padding_never_wins());
    CHECK(test_padding_never_wins());
    static_assert(test_remainder_is_dropped());
    CHECK(test_remainder_is_dropped());
}

// The first maximum is found lane by lane: every lane has its ties elsewhere.
template <class Layer>
void ties_in_lanes() {
    using T = simd::native;
    std::array<const tensor<shape<3, 4, 2>>*, simd::native_lanes> from{};
    std::vector<tensor<shape<3, 4, 2>>> images(simd::native_lanes);
    generator random(7);
    for (std::size_t n = 0; n < images.size(); ++n) {
        for (float& v : images[n]) v = static_cast<float>(random.next() % 3);
        from[n] = &images[n];
    }
    tensor<shape<3, 4, 2>, T> x, d_x;
    to_lanes<T>(from, tensor_view(x));
    tensor<typename Layer::output_shape, T> d_y;
    tensor<typename Layer::output_shape> d_y_alone;
    for (std::size_t i = 0; i < d_y.size(); ++i) {
        d_y_alone[i] = static_cast<float>(i + 1);
        d_y[i] = T(d_y_alone[i]);
    }
    d_x = Layer::backward(x, d_y);
    for (std::size_t n = 0; n < images.size(); ++n) {
        const auto alone = Layer::backward(images[n], d_y_alone);
        for (std::size_t i = 0; i < alone.size(); ++i) {
            float lanes[simd::native_lanes];
            simd::store(lanes, d_x[i]);
            CHECK(lanes[n] == alone[i]);
        }
    }
}
TEST_CASE("max_pool2d<window<2, 2>, stride<1, 1>>::on<shape<3, 4, 2>>, ties in every lane") {
    ties_in_lanes<max_pool2d<window<2, 2>, stride<1, 1>>::on<shape<3, 4, 2>>>();
    ties_in_lanes<max_pool2d<window<2, 2>, stride<1, 1>, every_maximum>::on<shape<3, 4, 2>>>();
}

// A convolution pools along with itself only where no pixel is in two windows and none is padding,
// in either direction, and where a row of a window is short.
template <class... Options>
constexpr bool fuses =
    max_pool2d<Options...>::template on<shape<30, 30, 1>>::facts.pools_disjoint_windows;
static_assert(fuses<> && fuses<window<2, 3>> && fuses<window<3, 2>, stride<3, 2>>);
static_assert(!fuses<window<2, 2>, stride<2, 1>> && !fuses<window<2, 2>, stride<1, 2>>);
static_assert(!fuses<window<2, 2>, stride<2, 3>> && !fuses<window<2, 2>, stride<3, 2>>);
static_assert(!fuses<window<2, 2>, padding<0, 0, 1, 1>> &&
              !fuses<window<2, 2>, padding<1, 1, 0, 0>>);
static_assert(!fuses<window<2, 2>, padding<0, 0, 1, 0>> &&
              !fuses<window<2, 2>, padding<0, 1, 0, 0>>);
static_assert(fuses<window<15, 8>> && !fuses<window<2, 10>>);

TEST_CASE("max_pool2d: the gradient goes to what is not a number, as the maximum did") {
    using layer = max_pool2d<window<1, 3>>::on<shape<1, 3, 1>>;
    const layer::input x{{4.0f, 5.0f, std::numeric_limits<float>::quiet_NaN()}};
    const layer::input d_x = layer::backward(x, layer::output{{7.0f}});
    CHECK(d_x[0] == 0.0f);
    CHECK(d_x[1] == 0.0f);
    CHECK(d_x[2] == 7.0f);
}
