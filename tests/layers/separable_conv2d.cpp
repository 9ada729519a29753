#include <ctnn/layers/separable_conv2d.hpp>

#include <ctnn/layers/relu.hpp>
#include <ctnn/network.hpp>

#include <doctest/doctest.h>

#include <string_view>
#include <type_traits>

using namespace ctnn;

static_assert(
    std::is_same_v<
        separable_conv2d<8, kernel<3>, stride<2>, same, depth_multiplier<2>>,
        sequence<depthwise_conv2d<kernel<3>, stride<2>, same, depth_multiplier<2>, use_bias<false>>,
                 conv2d<8, kernel<1>, use_bias<true>>>>);
static_assert(std::is_same_v<separable_conv2d<8, use_bias<false>, kernel<3>>,
                             sequence<depthwise_conv2d<use_bias<false>, kernel<3>>,
                                      conv2d<8, kernel<1>, use_bias<false>>>>);
static_assert(std::is_same_v<separable_conv2d<8, kernel<3>, use_bias<true>>,
                             sequence<depthwise_conv2d<kernel<3>, use_bias<false>>,
                                      conv2d<8, kernel<1>, use_bias<true>>>>);
static_assert(std::is_same_v<separable_conv1d<8, kernel<5>, causal>,
                             sequence<depthwise_conv1d<kernel<5>, causal, use_bias<false>>,
                                      conv1d<8, kernel<1>, use_bias<true>>>>);

using net = network<shape<6, 7, 3>, separable_conv2d<8, kernel<3>, depth_multiplier<2>>, relu>;
static_assert(std::is_same_v<net::output_shape, shape<4, 5, 8>>);
// Keras' SeparableConv2D(8, 3, depth_multiplier=2): the two kernels and one bias.
static_assert(net::parameter_count == 3 * 3 * 3 * 2 + 6 * 8 + 8);

constexpr bool test_forward() {
    using small = network<shape<1, 1, 2>, separable_conv2d<1, kernel<1>, depth_multiplier<2>>>;
    const small::parameters w{{2, 3, 5, 7, 1, 10, 100, 1000, 0.5f}};
    const small::output y = small::predict(w, small::input{{1, 2}});
    return y[0] == 2 * 1 + 3 * 10 + 10 * 100 + 14 * 1000 + 0.5f;
}
TEST_CASE("separable_conv2d by hand, and in a constant expression") {
    static_assert(test_forward());
    CHECK(test_forward());
}

constexpr bool test_forward_in_one() {
    using small = network<sequence_shape<3, 1>, separable_conv1d<1, kernel<2>, causal>>;
    const small::parameters w{{10, 1, 2, 0.5f}};
    const small::output y = small::predict(w, small::input{{1, 2, 3}});
    return y[0] == 2.5f && y[1] == 24.5f && y[2] == 46.5f;
}
TEST_CASE("separable_conv1d by hand, and in a constant expression") {
    static_assert(test_forward_in_one());
    CHECK(test_forward_in_one());
}
