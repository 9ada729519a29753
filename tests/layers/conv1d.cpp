#include <ctnn/layers/conv1d.hpp>

#include "support/laws.hpp"

#include <ctnn/folded.hpp>
#include <ctnn/layers/batch_normalization.hpp>
#include <ctnn/layers/max_pool2d.hpp>
#include <ctnn/layers/pool1d.hpp>
#include <ctnn/layers/relu.hpp>
#include <ctnn/network.hpp>
#include <ctnn/training/optimizers.hpp>
#include <ctnn/training/train_step.hpp>

#include <doctest/doctest.h>

#include <string_view>
#include <type_traits>
#include <vector>

using namespace ctnn;
using laws::W;

namespace {

constexpr laws::traits linear{.linear = true};

/// Zeros before and after a sequence.
constexpr reference::padding ends(long before, long after) {
    return {reference::padding::by_hand, 0, 0, before, after};
}

}  // namespace

using audio = conv1d<6, kernel<9>, stride<2>, same>::on<sequence_shape<31, 4>>;
static_assert(std::is_same_v<audio::output_shape, sequence_shape<16, 6>>);
static_assert(audio::name == std::string_view("conv1d"));
static_assert(audio::multiply_adds == 16 * 6 * 9 * 4);
// Keras' kernel: (steps, channels, filters).
static_assert(audio::parameter_table[0].rank == 3 && audio::parameter_table[0].extents[0] == 9 &&
              audio::parameter_table[0].extents[1] == 4 &&
              audio::parameter_table[0].extents[2] == 6);
static_assert(audio::parameter_count == 9 * 4 * 6 + 6);
template <class Spec, std::size_t Steps>
inline constexpr std::size_t steps = Spec::template output_on<sequence_shape<Steps, 4>>::width;
static_assert(steps<conv1d<2, kernel<3>>, 8> == 6);
static_assert(steps<conv1d<2, kernel<3>, padding<2>>, 8> == 10);
static_assert(steps<conv1d<2, kernel<3>, padding<0, 1>>, 8> == 7);
static_assert(steps<conv1d<2, kernel<3>, causal, dilation<4>>, 8> == 8);
static_assert(steps<conv1d<2, kernel<3>, causal, stride<3>>, 8> == 3);
static_assert(steps<conv1d<2, kernel<3>, same_size, stride<3>>, 9> == 9);
static_assert(std::is_same_v<conv1d<2, kernel<3>>::output_on<shape<2, 8, 4>>, shape<0, 0, 0>>);

using keyword = depthwise_conv1d<kernel<3>, depth_multiplier<2>>::on<sequence_shape<9, 4>>;
static_assert(std::is_same_v<keyword::output_shape, sequence_shape<7, 8>>);
static_assert(keyword::name == std::string_view("depthwise_conv1d"));
static_assert(keyword::parameter_table[0].rank == 3 &&
              keyword::parameter_table[0].extents[0] == 3 &&
              keyword::parameter_table[0].extents[1] == 4 &&
              keyword::parameter_table[0].extents[2] == 2);

TEST_CASE("conv1d<W + 1, kernel<3>, stride<2>, same>::on<sequence_shape<2 W + 1, 3>>") {
    laws::obeys_in_every_width<
        conv1d<W + 1, kernel<3>, stride<2>, same>::on<sequence_shape<2 * W + 1, 3>>>(
        reference::conv2d{.filters = static_cast<long>(W + 1),
                          .kernel = {1, 3},
                          .stride = {1, 2},
                          .pad = reference::same},
        linear);
}
TEST_CASE("conv1d<2, kernel<3>, causal, dilation<4>>::on<sequence_shape<2 * W + 1, 2>>") {
    laws::obeys_in_every_width<
        conv1d<2, kernel<3>, causal, dilation<4>>::on<sequence_shape<2 * W + 1, 2>>>(
        reference::conv2d{.filters = 2, .kernel = {1, 3}, .dilation = {1, 4}, .pad = ends(8, 0)},
        linear);
}
TEST_CASE("conv1d<4, kernel<2>, groups<2>, padding<2, 1>, use_bias<false>>::on<... W - 1, 6>") {
    laws::obeys<conv1d<4, kernel<2>, groups<2>, padding<2, 1>,
                       use_bias<false>>::on<sequence_shape<W - 1, 6>>>(
        reference::conv2d{
            .filters = 4, .kernel = {1, 2}, .groups = 2, .pad = ends(2, 1), .bias = false},
        linear);
}
TEST_CASE("conv1d<3, kernel<5>, causal, stride<3>>::on<sequence_shape<1, 2>>: one step") {
    laws::obeys<conv1d<3, kernel<5>, causal, stride<3>>::on<sequence_shape<1, 2>>>(
        reference::conv2d{.filters = 3, .kernel = {1, 5}, .stride = {1, 3}, .pad = ends(4, 0)},
        {.linear = true, .least_share_of_parameters = 0.2});
}
TEST_CASE("depthwise_conv1d<kernel<3>, dilation<2>, causal>::on<sequence_shape<9, W + 1>>") {
    laws::obeys_in_every_width<
        depthwise_conv1d<kernel<3>, dilation<2>, causal>::on<sequence_shape<9, W + 1>>>(
        reference::depthwise_conv2d{.kernel = {1, 3}, .dilation = {1, 2}, .pad = ends(4, 0)},
        linear);
}
TEST_CASE("depthwise_conv1d<kernel<4>, depth_multiplier<3>, same, stride<2>>::on<... W, 3>") {
    laws::obeys<depthwise_conv1d<kernel<4>, depth_multiplier<3>, same, stride<2>,
                                 use_bias<false>>::on<sequence_shape<W, 3>>>(
        reference::depthwise_conv2d{.kernel = {1, 4},
                                    .stride = {1, 2},
                                    .pad = reference::same,
                                    .bias = false,
                                    .multiplier = 3},
        linear);
}

// What no later step reaches: y(t) is x(t) + 10 x(t - 2) + 100 x(t - 4).
constexpr bool test_causal() {
    using layer = conv1d<1, kernel<3>, causal, dilation<2>>::on<sequence_shape<5, 1>>;
    const layer::parameters w{{100, 10, 1, 0.5f}};
    const layer::output y = layer::forward(w, layer::input{{1, 2, 3, 4, 5}});
    const float expected[] = {1.5f, 2.5f, 13.5f, 24.5f, 135.5f};
    for (std::size_t t = 0; t < 5; ++t)
        if (y[t] != expected[t]) return false;
    return w.kernel()(2, 0, 0) == 1 && w.kernel()(0, 0, 0) == 100;
}
TEST_CASE("conv1d, causal, in a constant expression") {
    static_assert(test_causal());
    CHECK(test_causal());
}

// In networks it is computed together with what follows, as conv2d is.
using one = network<sequence_shape<21, 3>, conv1d<5, kernel<4>, same>, relu, max_pool1d<>,
                    conv1d<2, kernel<3>, causal>>;
using two = network<shape<1, 21, 3>, conv2d<5, kernel<1, 4>, same>, relu, max_pool2d<window<1, 2>>,
                    conv2d<2, kernel<1, 3>, padding<0, 0, 2, 0>>>;
static_assert(one::parameter_count == two::parameter_count &&
              one::workspace_bytes == two::workspace_bytes);

template <class Net>
struct predicted_and_trained {
    std::vector<float> y, w;
    predicted_and_trained() {
        typename Net::parameters weights;
        fill_random(weights, 1, 0.5f);
        std::vector<typename Net::input> x(W + 2);
        std::vector<typename Net::output> targets(W + 2);
        for (std::size_t n = 0; n < x.size(); ++n) {
            fill_random(x[n], 10 + n, 1.0f);
            fill_random(targets[n], 90 + n, 1.0f);
        }
        const typename Net::output out = Net::predict(weights, x[0]);
        y.assign(out.begin(), out.end());
        sgd<Net> optimizer;
        train_step<mean_squared_error>(weights, optimizer, x, targets);
        w.assign(weights.values().begin(), weights.values().end());
    }
};
TEST_CASE("a network of one dimension gives the bits of the one of two, in training too") {
    const predicted_and_trained<one> in_one;
    const predicted_and_trained<two> in_two;
    CHECK(in_one.y == in_two.y);
    CHECK(in_one.w == in_two.w);
}

using normalized =
    network<sequence_shape<21, 3>, conv1d<4, kernel<3>, use_bias<false>>, batch_normalization<>,
            depthwise_conv1d<kernel<3>, depth_multiplier<2>>, batch_normalization<>>;
static_assert(
    std::is_same_v<folded<normalized>, network<sequence_shape<21, 3>, conv1d<4, kernel<3>>,
                                               depthwise_conv1d<kernel<3>, depth_multiplier<2>>>>);
TEST_CASE("batch normalization behind them becomes part of them") {
    normalized::parameters w;
    normalized::input x;
    fill_random(w, 1, 1.0f);
    fill_random(x, 2, 1.0f);
    for (float& v : w.layer<1>().get<"moving_variance">()) v = 0.5f + v * v;
    for (float& v : w.layer<3>().get<"moving_variance">()) v = 0.5f + v * v;
    const auto y = normalized::predict(w, x), expected = folded<normalized>::predict(fold(w), x);
    for (std::size_t i = 0; i < y.size(); ++i)
        CHECK(y[i] == doctest::Approx(expected[i]).epsilon(1e-4));
}
