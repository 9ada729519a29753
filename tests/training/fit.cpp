#include <ctnn/training/fit.hpp>

#include <ctnn/training.hpp>

#include "support/random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#if __has_include(<termios.h>)
#include <fcntl.h>
#include <unistd.h>
#endif

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
    std::size_t count = 2 * simd::native_lanes + 3;
    SUBCASE("a few packs") {}
    SUBCASE("more than one piece of work") {
        count = 33 * simd::native_lanes + 5;
    }
    const data all = corners(count, 3);
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
    std::size_t count = simd::native_lanes + 5;
    SUBCASE("two packs") {}
    SUBCASE("more packs than pieces") {
        count = 11 * simd::native_lanes + 3;
    }
    const data all = corners(count, 4);
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

// Computed by a program of its own in another language: the same order on every platform.
TEST_CASE("shuffled_order: these very orders, epoch after epoch") {
    const std::vector<std::size_t> expected[]{{4, 0, 2, 6, 10, 9, 1, 5, 11, 8, 7, 3},
                                              {9, 1, 5, 3, 7, 6, 11, 0, 4, 10, 2, 8},
                                              {9, 8, 5, 2, 10, 3, 4, 0, 6, 1, 11, 7}};
    detail::shuffled_order order(12, 7);
    for (const std::vector<std::size_t>& epoch : expected) {
        order.shuffle();
        for (std::size_t i = 0; i < 12; ++i) CHECK(order[i] == epoch[i]);
    }
}

TEST_CASE("fit takes the images in that order, another one in every epoch") {
    const data all = corners(12, 15);
    net::parameters by_fit = first_weights(), by_hand = first_weights();
    sgd<net> fit_optimizer{{.learning_rate = 0.1}}, hand_optimizer = fit_optimizer;
    fit(by_fit, fit_optimizer, all, {.epochs = 3, .batch_size = 5, .seed = 7});
    detail::shuffled_order order(12, 7);
    for (int epoch = 0; epoch < 3; ++epoch) {
        order.shuffle();
        for (std::size_t first = 0; first < 12; first += 5) {
            data batch;
            for (std::size_t i = first; i < std::min<std::size_t>(first + 5, 12); ++i) {
                batch.inputs.push_back(all.inputs[order[i]]);
                batch.targets.push_back(all.targets[order[i]]);
            }
            train_step(by_hand, hand_optimizer, batch.inputs, batch.targets);
        }
    }
    CHECK(same_bits(by_fit, by_hand));
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
}

TEST_CASE("fit: on_step is told of every step and may end the training there") {
    const data all = corners(20, 7);
    data first_two_steps = all;
    first_two_steps.inputs.resize(16);
    first_two_steps.targets.resize(16);
    using steps = std::vector<std::pair<std::size_t, std::size_t>>;
    for (const std::size_t threads : {std::size_t{1}, std::size_t{2}}) {
        fit_options<data> options{
            .epochs = 2, .batch_size = 8, .shuffle = false, .threads = threads};
        net::parameters w = first_weights(), stopped = w;
        sgd<net> optimizer;
        steps told;
        options.on_step = [&](std::size_t epoch, std::size_t step) {
            told.emplace_back(epoch, step);
            return true;
        };
        CHECK(fit(w, optimizer, all, options).epochs.size() == 2);
        CHECK(told == steps{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}});

        options.on_step = [](std::size_t, std::size_t step) { return step < 1; };
        options.on_epoch = [](std::size_t, const epoch_result&) {
            FAIL("the epoch was not finished");
            return true;
        };
        options.validation = &all;
        CHECK(fit(stopped, optimizer, all, options).epochs.empty());
        w = first_weights();
        fit(w, optimizer, first_two_steps, {.batch_size = 8, .shuffle = false});
        CHECK(same_bits(w, stopped));
    }
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
          "ctnn::fit: every label must be from 0 to 3, found 4 at image 3");
    CHECK(refusal([&] { evaluate(w, negative); }) ==
          "ctnn::evaluate: every label must be from 0 to 3, found -1 at image 7");
    CHECK(refusal([&] { fit(w, optimizer, good, {.validation = &wrong}); }) ==
          "ctnn::fit, validation: every label must be from 0 to 3, found 4 at image 3");
    CHECK(refusal([&] { fit(w, optimizer, good, {.batch_size = 0}); }) ==
          "ctnn::fit: the batch_size must be in [1, 2147483647], found 0");
    CHECK(refusal([&] { train_step(w, optimizer, wrong.inputs, wrong.targets); }) ==
          "ctnn::train_step: every label must be from 0 to 3, found 4 at image 3");
    CHECK(refusal([&] { train_step(w, optimizer, missing.inputs, missing.targets); }) ==
          "ctnn::train_step: the number of targets must be that of the images, found 7 for 8");
    const std::vector<std::uint8_t> bytes(8, 9);  // labels of another type, too large all the same
    CHECK(refusal([&] { train_step(w, optimizer, good.inputs, bytes); }) ==
          "ctnn::train_step: every label must be from 0 to 3, found 9 at image 0");
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
          "ctnn::fit: every label must be from 0 to 1, found 2 at image 0");
}

TEST_CASE("labels of every type of whole number") {
    const data all = corners(30, 9);
    net::parameters expected = first_weights();
    sgd<net> first;
    fit(expected, first, all, {.epochs = 2, .seed = 1});
    const auto check = [&](auto example) {
        using label = decltype(example);
        dataset<net::input, label> other;
        other.inputs = all.inputs;
        for (const class_label target : all.targets)
            other.targets.push_back(static_cast<label>(target));
        net::parameters w = first_weights();
        sgd<net> optimizer;
        fit(w, optimizer, other, {.epochs = 2, .seed = 1, .validation = other});
        CHECK(same_bits(w, expected));
        CHECK(evaluate(w, other).loss == evaluate(w, all).loss);
        other.targets[5] = static_cast<label>(100);
        CHECK(refusal([&] { fit(w, optimizer, other); }) ==
              "ctnn::fit: every label must be from 0 to 3, found 100 at image 5");
        other.targets[5] = static_cast<label>(-1);
        CHECK(refusal([&] {
                  train_step(w, optimizer, other.inputs, other.targets);
              }).starts_with("ctnn::train_step: every label must be from 0 to 3, found "));
    };
    check(char{});
    check(static_cast<signed char>(0));
    check(static_cast<unsigned char>(0));
    check(char8_t{});
    check(char16_t{});
    check(char32_t{});
    check(wchar_t{});
    check(short{});
    check(0ULL);
    check(0LL);
    CHECK(detail::is_class(true, 2));
    CHECK(!detail::is_class(true, 1));
    CHECK(!detail::is_class(std::numeric_limits<long long>::min(), 4));
    CHECK(!detail::is_class(std::numeric_limits<unsigned long long>::max(), 4));
    CHECK(detail::text_of_label(std::numeric_limits<long long>::min()) == "-9223372036854775808");
    CHECK(detail::text_of_label(u'\xffff') == "65535");
}

TEST_CASE("labels of type bool") {
    using one = network<features<2>, dense<1>, sigmoid>;
    dataset<one::input, bool> by_bool;
    dataset<one::input> by_label;
    for (std::size_t n = 0; n < 20; ++n) {
        one::input x;
        fill_random(x, n, 1.0f);
        by_bool.inputs.push_back(x);
        by_bool.targets.push_back(x[0] > 0.0f);
        by_label.inputs.push_back(x);
        by_label.targets.push_back(x[0] > 0.0f ? 1 : 0);
    }
    one::parameters a{}, b{};
    sgd<one> optimizer_a, optimizer_b;
    fit<binary_crossentropy>(a, optimizer_a, by_bool, {.epochs = 3, .validation = &by_bool});
    fit<binary_crossentropy>(b, optimizer_b, by_label, {.epochs = 3});
    train_step<binary_crossentropy>(a, optimizer_a, by_bool.inputs, by_bool.targets);
    train_step<binary_crossentropy>(b, optimizer_b, by_label.inputs, by_label.targets);
    CHECK(a.elements[0] == b.elements[0]);
    CHECK(a.elements[0] != 0.0f);
    const evaluation e = evaluate<binary_crossentropy>(a, by_bool);
    CHECK(e.loss == evaluate<binary_crossentropy>(b, by_label).loss);
}

TEST_CASE("options out of their range are refused, by name, and change nothing") {
    const data good = corners(8, 10);
    net::parameters w = first_weights();
    constexpr double nan = std::numeric_limits<double>::quiet_NaN(),
                     infinity = std::numeric_limits<double>::infinity();
    const auto of_fit = [&](const fit_options<data>& options) {
        sgd<net> optimizer;
        return refusal([&] { fit(w, optimizer, good, options); });
    };
    constexpr std::size_t minus_1 = static_cast<std::size_t>(-1);
    const std::string found = ", found " + std::to_string(minus_1);
    CHECK(of_fit({.epochs = 0}) == "ctnn::fit: the epochs must be in [1, 2147483647], found 0");
    CHECK(of_fit({.epochs = minus_1}) ==
          "ctnn::fit: the epochs must be in [1, 2147483647]" + found);
    CHECK(of_fit({.batch_size = minus_1}) ==
          "ctnn::fit: the batch_size must be in [1, 2147483647]" + found);
    CHECK(of_fit({.threads = minus_1}) == "ctnn::fit: the threads must be in [0, 4096]" + found);
    CHECK(refusal([&] { evaluate(w, good, {.threads = minus_1}); }) ==
          "ctnn::evaluate: the threads must be in [0, 4096]" + found);
    std::vector<net::output> outputs(8);
    CHECK(refusal([&] { predict(w, good.inputs, outputs, {.threads = minus_1}); }) ==
          "ctnn::predict: the threads must be in [0, 4096]" + found);

    const auto of = [&](auto optimizer) {
        const std::string from_step =
            refusal([&] { train_step(w, optimizer, good.inputs, good.targets); });
        const std::string from_fit = refusal([&] { fit(w, optimizer, good); });
        CHECK(from_step.substr(from_step.find(':', 6)) == from_fit.substr(from_fit.find(':', 6)));
        return from_fit;
    };
    const std::string rate = "ctnn::fit: the optimizer's learning_rate must be at least 0 and "
                             "finite, found ";
    CHECK(of(sgd<net>{{.learning_rate = -0.5}}) == rate + "-0.5");
    CHECK(of(sgd<net>{{.learning_rate = nan}}) == rate + "nan");
    CHECK(of(rmsprop<net>{{.learning_rate = infinity}}) == rate + "inf");
    CHECK(of(adam<net>{{.learning_rate = 1e300}}) == rate + "1e+300");
    CHECK(of(sgd<net>{{.momentum = 1.5}}) ==
          "ctnn::fit: the optimizer's momentum must be in [0, 1], found 1.5");
    CHECK(of(rmsprop<net>{{.momentum = -0.1}}) ==
          "ctnn::fit: the optimizer's momentum must be in [0, 1], found -0.1");
    CHECK(of(rmsprop<net>{{.rho = 1.0}}) ==
          "ctnn::fit: the optimizer's rho must be in [0, 1), found 1");
    CHECK(of(rmsprop<net>{{.epsilon = -1e-9}}) ==
          "ctnn::fit: the optimizer's epsilon must be at least 0 and finite, found -1e-09");
    CHECK(of(adam<net>{{.beta_1 = nan}}) ==
          "ctnn::fit: the optimizer's beta_1 must be in [0, 1), found nan");
    CHECK(of(adam<net>{{.beta_2 = 1.0}}) ==
          "ctnn::fit: the optimizer's beta_2 must be in [0, 1), found 1");
    CHECK(of(adam<net>{{.epsilon = -1.0}}) ==
          "ctnn::fit: the optimizer's epsilon must be at least 0 and finite, found -1");
    CHECK(same_bits(w, first_weights()));

    sgd<net> still{{.learning_rate = 0.0, .momentum = 1.0}};
    CHECK(fit(w, still, good, {.batch_size = 2'147'483'647, .threads = 4096}).epochs.size() == 1);
    CHECK(same_bits(w, first_weights()));
    CHECK(refusal([&] {
              fit(w, still, good, {.epochs = 2, .on_epoch = [&](std::size_t, const epoch_result&) {
                                       still.options.learning_rate = -1.0;
                                       return true;
                                   }});
          }) == rate + "-1");
}

TEST_CASE("targets that are no probabilities are refused") {
    using two = network<features<2>, dense<2>, softmax>;
    using yes = network<features<2>, dense<2>, sigmoid>;
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    const two::parameters w{};
    const yes::parameters w_yes{};
    const auto said = [&](float a, float b) {
        dataset<two::input, two::output> d;
        d.inputs.resize(3);
        d.targets.assign(3, {{0.25f, 0.75f}});
        d.targets[2] = {{a, b}};
        return refusal([&] { evaluate<categorical_crossentropy>(w, d); });
    };
    CHECK(said(0.0f, 1.0f) == "nothing was thrown");
    CHECK(said(0.0004f, 1.0f) == "nothing was thrown");
    CHECK(said(-0.5f, 1.5f) ==
          "ctnn::evaluate: every target must be at least 0, found -0.5 at image 2, output 0");
    CHECK(said(0.0f, nan) ==
          "ctnn::evaluate: every target must be at least 0, found nan at image 2, output 1");
    const std::string sum = "ctnn::evaluate: the targets of each pixel must add up to 1 (within "
                            "0.001), found ";
    CHECK(said(0.0f, 0.0f) == sum + "0 at image 2, output 0");
    CHECK(said(1.0f, 0.5f) == sum + "1.5 at image 2, output 0");
    dataset<yes::input, yes::output> d;
    d.inputs.resize(2);
    d.targets.assign(2, {{1.0f, 0.0f}});
    CHECK(refusal([&] { evaluate<binary_crossentropy>(w_yes, d); }) == "nothing was thrown");
    d.targets[1][1] = 1.5f;
    CHECK(refusal([&] { evaluate<binary_crossentropy>(w_yes, d); }) ==
          "ctnn::evaluate: every target must be in [0, 1], found 1.5 at image 1, output 1");
    yes::parameters copy = w_yes;
    sgd<yes> optimizer;
    d.targets[0][0] = nan;
    CHECK(refusal([&] { train_step<binary_crossentropy>(copy, optimizer, d.inputs, d.targets); }) ==
          "ctnn::train_step: every target must be in [0, 1], found nan at image 0, output 0");
}

TEST_CASE("fit ends when the loss is not finite, says where and why, and keeps the parameters") {
    const auto said = [](auto action) -> std::pair<std::string, std::size_t> {
        try {
            action();
        } catch (const loss_not_finite& error) {
            return {error.what(), 100 * error.epoch + error.step};
        }
        return {"nothing was thrown", 0};
    };
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    using plain = network<shape<5, 5, 1>, flatten, dense<4>, softmax>;
    const auto first_weights = [] {
        plain::parameters first;
        initialize(first, glorot_uniform{.seed = 5});
        return first;
    };
    const auto same_bits = [](const plain::parameters& a, const plain::parameters& b) {
        return std::memcmp(a.elements, b.elements, sizeof a.elements) == 0;
    };
    const data good = corners(20, 11);
    plain::parameters w = first_weights();
    sgd<plain> optimizer{{.learning_rate = 0.1}};
    const std::string found = "ctnn::fit: the loss must be finite, found nan in epoch ";

    data bad = good;  // image 13 comes in the third batch of five
    bad.inputs[13](2, 2, 0) = nan;
    const auto [image, step] =
        said([&] { fit(w, optimizer, bad, {.batch_size = 5, .shuffle = false}); });
    CHECK(image == found + "0, step 2 (both from 0): image 13 is not finite");
    CHECK(step == 2);
    plain::parameters by_hand = first_weights();
    sgd<plain> hand_optimizer{{.learning_rate = 0.1}};
    for (const std::size_t first : {0U, 5U})
        train_step(by_hand, hand_optimizer, std::span(good.inputs).subspan(first, 5),
                   std::span(good.targets).subspan(first, 5));
    CHECK(same_bits(w, by_hand));

    // Or goes on with the next batch: the third one has changed nothing.
    const history h =
        fit(w, optimizer, bad, {.batch_size = 5, .shuffle = false, .skip_not_finite = true});
    CHECK(std::isnan(h.epochs.at(0).loss));
    for (const std::size_t first : {0U, 5U, 15U})
        train_step(by_hand, hand_optimizer, std::span(good.inputs).subspan(first, 5),
                   std::span(good.targets).subspan(first, 5));
    CHECK(same_bits(w, by_hand));
    CHECK(std::isnan(train_step(w, optimizer, bad.inputs, bad.targets).loss));
    CHECK(same_bits(w, by_hand));
    CHECK(std::isnan(evaluate(w, bad).loss));

    plain::parameters forgotten;
    std::fill(forgotten.values().begin(), forgotten.values().end(), nan);
    CHECK(said([&] { fit(forgotten, optimizer, good); }).first ==
          found + "0, step 0 (both from 0): parameters are not finite before the first step: call "
                  "initialize first");

    w = first_weights();
    const auto [later, where] = said([&] {
        fit(w, optimizer, good,
            {.epochs = 3, .batch_size = 5, .on_epoch = [&](std::size_t, const epoch_result&) {
                 w.elements[0] = nan;
                 return true;
             }});
    });
    CHECK(later == found + "1, step 0 (both from 0): parameters are not finite any more; lower the "
                           "learning_rate");
    CHECK(where == 100);

    using line = network<features<1>, dense<1>>;
    dataset<line::input, line::output> points;
    for (std::size_t n = 0; n < 8; ++n) {
        points.inputs.push_back({{1.0f + static_cast<float>(n)}});
        points.targets.push_back({{2.0f * static_cast<float>(n)}});
    }
    line::parameters v{};
    sgd<line> fast{{.learning_rate = 1e4}};
    const auto diverged =
        said([&] { fit<mean_squared_error>(v, fast, points, {.epochs = 100, .batch_size = 8}); });
    CHECK(diverged.first.starts_with("ctnn::fit: the loss must be finite, found inf in epoch "));
    CHECK(diverged.first.ends_with(", step 0 (both from 0): lower the learning_rate"));
    CHECK(diverged.second >= 100);
    CHECK(std::isfinite(v.elements[0]));
    points.targets[4][0] = nan;
    v = {};
    CHECK(said([&] { fit<mean_squared_error>(v, fast, points); }).first ==
          found + "0, step 0 (both from 0): the target of image 4 is not finite");
}

TEST_CASE("fit_options: validation data by name or by address, on_epoch of every kind") {
    const data train = corners(20, 12);
    data test = corners(10, 13);
    net::parameters w = first_weights();
    sgd<net> optimizer;
    const auto validates = [&](const fit_options<data>& options) {
        const double loss = fit(w, optimizer, train, options).epochs.back().validation_loss;
        return loss == evaluate(w, test).loss;
    };
    CHECK(validates({.validation = test}));
    CHECK(validates({.validation = &test}));
    CHECK(validates({.validation = std::as_const(test)}));
    CHECK(!validates({.validation = nullptr}));
    fit_options<data> options;
    CHECK(!options.validation);
    options.validation = &train;
    CHECK(options.validation == &train);
    CHECK(options.validation->size() == 20);
    const std::function<bool(std::size_t, const epoch_result&)> stop =
        [](std::size_t, const epoch_result&) { return false; };
    options.epochs = 5;
    options.on_epoch = stop;
    CHECK(fit(w, optimizer, train, options).epochs.size() == 1);
    options.on_epoch = nullptr;
    CHECK(fit(w, optimizer, train, options).epochs.size() == 5);
    CHECK(fit(w, optimizer, train,
              {.epochs = 5, .on_epoch = [](auto epoch, const auto&) { return epoch < 2; }})
              .epochs.size() == 3);
}

#if __has_include(<termios.h>)
TEST_CASE("fit, progress: the bar shows the mean over the images so far") {
    const data all = corners(13, 14);
    net::parameters w = first_weights(), by_hand = w;
    sgd<net> optimizer{{.learning_rate = 0.5}}, hand_optimizer = optimizer;
    const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
    REQUIRE(terminal >= 0);
    REQUIRE(::grantpt(terminal) == 0);
    REQUIRE(::unlockpt(terminal) == 0);
    const int other_end = ::open(::ptsname(terminal), O_RDWR | O_NOCTTY);
    REQUIRE(other_end >= 0);
    const int before = ::dup(STDERR_FILENO);
    ::dup2(other_end, STDERR_FILENO);
    fit(w, optimizer, all, {.batch_size = 8, .shuffle = false, .progress = true});
    ::dup2(before, STDERR_FILENO);
    ::close(before);
    std::string shown;
    while (shown.find('\n') == std::string::npos) {  // a read gives what has arrived, not all
        char text[4096];
        const auto count = ::read(terminal, text, sizeof text);
        REQUIRE(count > 0);
        shown.append(text, static_cast<std::size_t>(count));
    }
    ::close(other_end);
    ::close(terminal);
    CAPTURE(shown);
    const evaluation first = train_step(by_hand, hand_optimizer, std::span(all.inputs).first(8),
                                        std::span(all.targets).first(8));
    const evaluation second = train_step(by_hand, hand_optimizer, std::span(all.inputs).subspan(8),
                                         std::span(all.targets).subspan(8));
    const auto means = [](const char* step, double loss, double accuracy) {
        return step + detail::metric("loss", loss) + detail::metric("accuracy", accuracy);
    };
    CHECK(shown.find("nan") == std::string::npos);  // without validation data no word of it
    CHECK(shown.find(means(".] 1/2", first.loss, first.accuracy)) != std::string::npos);
    CHECK(shown.find(means("=] 2/2", (8 * first.loss + 5 * second.loss) / 13,
                           (8 * first.accuracy + 5 * second.accuracy) / 13)) != std::string::npos);
}
#endif

namespace {

/// A layer of one's own whose slope is infinite at 0.
struct square_root {
    template <class Input>
    struct on : elementwise<on<Input>, Input> {
        static constexpr std::string_view name = "square_root";
        template <class T>
        static constexpr T value(T x) noexcept {
            return simd::sqrt(x);
        }
        template <class T>
        static constexpr T slope(T y) noexcept {
            return simd::divide(T(0.5f), y);
        }
    };
};

}  // namespace

TEST_CASE(
    "train_step, fit, predict: lanes without an image do not matter, even to infinite slopes") {
    using roots = network<features<4>, dense<3, use_bias<false>>, square_root, dense<2>, softmax>;
    static_assert(roots::parameter_count == 4 * 3 + 4 * 2);
    for (std::size_t count = 1; count <= simd::native_lanes + 1; ++count) {
        dataset<roots::input> d;
        for (std::size_t n = 0; n < count; ++n) {
            d.inputs.push_back({{1.0f, 2.0f, static_cast<float>(n + 1), 0.5f}});
            d.targets.push_back(static_cast<class_label>(n % 2));
        }
        roots::parameters w;
        std::ranges::fill(w.values(), 0.25f);
        const roots::parameters before = w;
        sgd<roots> optimizer{{.learning_rate = 0.01}};
        const history h = fit(w, optimizer, d, {.epochs = 2, .batch_size = 64});
        CHECK(std::isfinite(h.epochs[1].loss));
        std::size_t changed = 0;
        for (std::size_t i = 0; i < roots::parameter_count; ++i) {
            CHECK(std::isfinite(w.elements[i]));
            changed += w.elements[i] != before.elements[i];
        }
        CHECK(changed == roots::parameter_count);
    }
}

TEST_CASE("fit: a finite loss whose gradient is none ends the training with its epoch") {
    using roots = network<features<4>, dense<3, use_bias<false>>, square_root, dense<2>, softmax>;
    dataset<roots::input> d;
    d.inputs.push_back({{1.0f, 2.0f, 3.0f, 0.5f}});
    d.inputs.push_back({});  // of a blank one the slope is infinite
    d.targets = {0, 1};
    roots::parameters w;
    std::ranges::fill(w.values(), 0.25f);
    sgd<roots> optimizer{{.learning_rate = 0.01}};
    try {
        static_cast<void>(fit(w, optimizer, d, {.epochs = 1, .batch_size = 2}));
        FAIL("nothing was thrown");
    } catch (const loss_not_finite& error) {
        CHECK(error.epoch == 0);
        CHECK(error.step == 0);
        CHECK(std::string(error.what()).find("the parameters must be finite") != std::string::npos);
    }
    CHECK_NOTHROW(static_cast<void>(fit(w, optimizer, d, {.epochs = 1, .skip_not_finite = true})));
}
