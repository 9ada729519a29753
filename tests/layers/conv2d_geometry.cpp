// The convolution's strides, dilations, groups and paddings, and the shapes that they make.
#include <ctnn/layers/conv2d.hpp>

#include "support/laws.hpp"

#include <doctest/doctest.h>

#include <type_traits>

using namespace ctnn;
using laws::W;
inline constexpr laws::traits linear{.linear = true};

template <class Spec, class Input>
using output = typename Spec::template on<Input>::output_shape;

// valid: floor((n - k) / s) + 1
static_assert(std::is_same_v<output<conv2d<2, kernel<5, 5>>, shape<14, 14, 6>>, shape<10, 10, 2>>);
static_assert(
    std::is_same_v<output<conv2d<2, kernel<3, 3>, stride<3, 3>>, shape<10, 9, 1>>, shape<3, 3, 2>>);
static_assert(std::is_same_v<output<conv2d<2, kernel<3, 3>, valid>, shape<3, 5, 1>>,
                             output<conv2d<2, kernel<3, 3>>, shape<3, 5, 1>>>);
// same: ceil(n / s), whatever the kernel, also one that is larger than the input
static_assert(
    std::is_same_v<output<conv2d<2, kernel<2, 4>, same>, shape<6, 7, 1>>, shape<6, 7, 2>>);
static_assert(std::is_same_v<output<conv2d<2, kernel<3, 5>, same, stride<2, 3>>, shape<9, 8, 1>>,
                             shape<5, 3, 2>>);
static_assert(
    std::is_same_v<output<conv2d<2, kernel<9, 9>, same>, shape<2, 3, 1>>, shape<2, 3, 2>>);
// same_size: n, at any stride, unless (n - 1) s + k - n is odd
static_assert(std::is_same_v<output<conv2d<2, kernel<3, 3>, same_size, stride<2>>, shape<9, 9, 1>>,
                             shape<9, 9, 2>>);
static_assert(
    std::is_same_v<output<conv2d<2, kernel<5, 3>, same_size, stride<3, 2>>, shape<8, 7, 1>>,
                   shape<8, 7, 2>>);
static_assert(
    std::is_same_v<output<conv2d<2, kernel<2, 2>, same_size>, shape<6, 7, 1>>, shape<5, 6, 2>>);
// by hand, with holes: (6 + 1 - 3) / 1 + 1 rows, (8 + 0 + 2 - (3 - 1) * 3 - 1) / 2 + 1 columns
static_assert(std::is_same_v<
              output<conv2d<2, kernel<3, 3>, padding<1, 0, 0, 2>, dilation<1, 3>, stride<1, 2>>,
                     shape<6, 8, 1>>,
              shape<5, 2, 2>>);
static_assert(std::is_same_v<output<conv2d<2, kernel<3>, padding<1>>, shape<4, 5, 1>>,
                             output<conv2d<2, kernel<3, 3>, padding<1, 1>>, shape<4, 5, 1>>>);

TEST_CASE("conv2d<3, kernel<3, 3>, stride<2, 1>, same>::on<shape<6, 5, 2>>") {
    laws::obeys<conv2d<3, kernel<3, 3>, stride<2, 1>, same>::on<shape<6, 5, 2>>>(
        reference::conv2d{.filters = 3, .kernel = {3, 3}, .stride = {2, 1}, .pad = reference::same},
        linear);
}
TEST_CASE("conv2d<2, kernel<2, 4>, same>::on<shape<5, 7, 3>>") {  // the odd pixel at the end
    laws::obeys<conv2d<2, kernel<2, 4>, same>::on<shape<5, 7, 3>>>(
        reference::conv2d{.filters = 2, .kernel = {2, 4}, .pad = reference::same}, linear);
}
TEST_CASE("conv2d<2, kernel<5, 7>, same>::on<shape<3, 2, 2>>") {
    // The outer columns of the kernel never see a pixel: their gradient is 0.
    laws::obeys<conv2d<2, kernel<5, 7>, same>::on<shape<3, 2, 2>>>(
        reference::conv2d{.filters = 2, .kernel = {5, 7}, .pad = reference::same},
        {.linear = true, .least_share_of_parameters = 0.3});
}
TEST_CASE("conv2d<4, kernel<5, 3>, same_size, stride<3, 2>>::on<shape<8, 7, 2>>") {
    laws::obeys<conv2d<4, kernel<5, 3>, same_size, stride<3, 2>>::on<shape<8, 7, 2>>>(
        reference::conv2d{
            .filters = 4, .kernel = {5, 3}, .stride = {3, 2}, .pad = reference::same_size},
        linear);
}
TEST_CASE("conv2d<3, kernel<5, 2>, padding<1, 0, 2, 1>>::on<shape<6, 4, 2>>") {
    laws::obeys<conv2d<3, kernel<5, 2>, padding<1, 0, 2, 1>>::on<shape<6, 4, 2>>>(
        reference::conv2d{
            .filters = 3, .kernel = {5, 2}, .pad = {reference::padding::by_hand, 1, 0, 2, 1}},
        linear);
}
TEST_CASE("conv2d<2, kernel<2, 3>, stride<2, 3>, padding<0, 3, 4, 1>>::on<shape<5, 6, 2>>") {
    laws::obeys<conv2d<2, kernel<2, 3>, stride<2, 3>, padding<0, 3, 4, 1>>::on<shape<5, 6, 2>>>(
        reference::conv2d{.filters = 2,
                          .kernel = {2, 3},
                          .stride = {2, 3},
                          .pad = {reference::padding::by_hand, 0, 3, 4, 1}},
        linear);
}
TEST_CASE("conv2d<3, kernel<3, 3>, dilation<2, 3>, same>::on<shape<7, 9, 2>>") {
    laws::obeys<conv2d<3, kernel<3, 3>, dilation<2, 3>, same>::on<shape<7, 9, 2>>>(
        reference::conv2d{
            .filters = 3, .kernel = {3, 3}, .dilation = {2, 3}, .pad = reference::same},
        linear);
}
TEST_CASE("conv2d<2, kernel<3, 2>, dilation<3, 2>, stride<2, 2>>::on<shape<11, 8, 2>>") {
    laws::obeys<conv2d<2, kernel<3, 2>, dilation<3, 2>, stride<2, 2>>::on<shape<11, 8, 2>>>(
        reference::conv2d{.filters = 2, .kernel = {3, 2}, .stride = {2, 2}, .dilation = {3, 2}},
        linear);
}
TEST_CASE("conv2d<6, kernel<3, 3>, groups<2>, same>::on<shape<4, 5, 4>>") {
    laws::obeys<conv2d<6, kernel<3, 3>, groups<2>, same>::on<shape<4, 5, 4>>>(
        reference::conv2d{.filters = 6, .kernel = {3, 3}, .groups = 2, .pad = reference::same},
        linear);
}
TEST_CASE("conv2d<3 * (W + 1), kernel<1, 2>, groups<3>, use_bias<false>>::on<shape<2, 4, 9>>") {
    laws::obeys<conv2d<3 * (W + 1), kernel<1, 2>, groups<3>, use_bias<false>>::on<shape<2, 4, 9>>>(
        reference::conv2d{.filters = 3 * (W + 1), .kernel = {1, 2}, .groups = 3, .bias = false},
        linear);
}
TEST_CASE("conv2d<8, kernel<2, 2>, groups<4>, dilation<2, 1>, stride<1, 2>, padding<1>>") {
    laws::obeys<conv2d<8, kernel<2, 2>, groups<4>, dilation<2, 1>, stride<1, 2>,
                       padding<1>>::on<shape<4, 5, 4>>>(
        reference::conv2d{.filters = 8,
                          .kernel = {2, 2},
                          .stride = {1, 2},
                          .dilation = {2, 1},
                          .groups = 4,
                          .pad = {reference::padding::by_hand, 1, 1, 1, 1}},
        linear);
}
// Some pixels lie between the windows: nothing sees them, and their gradient is 0.
TEST_CASE("conv2d<2, kernel<1, 2>, stride<2, 3>>::on<shape<6, 9, 2>>") {
    using layer = conv2d<2, kernel<1, 2>, stride<2, 3>>::on<shape<6, 9, 2>>;
    laws::obeys<layer>(reference::conv2d{.filters = 2, .kernel = {1, 2}, .stride = {2, 3}}, linear);
    layer::parameters w{}, d_w{};
    layer::output d_y;
    for (float& v : w.values()) v = 1.0f;
    d_y.fill(1.0f);
    const layer::input d_x = layer::backward(w, layer::input{}, d_y, d_w);
    for (std::size_t r = 0; r < 6; ++r)
        for (std::size_t q = 0; q < 9; ++q)
            CHECK(d_x(r, q, 1) == (r % 2 == 0 && q % 3 < 2 ? 2.0f : 0.0f));
}
