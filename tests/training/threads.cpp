// fit, evaluate and predict give the same bits on any number of threads.
#include <ctnn/training/thread_pool.hpp>

#include <ctnn/training.hpp>

#include "support/random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace ctnn;

namespace {

using net = network<shape<6, 6, 1>, conv2d<3, kernel<3, 3>>, relu, max_pool2d<>, flatten, dense<40>,
                    ctnn::tanh, dense<3>, softmax>;
using wide = network<features<130>, dense<130>, relu, dense<3>, softmax>;  // two slices
// Looks at the whole batch between layers, and draws.
using normalized = network<
    shape<5, 4, 2>, conv2d<5, kernel<3, 3>, same>, batch_normalization<>, relu, dropout<rate<1, 4>>,
    residual<conv2d<5, kernel<3, 3>, same>, batch_normalization<>, spatial_dropout2d<rate<1, 4>>>,
    gaussian_noise<stddev<1, 10>>, flatten, dense<3>, softmax>;

constexpr std::size_t lanes = simd::native_lanes;
constexpr std::size_t many_threads[] = {2, 3, 5, 100, 0};
static_assert(wide::parameter_count > 16384);

template <class Net>
dataset<typename Net::input> noise(std::size_t count) {
    dataset<typename Net::input> d;
    d.inputs.resize(count);
    for (std::size_t n = 0; n < count; ++n) {
        fill_random(d.inputs[n], 100 + n, 1.0f);
        d.targets.push_back(static_cast<class_label>((n * 5 + n / 7) % 3));
    }
    return d;
}

template <class Net>
typename Net::parameters first_weights() {
    typename Net::parameters w;
    initialize(w, he_normal{.seed = 5});
    return w;
}

bool same_bits(std::span<const float> a, std::span<const float> b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

/// Lets another thread run between forward and backward: memory that they share shows.
struct gives_way : mean_squared_error {
    template <class Network>
    struct on : mean_squared_error::on<Network> {
        template <class Y, class Target, class Gradient>
        static auto evaluate(Y y, Target t, Gradient d_y) noexcept {
            std::this_thread::yield();
            return mean_squared_error::on<Network>::evaluate(y, t, d_y);
        }
    };
};

/// What a training leaves behind.
template <class Net>
struct trained {
    typename Net::parameters w = first_weights<Net>();
    adam<Net> optimizer{{.learning_rate = 0.01}};
    history epochs{};
};

template <class Net>
trained<Net> train(const dataset<typename Net::input>& data, std::size_t batch_size,
                   std::size_t threads) {
    trained<Net> t;
    t.epochs = fit(t.w, t.optimizer, data,
                   {.epochs = 2,
                    .batch_size = batch_size,
                    .seed = 3,
                    .threads = threads,
                    .validation = &data});
    return t;
}

template <class Net>
void fit_gives_the_same_bits(std::size_t images, std::size_t batch_size) {
    CAPTURE(images);
    CAPTURE(batch_size);
    const auto data = noise<Net>(images);
    const trained<Net> alone = train<Net>(data, batch_size, 1);
    const auto before = first_weights<Net>();
    CHECK(!same_bits(alone.w.values(), before.values()));
    for (const std::size_t threads : many_threads) {
        CAPTURE(threads);
        const trained<Net> together = train<Net>(data, batch_size, threads);
        CHECK(same_bits(together.w.values(), alone.w.values()));
        for (std::size_t epoch = 0; epoch < 2; ++epoch) {
            const epoch_result &a = alone.epochs.epochs.at(epoch),
                               &b = together.epochs.epochs.at(epoch);
            CHECK(a.loss == b.loss);
            CHECK(a.accuracy == b.accuracy);
            CHECK(a.validation_loss == b.validation_loss);
            CHECK(a.validation_accuracy == b.validation_accuracy);
        }
    }
}

}  // namespace

TEST_CASE("workers: every piece once, by a worker that does one at a time") {
    for (const std::size_t threads : {1U, 2U, 3U, 8U}) {
        detail::workers workers(threads, 100);
        REQUIRE(workers.count() == threads);
        for (const std::size_t pieces : {0U, 1U, 2U, 7U, 100U})
            for (int again = 0; again < 20; ++again) {
                std::vector<std::atomic<int>> done(pieces), busy(threads);
                std::atomic<bool> alone = true;
                workers.run(pieces, [&](std::size_t worker, std::size_t piece) {
                    if (++busy.at(worker) != 1) alone = false;
                    ++done.at(piece);
                    --busy.at(worker);
                });
                CHECK(alone);
                for (const std::atomic<int>& times : done) CHECK(times == 1);
            }
    }
}

TEST_CASE("workers: no more than are useful, and several at once") {
    CHECK(detail::workers(5, 3).count() == 3);
    CHECK(detail::workers(5, 0).count() == 1);
    CHECK(detail::workers(0, 1).count() == 1);
    CHECK(detail::workers(0, 1000).count() ==
          std::max<std::size_t>(1, std::thread::hardware_concurrency()));
    // Each piece waits for the other: this ends only if two threads run. One ends much later.
    detail::workers two(2, 2);
    std::atomic<int> arrived = 0, done = 0;
    two.run(2, [&](std::size_t worker, std::size_t) {
        for (++arrived; arrived < 2;) std::this_thread::yield();
        if (worker == 1) std::this_thread::sleep_for(std::chrono::milliseconds(20));
        ++done;
    });
    CHECK(done == 2);
}

TEST_CASE("fit(..., {.threads = N}): the same bits for every N") {
    fit_gives_the_same_bits<net>(23, 23 * lanes);            // a batch larger than the data
    fit_gives_the_same_bits<net>(5 * lanes + 3, 2 * lanes);  // a last batch of two sizes of pack
    fit_gives_the_same_bits<net>(7 * lanes, 2 * lanes + 1);  // not a multiple of the lanes
    fit_gives_the_same_bits<net>(25 * lanes + 1, 19 * lanes + 5);  // pieces of several packs
    fit_gives_the_same_bits<net>(11, 1);
    fit_gives_the_same_bits<wide>(9 * lanes, 4 * lanes + 3);
    for (const std::size_t batch : {std::size_t{1}, lanes - 1, lanes, lanes + 1, 2 * lanes + 3})
        if (batch > 0) fit_gives_the_same_bits<normalized>(2 * batch + 1, batch);
    fit_gives_the_same_bits<normalized>(19 * lanes + 1, 19 * lanes);  // pieces of several packs
}

TEST_CASE("train_step gives the same bits as fit on threads") {
    const auto data = noise<net>(21 * lanes + 3);
    trained<net> by_fit, by_hand;
    fit(by_fit.w, by_fit.optimizer, data,
        {.batch_size = 11 * lanes, .shuffle = false, .threads = 3});
    const auto workspace = std::make_unique<training_workspace<net>>();
    for (std::size_t first = 0; first < data.size(); first += 11 * lanes) {
        const std::size_t count = std::min(11 * lanes, data.size() - first);
        train_step(by_hand.w, by_hand.optimizer, std::span(data.inputs).subspan(first, count),
                   std::span(data.targets).subspan(first, count), *workspace);
    }
    CHECK(same_bits(by_fit.w.values(), by_hand.w.values()));
}

TEST_CASE("train_step, fit: the gradients of all pieces of a batch are added, for all parameters") {
    struct keep_gradient {
        wide::parameters d_w;
        void update(wide::parameters&, const wide::parameters& gradient) { d_w = gradient; }
    };
    const auto data = noise<wide>(3 * lanes + 1);
    auto w = first_weights<wide>();
    const auto workspace = std::make_unique<training_workspace<wide>>();
    const auto keep = std::make_unique<keep_gradient>();
    std::vector<double> mean(wide::parameter_count, 0.0);
    for (std::size_t n = 0; n < data.size(); ++n) {
        train_step(w, *keep, std::span(&data.inputs[n], 1), std::span(&data.targets[n], 1),
                   *workspace);
        for (std::size_t i = 0; i < mean.size(); ++i)
            mean[i] +=
                static_cast<double>(keep->d_w.elements[i]) / static_cast<double>(data.size());
    }
    const auto wrong_after = [&](const char* what) {
        CAPTURE(what);
        std::size_t beyond = 0, wrong = 0;
        for (std::size_t i = 0; i < mean.size(); ++i) {
            wrong += !(std::abs(static_cast<double>(keep->d_w.elements[i]) - mean[i]) < 1e-6);
            beyond += i > 16384 && std::abs(mean[i]) > 1e-4;
        }
        CHECK(beyond > 100);
        return wrong;
    };
    for (int again = 0; again < 2; ++again) {  // the second time, in memory that was used
        train_step(w, *keep, data.inputs, data.targets, *workspace);
        CHECK(wrong_after("train_step") == 0);
    }
    for (const std::size_t threads : {1U, 2U, 4U}) {
        fit(w, *keep, data,
            {.epochs = 2, .batch_size = 4 * lanes, .shuffle = false, .threads = threads});
        CHECK(wrong_after("fit") == 0);
    }
}

TEST_CASE("evaluate(..., {.threads = N}): the same bits for every N") {
    const auto w = first_weights<net>();
    for (const std::size_t count : {std::size_t{1}, 16 * lanes, 300 * lanes + 7}) {
        const auto data = noise<net>(count);
        const evaluation alone = evaluate(w, data);
        for (const std::size_t threads : many_threads) {
            const evaluation together = evaluate(w, data, {.threads = threads});
            CHECK(together.loss == alone.loss);
            CHECK(together.accuracy == alone.accuracy);
        }
    }
}

TEST_CASE("evaluate, fit: losses of all sizes, in threads that give way to each other") {
    using line = network<features<2>, dense<1>>;
    dataset<line::input, line::output> points;
    for (std::size_t n = 0; n < 600 * lanes; ++n) {
        line::input x;
        fill_random(x, n, 1.0f);
        points.inputs.push_back(x);
        // Losses of one size would add up without rounding in double, in any order.
        points.targets.push_back({{x[0] * std::pow(3.0f, static_cast<float>(n / lanes % 13))}});
    }
    const line::parameters w{};
    const auto loss_of_fit = [&](std::size_t threads) {
        line::parameters copy = w;
        sgd<line> optimizer{{.learning_rate = 0.0}};
        return fit<gives_way>(copy, optimizer, points,
                              {.batch_size = 30 * lanes, .threads = threads})
            .epochs.at(0)
            .loss;
    };
    const double evaluated = evaluate<gives_way>(w, points).loss, fitted = loss_of_fit(1);
    for (const std::size_t threads : many_threads) {
        CHECK(evaluate<gives_way>(w, points, {.threads = threads}).loss == evaluated);
        CHECK(loss_of_fit(threads) == fitted);
    }
}

TEST_CASE("predict(w, images, outputs, {.threads = N}): the bits of network::predict") {
    const auto w = first_weights<net>();
    const auto scratch = std::make_unique<net::batch_workspace>();
    const auto different = [](const std::vector<net::output>& a,
                              const std::vector<net::output>& b) {
        std::size_t count = 0;
        for (std::size_t n = 0; n < a.size(); ++n) count += !same_bits(a[n], b[n]);
        return count;
    };
    for (const std::size_t count : {std::size_t{0}, std::size_t{1}, 16 * lanes, 300 * lanes + 7}) {
        const auto data = noise<net>(count);
        std::vector<net::output> alone(count), together(count);
        net::predict(w, data.inputs, alone, *scratch);
        predict(w, data.inputs, together);
        CHECK(different(together, alone) == 0);
        for (const std::size_t threads : many_threads) {
            together.assign(count, {});
            predict(w, data.inputs, together, {.threads = threads});
            CHECK(different(together, alone) == 0);
        }
    }
}

TEST_CASE("predict refuses outputs of another number") {
    const auto w = first_weights<net>();
    const auto data = noise<net>(3);
    std::vector<net::output> outputs(2);
    CHECK_THROWS_WITH_AS(
        predict(w, data.inputs, outputs),
        "ctnn::predict: the number of outputs must be that of the images, found 2 for 3",
        std::invalid_argument);
    CHECK(same_bits(outputs[0], net::output{}));
}

TEST_CASE("fit on threads: on_epoch runs in the caller's thread, may end the training, may throw") {
    const auto data = noise<net>(6 * lanes);
    const auto caller = std::this_thread::get_id();
    const auto train_with = [&](const std::function<bool(std::size_t, const epoch_result&)>& f) {
        trained<net> t;
        fit_options<dataset<net::input>> options{.epochs = 9, .batch_size = 64, .threads = 3};
        options.on_epoch = f;
        t.epochs = fit(t.w, t.optimizer, data, options);
        return t;
    };
    std::size_t elsewhere = 0;
    const trained<net> stopped = train_with([&](std::size_t epoch, const epoch_result&) {
        elsewhere += std::this_thread::get_id() != caller;
        return epoch < 1;
    });
    CHECK(elsewhere == 0);
    CHECK(stopped.epochs.epochs.size() == 2);
    CHECK_THROWS_WITH_AS(train_with([](std::size_t, const epoch_result&) -> bool {
                             throw std::runtime_error("enough");
                         }),
                         "enough", std::runtime_error);
}
