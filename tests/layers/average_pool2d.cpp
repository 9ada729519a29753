#include <ctnn/layers/average_pool2d.hpp>

#include "support/laws.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <type_traits>

using namespace ctnn;
using laws::W;
inline constexpr laws::traits linear{.linear = true};

template <class Spec, class Input>
using output = typename Spec::template on<Input>::output_shape;

static_assert(std::is_same_v<output<average_pool2d<>, shape<7, 5, 17>>, shape<3, 2, 17>>);
static_assert(std::is_same_v<output<average_pool2d<window<3, 2>, stride<1, 2>>, shape<10, 9, 5>>,
                             shape<8, 4, 5>>);
static_assert(
    std::is_same_v<output<average_pool2d<window<2>, same>, shape<7, 5, 1>>, shape<4, 3, 1>>);
static_assert(
    std::is_same_v<output<average_pool2d<window<3>, stride<1>, same_size>, shape<7, 5, 1>>,
                   shape<7, 5, 1>>);
static_assert(std::is_same_v<output<average_pool2d<window<3>, padding<1, 0, 2, 1>>, shape<5, 6, 1>>,
                             shape<2, 3, 1>>);
using pool = average_pool2d<window<2, 2>>::on<shape<4, 4, 3>>;
static_assert(pool::parameter_count == 0);
static_assert(pool::name == std::string_view("average_pool2d"));

TEST_CASE("average_pool2d<window<1, 1>>::on<shape<1, 1, 1>>") {
    laws::obeys_in_every_width<average_pool2d<window<1, 1>>::on<shape<1, 1, 1>>>(
        reference::average_pool2d{.window = {1, 1}, .stride = {1, 1}}, linear);
}
TEST_CASE("average_pool2d<>::on<shape<5, 7, W + 1>>") {
    laws::obeys_in_every_width<average_pool2d<>::on<shape<5, 7, W + 1>>>(
        reference::average_pool2d{.window = {2, 2}, .stride = {2, 2}}, linear);
}
TEST_CASE("average_pool2d<window<3, 3>, stride<2, 2>>::on<shape<7, W, W - 1>>") {
    laws::obeys<average_pool2d<window<3, 3>, stride<2, 2>>::on<shape<7, W, W - 1>>>(
        reference::average_pool2d{.window = {3, 3}, .stride = {2, 2}}, linear);
}
TEST_CASE("average_pool2d<window<1, 4>, stride<1, 3>>::on<shape<3, 2 * W + 1, W>>") {
    laws::obeys<average_pool2d<window<1, 4>, stride<1, 3>>::on<shape<3, 2 * W + 1, W>>>(
        reference::average_pool2d{.window = {1, 4}, .stride = {1, 3}}, linear);
}
TEST_CASE("average_pool2d<window<5, 2>, stride<1, 1>>::on<shape<W + 1, 4, 2 * W + 1>>") {
    laws::obeys<average_pool2d<window<5, 2>, stride<1, 1>>::on<shape<W + 1, 4, 2 * W + 1>>>(
        reference::average_pool2d{.window = {5, 2}, .stride = {1, 1}}, linear);
}
TEST_CASE("average_pool2d<window<3, 2>, stride<2, 1>, same>::on<shape<6, 5, 3>>") {
    laws::obeys<average_pool2d<window<3, 2>, stride<2, 1>, same>::on<shape<6, 5, 3>>>(
        reference::average_pool2d{.window = {3, 2}, .stride = {2, 1}, .pad = reference::same},
        linear);
}
TEST_CASE("average_pool2d<window<3, 3>, stride<1, 1>, same_size>::on<shape<4, 5, 3>>") {
    laws::obeys<average_pool2d<window<3, 3>, stride<1, 1>, same_size>::on<shape<4, 5, 3>>>(
        reference::average_pool2d{.window = {3, 3}, .stride = {1, 1}, .pad = reference::same_size},
        linear);
}
TEST_CASE("average_pool2d<window<3, 3>, stride<2, 2>, padding<1, 0, 2, 1>>::on<shape<6, 7, 3>>") {
    laws::obeys<
        average_pool2d<window<3, 3>, stride<2, 2>, padding<1, 0, 2, 1>>::on<shape<6, 7, 3>>>(
        reference::average_pool2d{
            .window = {3, 3}, .stride = {2, 2}, .pad = {reference::padding::by_hand, 1, 0, 2, 1}},
        linear);
}

// Two pixels seen: a half each, not a quarter.
constexpr bool test_padding_is_not_counted() {
    using layer = average_pool2d<window<2, 2>, same>::on<shape<3, 3, 1>>;
    const layer::input x{{1, 2, 3, 4, 5, 6, 7, 8, 9}};
    const layer::output y = layer::forward(x), d_y{{4, 2, 6, 1}};
    const layer::input d_x = layer::backward(x, d_y);
    return y[0] == 3 && y[1] == 4.5f && y[2] == 7.5f && y[3] == 9 && d_x(0, 0, 0) == 1 &&
           d_x(1, 1, 0) == 1 && d_x(0, 2, 0) == 1 && d_x(2, 0, 0) == 3 && d_x(2, 2, 0) == 1;
}
constexpr bool test_remainder_is_dropped() {
    using layer = average_pool2d<window<1, 2>>::on<shape<1, 3, 1>>;
    const layer::input x{{1, 3, 100}};
    const layer::input d_x = layer::backward(x, layer::output{{8}});
    return layer::forward(x)[0] == 2 && d_x[0] == 4 && d_x[1] == 4 && d_x[2] == 0;
}

TEST_CASE("average_pool2d in a constant expression") {
    static_assert(test_padding_is_not_counted());
    CHECK(test_padding_is_not_counted());
    static_assert(test_remainder_is_dropped());
    CHECK(test_remainder_is_dropped());
}
