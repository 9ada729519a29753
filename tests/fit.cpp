#include <ctnn/training/fit.hpp>

#include <ctnn/training.hpp>

#include "random.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

using namespace ctnn;

namespace {

using net = network<shape<5, 5, 1>, conv2d<3, kernel<3, 3>>, relu, max_pool2d<stride<1, 1>>,
                    flatten, dense<4>, softmax>;
using data = dataset<net::input>;

/// Images whose class shows in the brightest corner, and noise.
data corners(std::size_t count, std::uint64_t seed) {
    data d;
    for (std::size_t n = 0; n < count; ++n) {
        net::input x;
        fill_random(x, seed * 1000 + n, 0.4f);
        const std::size_t label = (n * 7 + n / 3) % 4;
        for (std::size_t i = 0; i < 2; ++i)
            for (std::size_t j = 0; j < 2; ++j) x(label / 2 * 3 + i, label % 2 * 3 + j, 0) += 1.0f;
        d.inputs.push_back(x);
        d.targets.push_back(static_cast<class_label>(label));
    }
    return d;
}

net::parameters first_weights() {
    net::parameters w;
    initialize(w, he_normal{.seed = 5});
    return w;
}

bool same_bits(const net::parameters& a, const net::parameters& b) {
    return std::memcmp(a.elements, b.elements, net::parameter_count * sizeof(float)) == 0;
}

/// The words of an exception that `action` must throw.
template <class Action>
std::string refusal(Action action) {
    try {
        action();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "nothing was thrown";
}

struct keep_gradient {
    net::parameters d_w;
    void update(net::parameters&, const net::parameters& gradient) { d_w = gradient; }
};

}  // namespace

TEST_CASE("fit learns, and its history says so") {
    const data train = corners(200, 1), test = corners(50, 2);
    net::parameters w = first_weights();
    adam<net> optimizer{{.learning_rate = 0.01}};
    const history h =
        fit(w, optimizer, train, {.epochs = 12, .batch_size = 16, .seed = 1, .validation = &test});
    REQUIRE(h.epochs.size() == 12);
    CHECK(h.epochs.front().accuracy < 0.9);
    CHECK(h.epochs.back().accuracy > 0.97);
    CHECK(h.epochs.back().loss < 0.3 * h.epochs.front().loss);
    const evaluation e = evaluate(w, test);
    CHECK(h.epochs.back().validation_loss == e.loss);
    CHECK(h.epochs.back().validation_accuracy == e.accuracy);
    CHECK(e.accuracy > 0.95);
    CHECK(h.epochs[0].seconds >= 0.0);
    CHECK(std::isnan(fit(w, optimizer, train).epochs.at(0).validation_loss));
}

TEST_CASE("evaluate: the mean over all images, whatever their number") {
    const net::parameters w = first_weights();
    const data all = corners(2 * simd::native_lanes + 3, 3);
    double loss = 0.0, right = 0.0;
    for (std::size_t n = 0; n < all.size(); ++n) {
        const net::output p = net::predict(w, all.inputs[n]);
        const auto label = static_cast<std::size_t>(all.targets[n]);
        loss -= std::log(static_cast<double>(p[label]));
        std::size_t said = 0;
        for (std::size_t c = 1; c < 4; ++c)
            if (p[c] > p[said]) said = c;
        right += said == label ? 1.0 : 0.0;
    }
    const evaluation e = evaluate(w, all);
    CHECK(e.loss == doctest::Approx(loss / static_cast<double>(all.size())).epsilon(1e-5));
    CHECK(e.accuracy == right / static_cast<double>(all.size()));
    CHECK(right > 0.0);
    CHECK(right < static_cast<double>(all.size()));
}

TEST_CASE("train_step: the gradient of the mean, for any batch size") {
    const data all = corners(simd::native_lanes + 5, 4);
    const net::parameters w = first_weights();
    std::vector<double> mean(net::parameter_count, 0.0);
    double loss = 0.0;
    for (std::size_t n = 0; n < all.size(); ++n) {
        net::parameters copy = w;
        keep_gradient one{};
        loss +=
            train_step(copy, one, std::span(&all.inputs[n], 1), std::span(&all.targets[n], 1)).loss;
        for (std::size_t i = 0; i < mean.size(); ++i)
            mean[i] += static_cast<double>(one.d_w.elements[i]);
    }
    net::parameters copy = w;
    keep_gradient batch{};
    const evaluation e = train_step(copy, batch, all.inputs, all.targets);
    CHECK(e.loss == doctest::Approx(loss / static_cast<double>(all.size())).epsilon(1e-6));
    CHECK(varied(batch.d_w.values()));
    for (std::size_t i = 0; i < mean.size(); ++i)
        CHECK(static_cast<double>(batch.d_w.elements[i]) ==
              doctest::Approx(mean[i] / static_cast<double>(all.size())).epsilon(1e-5));
}

TEST_CASE("fit without shuffling is train_step after train_step; a smaller last batch counts for "
          "what it is") {
    const data all = corners(13, 5);
    net::parameters by_fit = first_weights(), by_hand = first_weights();
    sgd<net> fit_optimizer{{.learning_rate = 0.1, .momentum = 0.9}}, hand_optimizer = fit_optimizer;
    const history h =
        fit(by_fit, fit_optimizer, all, {.epochs = 2, .batch_size = 5, .shuffle = false});
    for (int epoch = 0; epoch < 2; ++epoch) {
        double loss = 0.0, accuracy = 0.0;
        for (const std::size_t first : {0U, 5U, 10U}) {
            const std::size_t count = std::min<std::size_t>(5, all.size() - first);
            const evaluation e =
                train_step(by_hand, hand_optimizer, std::span(all.inputs).subspan(first, count),
                           std::span(all.targets).subspan(first, count));
            loss += static_cast<double>(count) * e.loss;
            accuracy += static_cast<double>(count) * e.accuracy;
        }
        CHECK(h.epochs[static_cast<std::size_t>(epoch)].loss ==
              doctest::Approx(loss / 13.0).epsilon(1e-12));
        CHECK(h.epochs[static_cast<std::size_t>(epoch)].accuracy ==
              doctest::Approx(accuracy / 13.0).epsilon(1e-12));
    }
    CHECK(same_bits(by_fit, by_hand));
    CHECK(!same_bits(by_fit, first_weights()));
}

TEST_CASE("fit: the same seed gives the same bits, another seed does not") {
    const data all = corners(50, 6);
    const auto trained = [&](std::uint64_t seed) {
        net::parameters w = first_weights();
        adam<net> optimizer;
        fit(w, optimizer, all, {.epochs = 2, .batch_size = 7, .seed = seed});
        return w;
    };
    CHECK(same_bits(trained(1), trained(1)));
    CHECK(!same_bits(trained(1), trained(2)));
}

TEST_CASE("shuffled_order: every image once, in an order of every epoch's own") {
    detail::shuffled_order order(1000, 1);
    std::vector<std::size_t> before;
    for (int epoch = 0; epoch < 3; ++epoch) {
        order.shuffle();
        std::vector<std::size_t> now;
        for (std::size_t i = 0; i < 1000; ++i) now.push_back(order[i]);
        CHECK(std::set<std::size_t>(now.begin(), now.end()).size() == 1000);
        CHECK(now != before);
        std::size_t fixed = 0;
        for (std::size_t i = 0; i < 1000; ++i) fixed += now[i] == i;
        CHECK(fixed < 10);
        before = now;
    }
}

TEST_CASE("fit: on_epoch is told of every epoch and may end the training") {
    const data all = corners(20, 7);
    net::parameters w = first_weights();
    adam<net> optimizer;
    std::vector<std::size_t> told;
    fit_options<data> options{.epochs = 10};
    options.on_epoch = [&](std::size_t epoch, const epoch_result& result) {
        CHECK(result.loss > 0.0);
        told.push_back(epoch);
        return epoch < 2;
    };
    CHECK(fit(w, optimizer, all, options).epochs.size() == 3);
    CHECK(told == std::vector<std::size_t>{0, 1, 2});
    const net::parameters untouched = w;
    CHECK(fit(w, optimizer, all, {.epochs = 0}).epochs.empty());
    CHECK(same_bits(w, untouched));
}

TEST_CASE("fit, evaluate, train_step refuse what does not fit, and change nothing") {
    const data good = corners(8, 8);
    net::parameters w = first_weights();
    sgd<net> optimizer;
    data missing = good, wrong = good, negative = good;
    missing.targets.pop_back();
    wrong.targets[3] = 4;
    negative.targets[7] = -1;
    CHECK(refusal([&] { evaluate(w, data{}); }) ==
          "ctnn::evaluate: the number of images must be at least 1, found 0");
    CHECK(refusal([&] { fit(w, optimizer, data{}); }) ==
          "ctnn::fit: the number of images must be at least 1, found 0");
    CHECK(refusal([&] { fit(w, optimizer, missing); }) ==
          "ctnn::fit: the number of targets must be that of the images, found 7 for 8");
    CHECK(refusal([&] { fit(w, optimizer, wrong); }) ==
          "ctnn::fit: every label must be below 4, found 4 at image 3");
    CHECK(refusal([&] { evaluate(w, negative); }) ==
          "ctnn::evaluate: every label must be below 4, found -1 at image 7");
    CHECK(refusal([&] { fit(w, optimizer, good, {.validation = &wrong}); }) ==
          "ctnn::fit, validation: every label must be below 4, found 4 at image 3");
    CHECK(refusal([&] { fit(w, optimizer, good, {.batch_size = 0}); }) ==
          "ctnn::fit: the batch_size must be at least 1, found 0");
    CHECK(refusal([&] { train_step(w, optimizer, wrong.inputs, wrong.targets); }) ==
          "ctnn::train_step: every label must be below 4, found 4 at image 3");
    CHECK(refusal([&] { train_step(w, optimizer, missing.inputs, missing.targets); }) ==
          "ctnn::train_step: the number of targets must be that of the images, found 7 for 8");
    const std::vector<std::uint8_t> bytes(8, 9);  // labels of another type, too large all the same
    CHECK(refusal([&] { train_step(w, optimizer, good.inputs, bytes); }) ==
          "ctnn::train_step: every label must be below 4, found 9 at image 0");
    CHECK(same_bits(w, first_weights()));
}

TEST_CASE("fit<mean_squared_error>: a line through points, from tensors") {
    using line = network<features<2>, dense<1>>;
    dataset<line::input, line::output> points;
    for (std::size_t n = 0; n < 64; ++n) {
        line::input x;
        fill_random(x, n, 1.0f);
        line::output y{};
        y[0] = 2.0f * x[0] - 3.0f * x[1] + 0.5f;
        points.inputs.push_back(x);
        points.targets.push_back(y);
    }
    line::parameters w{};
    sgd<line> optimizer{{.learning_rate = 0.2}};
    const history h =
        fit<mean_squared_error>(w, optimizer, points, {.epochs = 40, .batch_size = 16, .seed = 1});
    CHECK(w.layer<0>().kernel()(0, 0) == doctest::Approx(2.0f).epsilon(1e-3));
    CHECK(w.layer<0>().kernel()(1, 0) == doctest::Approx(-3.0f).epsilon(1e-3));
    CHECK(w.layer<0>().bias()[0] == doctest::Approx(0.5f).epsilon(1e-3));
    CHECK(std::isnan(h.epochs.back().accuracy));  // there is none
    CHECK(evaluate<mean_squared_error>(w, points).loss < 1e-5);
}

TEST_CASE(
    "fit<binary_crossentropy>, fit<categorical_crossentropy>: labels 0 and 1, one-hot targets") {
    using one = network<features<2>, dense<1>, sigmoid>;
    using two = network<features<2>, dense<2>, softmax>;
    dataset<one::input> by_label;
    dataset<two::input, two::output> by_one_hot;
    for (std::size_t n = 0; n < 200; ++n) {
        one::input x;
        fill_random(x, n, 1.0f);
        const std::size_t label = x[0] + x[1] > 0.2f ? 1 : 0;
        by_label.inputs.push_back(x);
        by_label.targets.push_back(static_cast<class_label>(label));
        two::output target{};
        target[label] = 1.0f;
        by_one_hot.inputs.push_back(x);
        by_one_hot.targets.push_back(target);
    }
    one::parameters w_one{};
    adam<one> optimizer_one{{.learning_rate = 0.05}};
    fit<binary_crossentropy>(w_one, optimizer_one, by_label, {.epochs = 20, .seed = 1});
    CHECK(evaluate<binary_crossentropy>(w_one, by_label).accuracy > 0.97);
    two::parameters w_two{};
    adam<two> optimizer_two{{.learning_rate = 0.05}};
    fit<categorical_crossentropy>(w_two, optimizer_two, by_one_hot, {.epochs = 20, .seed = 1});
    CHECK(evaluate<categorical_crossentropy>(w_two, by_one_hot).accuracy > 0.97);
    by_label.targets[0] = 2;
    CHECK(refusal([&] { fit<binary_crossentropy>(w_one, optimizer_one, by_label); }) ==
          "ctnn::fit: every label must be below 2, found 2 at image 0");
}
