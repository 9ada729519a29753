#include <ctnn/layers/conv2d_transpose.hpp>

#include "support/laws.hpp"

#include <ctnn/layers/conv1d.hpp>
#include <ctnn/layers/conv2d.hpp>

#include <doctest/doctest.h>

#include <string_view>
#include <type_traits>

using namespace ctnn;
using laws::W;

namespace {

constexpr laws::traits linear{.linear = true};

}  // namespace

using up = conv2d_transpose<6, kernel<3, 5>, stride<2>, same>::on<shape<4, 7, 3>>;
static_assert(std::is_same_v<up::output_shape, shape<8, 14, 6>>);
static_assert(up::name == std::string_view("conv2d_transpose"));
static_assert(up::parameter_count == 3 * 5 * 6 * 3 + 6);
static_assert(up::multiply_adds == 4 * 7 * 3 * 3 * 5 * 6);
// Keras' kernel: (height, width, filters, channels).
static_assert(up::parameter_table[0].extents[2] == 6 && up::parameter_table[0].extents[3] == 3);
using in_one = conv1d_transpose<6, kernel<5>, stride<2>, same>::on<sequence_shape<7, 3>>;
static_assert(std::is_same_v<in_one::output_shape, sequence_shape<14, 6>>);
static_assert(in_one::name == std::string_view("conv1d_transpose"));
static_assert(in_one::parameter_table[0].rank == 3 && in_one::parameter_table[0].extents[0] == 5 &&
              in_one::parameter_table[0].extents[1] == 6 &&
              in_one::parameter_table[0].extents[2] == 3);

template <class... Options>
inline constexpr std::size_t height_of_5 =
    conv2d_transpose<2, Options...>::template output_on<shape<5, 5, 3>>::height;
// Keras: max(kernel - stride, 0) more than in * stride; with `same` none.
static_assert(height_of_5<kernel<3>> == 7 && height_of_5<kernel<3>, stride<2>> == 11);
static_assert(height_of_5<kernel<2>, stride<3>> == 15 && height_of_5<kernel<2>, stride<2>> == 10);
static_assert(height_of_5<kernel<3>, dilation<2>> == 9);
static_assert(height_of_5<kernel<3>, same> == 5 && height_of_5<kernel<2>, stride<3>, same> == 15);
// PyTorch: (in - 1) stride + kernel - pads.
static_assert(height_of_5<kernel<2>, stride<3>, padding<0>> == 14);
static_assert(height_of_5<kernel<4>, stride<2>, padding<1>> == 10);
static_assert(height_of_5<kernel<3>, padding<4, 2, 0, 0>> == 1);
static_assert(height_of_5<kernel<3>, padding<4, 3, 0, 0>> == 0);

// What a convolution of the same options makes of the output has the input's size.
template <class... Options>
constexpr bool goes_back() {
    using there = typename conv2d_transpose<3, Options...>::template output_on<shape<4, 5, 3>>;
    return std::is_same_v<typename conv2d<3, Options...>::template output_on<there>,
                          shape<4, 5, 3>>;
}
static_assert(goes_back<kernel<3>, stride<2>>() && goes_back<kernel<3>, stride<2>, same>());
static_assert(goes_back<kernel<2, 5>, stride<3, 4>>());
static_assert(goes_back<kernel<2, 5>, stride<3, 4>, same>());
static_assert(goes_back<kernel<2, 5>, stride<3, 4>, padding<1, 0, 2, 1>>());
static_assert(goes_back<kernel<3, 2>, dilation<2, 3>, stride<2, 1>>());

TEST_CASE("conv2d_transpose<W + 1, kernel<3>, stride<2>, same>::on<shape<3, 4, 2>>") {
    laws::obeys_in_every_width<
        conv2d_transpose<W + 1, kernel<3>, stride<2>, same>::on<shape<3, 4, 2>>>(
        reference::conv2d_transpose{.filters = static_cast<long>(W + 1),
                                    .kernel = {3, 3},
                                    .stride = {2, 2},
                                    .pad = reference::same},
        linear);
}
TEST_CASE("conv2d_transpose<3, kernel<2, 4>, stride<3, 2>>::on<shape<3, 2, W + 1>>") {
    laws::obeys_in_every_width<
        conv2d_transpose<3, kernel<2, 4>, stride<3, 2>>::on<shape<3, 2, W + 1>>>(
        reference::conv2d_transpose{.filters = 3, .kernel = {2, 4}, .stride = {3, 2}}, linear);
}
TEST_CASE("conv2d_transpose<2, kernel<2>, stride<3>, same, use_bias<false>>::on<shape<2, W, 3>>") {
    laws::obeys<
        conv2d_transpose<2, kernel<2>, stride<3>, same, use_bias<false>>::on<shape<2, W, 3>>>(
        reference::conv2d_transpose{.filters = 2,
                                    .kernel = {2, 2},
                                    .stride = {3, 3},
                                    .pad = reference::same,
                                    .bias = false},
        linear);
}
TEST_CASE("conv2d_transpose<W, kernel<4, 2>, stride<2, 3>, padding<1, 2, 0, 1>>::on<..., W - 1>") {
    laws::obeys<conv2d_transpose<W, kernel<4, 2>, stride<2, 3>,
                                 padding<1, 2, 0, 1>>::on<shape<3, 3, W - 1>>>(
        reference::conv2d_transpose{.filters = static_cast<long>(W),
                                    .kernel = {4, 2},
                                    .stride = {2, 3},
                                    .pad = {reference::padding::by_hand, 1, 2, 0, 1},
                                    .keeps_rest = false},
        linear);
}
TEST_CASE("conv2d_transpose<2, kernel<3, 2>, dilation<2, 3>, stride<2, 1>>::on<shape<3, 4, 2>>") {
    laws::obeys<
        conv2d_transpose<2, kernel<3, 2>, dilation<2, 3>, stride<2, 1>>::on<shape<3, 4, 2>>>(
        reference::conv2d_transpose{
            .filters = 2, .kernel = {3, 2}, .stride = {2, 1}, .dilation = {2, 3}},
        linear);
}
TEST_CASE("conv2d_transpose<1, kernel<1>>::on<shape<1, 1, 1>>") {
    laws::obeys<conv2d_transpose<1, kernel<1>>::on<shape<1, 1, 1>>>(
        reference::conv2d_transpose{.filters = 1, .kernel = {1, 1}}, linear);
}
TEST_CASE("conv1d_transpose<3, kernel<4>, stride<2>, same>::on<sequence_shape<W, 2>>") {
    laws::obeys_in_every_width<
        conv1d_transpose<3, kernel<4>, stride<2>, same>::on<sequence_shape<W, 2>>>(
        reference::conv2d_transpose{
            .filters = 3, .kernel = {1, 4}, .stride = {1, 2}, .pad = reference::same},
        linear);
}

constexpr bool test_forward_and_backward() {
    using layer = conv2d_transpose<1, kernel<1, 3>, stride<1, 2>, same>::on<shape<1, 2, 2>>;
    const layer::parameters w{{1, 2, 3, 4, 5, 6, 0.5f}};  // (j, c), then the bias
    const layer::input x{{1, 10, 2, 20}};
    const layer::output y = layer::forward(w, x), d_y{{1, 0, 0, 2}};
    layer::parameters d_w{};
    const layer::input d_x = layer::backward(w, x, d_y, d_w);
    // The last tap of the last pixel is cut off.
    return y[0] == 21.5f && y[1] == 43.5f && y[2] == 65 + 42 + 0.5f && y[3] == 86.5f &&
           d_x[0] == 1 && d_x[1] == 2 && d_x[2] == 6 && d_x[3] == 8 &&
           d_w.kernel()(0, 0, 0, 1) == 10 && d_w.kernel()(0, 1, 0, 0) == 4 &&
           d_w.kernel()(0, 2, 0, 0) == 0 && d_w.bias()[0] == 3;
}
TEST_CASE("conv2d_transpose in a constant expression") {
    static_assert(test_forward_and_backward());
    CHECK(test_forward_and_backward());
}
