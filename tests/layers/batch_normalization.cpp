#include <ctnn/ctnn.hpp>
#include <ctnn/training.hpp>

#include "support/random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <string_view>
#include <vector>

using namespace ctnn;

namespace {

template <class Shape, class... Options>
using normalization = typename batch_normalization<Options...>::template on<Shape>;
using layer = normalization<shape<2, 3, 2>>;
static_assert(layer::parameter_count == 8 && layer::arrays::trained == 4);
static_assert(layer::name == std::string_view("batch_normalization"));
static_assert(layer::parameter_table[0].array == "gamma" &&
              layer::parameter_table[1].array == "beta");
static_assert(layer::parameter_table[2].array == "moving_mean" &&
              layer::parameter_table[3].array == "moving_variance");
static_assert(batch_normalization<>::momentum_kept == 0.99f && layer::added_to_variance == 0.001f);
static_assert(layer::fingerprint != normalization<shape<2, 3, 2>, epsilon<1, 100>>::fingerprint);
static_assert(layer::fingerprint ==
              normalization<shape<2, 3, 2>, momentum<1, 2>>::fingerprint);  // predicts the same

constexpr std::size_t lanes = simd::native_lanes;

/// A network that is nothing but the layer, and one step of training on it.
template <class Net>
struct trained {
    std::unique_ptr<parameters<Net>> w = std::make_unique<parameters<Net>>();
    parameters<Net> gradient{};
    evaluation result;
    void update(parameters<Net>&, const parameters<Net>& d_w) { gradient = d_w; }
    trained(const std::vector<typename Net::input>& x, const std::vector<typename Net::output>& t) {
        initialize(*w, zeros{});
        result = train_step<mean_squared_error>(*w, *this, x, t);
    }
};

/// The gradients of a step of training, then its loss.
template <class Net>
struct recorder {
    std::unique_ptr<parameters<Net>> gradient = std::make_unique<parameters<Net>>();
    void update(parameters<Net>&, const parameters<Net>& d_w) { *gradient = d_w; }
};
template <class Net>
std::vector<float> step_of(const std::vector<typename Net::input>& x,
                           const std::vector<typename Net::output>& t) {
    recorder<Net> record;
    const auto w = std::make_unique<parameters<Net>>();
    initialize(*w, he_normal{.seed = 3});
    const evaluation found = train_step<mean_squared_error>(*w, record, x, t);
    std::vector<float> all(record.gradient->values().begin(), record.gradient->values().end());
    all.push_back(static_cast<float>(found.loss));
    return all;
}
template <class Tensor>
std::vector<Tensor> random_tensors(generator& random, std::size_t count) {
    std::vector<Tensor> all(count);
    for (Tensor& one : all)
        for (float& v : one) v = random.between(-1, 1);
    return all;
}

constexpr bool predicts_by_hand() {
    using one = normalization<shape<1, 2, 2>, epsilon<1, 4>>;
    // gamma 2, 3; beta 1, 0; mean 4, -1; variance 15/4, 3/4
    const one::parameters w{{2, 3, 1, 0, 4, -1, 3.75f, 0.75f}};
    const one::output y = one::forward(w, one::input{{6, 0, 2, -3}});
    return y[0] == 3 && y[1] == 3 && y[2] == -1 && y[3] == -6;
}
static_assert(predicts_by_hand());

}  // namespace

TEST_CASE("batch_normalization predicts by moving averages") {
    CHECK(predicts_by_hand());
}

TEST_CASE("batch_normalization: initialize gives gamma 1, beta 0, mean 0, variance 1") {
    parameters<network<shape<2, 3, 2>, batch_normalization<>>> w;
    w.elements[0] = w.elements[7] = 5.0f;
    initialize(w, he_normal{.seed = 1});
    const float expected[]{1, 1, 0, 0, 0, 0, 1, 1};
    for (std::size_t i = 0; i < 8; ++i) CHECK(w.elements[i] == expected[i]);
}

// Two channels, three images of 1 x 2 pixels: mean 3.5 and 0, variance 35/12 and 4.
TEST_CASE("batch_normalization in training: Keras' formulas by hand") {
    using net = network<shape<1, 2, 2>, batch_normalization<momentum<1, 2>>>;
    const std::vector<net::input> x{{{1, 2, 2, -2}}, {{3, 2, 4, -2}}, {{5, 2, 6, -2}}};
    const std::vector<net::output> t{{{0, 0, 0, 1}}, {{0, 0, 0, 0}}, {{1, 0, 0, 0}}};
    const trained<net> step(x, t);
    const double s = 1.0 / std::sqrt(35.0 / 12.0 + 0.001), r = 1.0 / std::sqrt(4.0 + 0.001);
    // y = (x - mean) s; loss = mean of (y - t)^2 over 12 numbers
    double loss = 0.0, d_gamma = 0.0, d_beta = 0.0;
    for (int n = 0; n < 3; ++n)
        for (int i = 0; i < 4; ++i) {
            const auto at = static_cast<std::size_t>(n), k = static_cast<std::size_t>(i);
            const double y = i % 2 == 0 ? (x[at][k] - 3.5) * s : x[at][k] * r;
            const double d = y - t[at][k];
            loss += d * d / 12.0;
            if (i % 2 == 0) d_gamma += 2.0 * d * y / 12.0, d_beta += 2.0 * d / 12.0;
        }
    CHECK(step.result.loss == doctest::Approx(loss).epsilon(1e-6));
    CHECK(step.gradient.elements[0] == doctest::Approx(d_gamma).epsilon(1e-5));
    CHECK(step.gradient.elements[2] == doctest::Approx(d_beta).epsilon(1e-5));
    for (std::size_t i = 4; i < 8; ++i) CHECK(step.gradient.elements[i] == 0.0f);
    // moving = (old + batch) / 2, the variance divided by the number of pixels
    CHECK(step.w->elements[4] == 1.75f);
    CHECK(step.w->elements[5] == 0.0f);
    CHECK(step.w->elements[6] == doctest::Approx(0.5 + 35.0 / 24.0).epsilon(1e-6));
    CHECK(step.w->elements[7] == 2.5f);
}

TEST_CASE("batch_normalization: one pixel of one image, and pixels that are all the same") {
    using net = network<shape<1, 1, 3>, batch_normalization<>>;
    const trained<net> one({{{5, -7, 0}}}, {{{0, 0, 1}}});
    CHECK(one.result.loss == doctest::Approx(1.0 / 3.0));  // y = beta
    for (std::size_t i = 0; i < 3; ++i) CHECK(one.gradient.elements[i] == 0.0f);
    CHECK(one.gradient.elements[5] == doctest::Approx(-2.0 / 3.0));
    CHECK(one.w->elements[9] == doctest::Approx(0.99));  // the variance falls
}

TEST_CASE("batch_normalization: far from 0, and rows of 100,000 pixels") {
    using net = network<shape<1, 100'000, 1>, batch_normalization<>>;
    const auto images = std::make_unique<std::vector<net::input>>(2);
    for (std::size_t i = 0; i < 100'000; ++i) {
        (*images)[0][i] = 1000.0f + static_cast<float>(i % 2);
        (*images)[1][i] = 1001.0f - static_cast<float>(i % 2);
    }
    const auto targets = std::make_unique<std::vector<net::output>>(2);
    const trained<net> step(*images, *targets);
    CHECK(step.result.loss == doctest::Approx(0.25 / 0.251).epsilon(1e-3));
    CHECK(step.w->elements[2] == doctest::Approx(0.01 * 1000.5).epsilon(1e-6));
    CHECK(step.w->elements[3] == doctest::Approx(0.99 + 0.01 * 0.25).epsilon(1e-5));
}

TEST_CASE("batch_normalization: the batch's statistics, however many lanes") {
    using net = network<features<3>, dense<4>, batch_normalization<>, sigmoid, dense<2>>;
    generator random(4);
    for (const std::size_t count :
         {std::size_t{1}, lanes, lanes + 1, 2 * lanes + 3, 9 * lanes + 1}) {
        const auto x = random_tensors<net::input>(random, count);
        const auto t = random_tensors<net::output>(random, count);
        auto w = std::make_unique<net::parameters>();
        initialize(*w, he_normal{.seed = 2});
        // One image at a time, segment by segment.
        using pass = backpropagation<net, float, net::leaf_count>;
        static_assert(pass::segments == 2);
        std::vector<pass> passes(count);
        net::parameters d_w{};
        for (std::size_t n = 0; n < count; ++n) {
            passes[n].x = x[n];
            passes[n].forward_segment<0>(*w, 1, count);
            if (n > 0) passes[0].merge_forward<1>(n, passes[n], 1);
        }
        for (std::size_t n = 0; n < count; ++n) {
            passes[n].take_statistics(passes[0]);
            passes[n].forward_segment<1>(*w, 1, count);
            for (std::size_t i = 0; i < 2; ++i)
                passes[n].d_output()[i] = (passes[n].output()[i] - t[n][i]) / float(count);
            passes[n].backward_segment<1>(*w, d_w, 1, count);
            if (n > 0) passes[0].merge_backward<1>(passes[n]);
        }
        for (std::size_t n = 0; n < count; ++n) {
            passes[n].take_statistics(passes[0]);
            passes[n].backward_segment<0>(*w, d_w, 1, count);
        }
        struct recorder {
            net::parameters gradient;
            void update(net::parameters&, const net::parameters& d) { gradient = d; }
        } record{};
        train_step<mean_squared_error>(*w, record, x, t);
        for (std::size_t i = 0; i < net::parameter_count; ++i)
            CHECK(record.gradient.elements[i] ==
                  doctest::Approx(d_w.elements[i]).epsilon(1e-3).scale(0.1));
        if (count > 1) CHECK(std::abs(d_w.elements[0]) > 1e-4f);
    }
}

TEST_CASE("batch_normalization: an elementwise layer computed along is what it is by itself") {
    using maps = shape<3, 5, 7>;
    const auto check = [](auto activation) {
        using elementwise = decltype(activation);
        using along = network<maps, conv2d<67, kernel<1, 1>>, batch_normalization<>, elementwise,
                              conv2d<3, kernel<2, 2>>>;
        using apart = network<maps, conv2d<67, kernel<1, 1>>, batch_normalization<>,
                              reshape<3, 5, 67>, elementwise, conv2d<3, kernel<2, 2>>>;
        generator random(6);
        const auto x = random_tensors<typename along::input>(random, lanes + 2);
        const auto t = random_tensors<typename along::output>(random, lanes + 2);
        const std::vector<float> found = step_of<along>(x, t), expected = step_of<apart>(x, t);
        REQUIRE(found.size() == expected.size());
        float largest = 0;
        for (std::size_t i = 0; i < found.size(); ++i) {
            CHECK(std::abs(found[i] - expected[i]) <= 1e-5f);
            largest = std::max(largest, std::abs(expected[i]));
        }
        CHECK(largest > 0.1f);
    };
    check(ctnn::tanh{});
    check(leaky_relu<>{});
}

TEST_CASE("batch_normalization: what is no number stays none") {
    using net = network<shape<2, 2, 2>, batch_normalization<>>;
    const float nan = std::numeric_limits<float>::quiet_NaN();
    std::vector<net::input> x(lanes + 1);
    std::vector<net::output> t(lanes + 1);
    x[lanes](1, 0, 1) = nan;
    const trained<net> step(x, t);
    CHECK(std::isnan(step.result.loss));
    CHECK(step.w->elements[5] == 0.0f);  // the moving averages are left as they were
    net::parameters w;
    initialize(w, zeros{});
    const net::output y = net::predict(w, x[lanes]);
    for (std::size_t i = 0; i < 8; ++i) CHECK(std::isnan(y[i]) == (i == 5));
}

TEST_CASE("batch_normalization: a workspace has room for its batch") {
    using net = network<features<2>, dense<2>, batch_normalization<>>;
    using space = training_workspace<net, mean_squared_error, simd::native, 2 * lanes>;
    static_assert(space::packs == 2);
    const auto workspace = std::make_unique<space>();
    net::parameters w;
    initialize(w, he_normal{.seed = 1});
    sgd<net> optimizer;
    std::vector<net::input> x(2 * lanes);
    std::vector<net::output> t(2 * lanes);
    CHECK_NOTHROW(train_step<mean_squared_error>(w, optimizer, x, t, *workspace));
    x.resize(2 * lanes + 1), t.resize(2 * lanes + 1);
    const net::parameters before = w;
    CHECK_THROWS_AS(train_step<mean_squared_error>(w, optimizer, x, t, *workspace),
                    std::invalid_argument);
    CHECK(std::equal(w.values().begin(), w.values().end(), before.values().begin()));
}
