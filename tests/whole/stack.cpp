// How little of the stack predicting and training take, whatever the network: no function of the
// library has a frame above 16 KiB (stack_usage.py reads what the compiler says of this file),
// LeNet-5 is at home on a thread with 64 KiB, and rows of a million pixels work.
#include "../examples/lenet5.hpp"

#include <ctnn/training.hpp>

#include "support/random.hpp"

#include <doctest/doctest.h>

#include <pthread.h>

#include <cmath>
#include <cstddef>
#include <memory>
#include <vector>

using namespace ctnn;

namespace {

/// Runs `action` on a thread with this much of a stack.
template <class Action>
void on_stack_of(std::size_t bytes, Action action) {
    pthread_attr_t attributes;
    REQUIRE(pthread_attr_init(&attributes) == 0);
    REQUIRE(pthread_attr_setstacksize(&attributes, bytes) == 0);
    pthread_t thread{};
    const auto call = [](void* what) -> void* {
        (*static_cast<Action*>(what))();
        return nullptr;
    };
    REQUIRE(pthread_create(&thread, &attributes, call, &action) == 0);
    REQUIRE(pthread_join(thread, nullptr) == 0);
    pthread_attr_destroy(&attributes);
}

template <class Net>
dataset<typename Net::input> some_data(std::size_t count) {
    dataset<typename Net::input> data;
    data.inputs.resize(count);
    for (std::size_t n = 0; n < count; ++n) {
        fill_random(data.inputs[n], n + 1, 1.0f);
        data.targets.push_back(static_cast<class_label>(n % Net::output_shape::size));
    }
    return data;
}

/// Predicts, one and many, and trains, on a small stack; batches agree with single images, and
/// training changes the parameters.
template <class Net>
void works_on(std::size_t stack, std::size_t images) {
    const auto w = std::make_unique<typename Net::parameters>();
    initialize(*w, he_normal{.seed = 1});
    auto data = some_data<Net>(images);
    const auto scratch = std::make_unique<typename Net::workspace>();
    const auto batch_scratch = std::make_unique<typename Net::batch_workspace>();
    const auto training = std::make_unique<training_workspace<Net>>();
    const auto optimizer = std::make_unique<sgd<Net>>();
    optimizer->options.learning_rate = 1e-3;
    std::vector<typename Net::output> one(images), many(images);
    evaluation before{}, after{};
    on_stack_of(stack, [&] {
        for (std::size_t n = 0; n < images; ++n)
            one[n] = Net::predict(*w, data.inputs[n], *scratch);
        Net::predict(*w, data.inputs, many, *batch_scratch);
        before = train_step(*w, *optimizer, data.inputs, data.targets, *training);
        after = train_step(*w, *optimizer, data.inputs, data.targets, *training);
    });
    for (std::size_t n = 0; n < images; ++n)
        for (std::size_t i = 0; i < one[n].size(); ++i)
            CHECK(many[n][i] == doctest::Approx(one[n][i]).epsilon(1e-4));
    CHECK(std::isfinite(before.loss));
    CHECK(after.loss < before.loss);
}

constexpr std::size_t small = 64 * 1024;

}  // namespace

TEST_CASE("LeNet-5 on a thread with 64 KiB of stack") {
    works_on<lenet5>(small, 2 * simd::native_lanes + 3);
    // All of `fit`, with the workspace of a prediction on the stack too.
    const auto w = std::make_unique<lenet5::parameters>();
    initialize(*w, he_normal{.seed = 1});
    const auto data = some_data<lenet5>(20);
    const auto optimizer = std::make_unique<adam<lenet5>>();
    history h;
    lenet5::output y{};
    on_stack_of(small, [&] {
        h = fit(*w, *optimizer, data, {.epochs = 2, .batch_size = 10});
        y = lenet5::predict(*w, data.inputs[0]);
    });
    CHECK(h.epochs.size() == 2);
    CHECK(y[0] > 0.0f);
}

TEST_CASE("rows of 16,000 and of 24,000 pixels") {
    works_on<
        network<shape<1, 16000, 1>, conv2d<32, kernel<1, 9>, same>, relu, max_pool2d<window<1, 8>>,
                conv2d<32, kernel<1, 9>>, relu, global_average_pool2d, dense<4>, softmax>>(small,
                                                                                           2);
    works_on<network<shape<1, 24000, 128>, conv2d<8, kernel<1, 9>, same>, relu,
                     global_average_pool2d, dense<4>, softmax>>(small, 2);
}
TEST_CASE("rows and columns of a million pixels") {
    works_on<network<shape<1, 1'000'000, 1>, conv2d<2, kernel<1, 9>, same>, relu,
                     max_pool2d<window<1, 8>>, conv2d<20, kernel<1, 9>, stride<1, 4>>, relu,
                     global_average_pool2d, dense<4>, softmax>>(small, 2);
    works_on<network<shape<1'000'000, 1, 1>, conv2d<2, kernel<9, 1>, same>, relu,
                     max_pool2d<window<8, 1>>, depthwise_conv2d<kernel<9, 1>, stride<4, 1>, same>,
                     global_max_pool2d, dense<4>, softmax>>(small, 2);
}
TEST_CASE("many channels, large kernels and windows") {
    works_on<network<shape<4, 5, 1000>, conv2d<37, kernel<4, 4>, same>, relu, flatten, dense<3>,
                     softmax>>(small, 2);
    works_on<network<shape<1, 1600, 2>, conv2d<9, kernel<1, 400>, stride<1, 160>, same>, relu,
                     flatten, dense<3>, softmax>>(small, 2);
    works_on<network<shape<40, 40, 3>, conv2d<5, kernel<11, 11>, same>, relu,
                     average_pool2d<window<10, 20>>, flatten, dense<3>, softmax>>(small, 2);
    works_on<network<shape<2, 3, 1000>, softmax, global_max_pool2d, dense<1000>, ctnn::tanh,
                     dense<3>, softmax>>(small, 2);
}
