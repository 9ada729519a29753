// A network of branches with batch normalization against PyTorch: prediction, loss, gradients, and
// parameters and moving averages after three steps of each optimizer.
#include <ctnn/ctnn.hpp>
#include <ctnn/training.hpp>

#include <ctnn/io/safetensors.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

using namespace ctnn;

namespace {

template <std::size_t Filters, std::size_t Size, class... More>
using c = conv2d<Filters, kernel<Size, Size>, same, use_bias<false>, More...>;
template <std::size_t Filters, std::size_t Size, class... More>
using with_bias = conv2d<Filters, kernel<Size, Size>, same, More...>;
using norm = batch_normalization<momentum<9, 10>>;
using net = network<
    shape<6, 5, 3>, c<4, 3>, norm, relu, residual<c<4, 3>, norm, relu, c<4, 3>, norm>, relu,
    add<sequence<c<5, 3, stride<2>>, norm, relu, c<5, 3>, norm>, with_bias<5, 1, stride<2>>>, relu,
    multiply<sequence<>, sequence<global_average_pool2d, dense<5>, sigmoid>>,
    concatenate<sequence<>, sequence<with_bias<3, 1>, ctnn::tanh>>,
    maximum<with_bias<8, 3>, sequence<>>, global_average_pool2d, dense<3>, softmax>;

safetensors_file open() {
    return read_safetensors(std::string(CTNN_TEST_DATA) + "/torch_graph.safetensors");
}
std::vector<float> array(const std::string& name) {
    return open().floats(name);
}

struct examples {
    std::vector<net::input> images = std::vector<net::input>(5);
    std::vector<class_label> labels;
    std::unique_ptr<net::parameters> w = std::make_unique<net::parameters>();
    examples() {
        const std::vector<float> x = array("x"), first = array("w"), classes = array("labels");
        REQUIRE(x.size() == 5 * net::input_shape::size);
        REQUIRE(first.size() == net::parameter_count);
        for (std::size_t i = 0; i < x.size(); ++i)
            images[i / net::input_shape::size][i % net::input_shape::size] = x[i];
        std::copy(first.begin(), first.end(), w->values().begin());
        for (const float label : classes) labels.push_back(static_cast<class_label>(label));
    }
};

void are_close(std::span<const float> found, const std::vector<float>& expected, double tolerance) {
    REQUIRE(found.size() == expected.size());
    float scale = 0.0f;
    for (const float number : expected) scale = std::max(scale, std::abs(number));
    REQUIRE(scale > 0.0f);
    for (std::size_t i = 0; i < found.size(); ++i)
        CHECK(std::abs(found[i] - expected[i]) <= tolerance * static_cast<double>(scale));
}

struct recorder {
    net::parameters gradient{};
    void update(net::parameters&, const net::parameters& d_w) { gradient = d_w; }
};

template <class Optimizer>
void three_steps(const std::string& name, Optimizer optimizer) {
    const examples e;
    const auto space = std::make_unique<training_workspace<net>>();
    for (int step = 0; step < 3; ++step) train_step(*e.w, optimizer, e.images, e.labels, *space);
    const std::vector<float> expected = array("after_" + name), before = array("w");
    are_close(e.w->values(), expected, 2e-5);
    double moved = 0.0;
    for (std::size_t i = 0; i < expected.size(); ++i)
        moved = std::max(moved, static_cast<double>(std::abs(expected[i] - before[i])));
    CHECK(moved > 1e-3);
}

}  // namespace

TEST_CASE("golden graph: predictions") {
    const examples e;
    std::vector<net::output> y(5);
    const auto space = std::make_unique<net::batch_workspace>();
    net::predict(*e.w, e.images, y, *space);
    std::vector<float> many, one;
    for (std::size_t n = 0; n < 5; ++n) {
        const net::output alone = net::predict(*e.w, e.images[n]);
        many.insert(many.end(), y[n].begin(), y[n].end());
        one.insert(one.end(), alone.begin(), alone.end());
    }
    are_close(many, array("prediction"), 1e-5);
    are_close(one, array("prediction"), 1e-5);
}

TEST_CASE("golden graph: loss and gradients") {
    const examples e;
    const auto record = std::make_unique<recorder>();
    const evaluation result = train_step(*e.w, *record, e.images, e.labels);
    CHECK(result.loss == doctest::Approx(array("loss")[0]).epsilon(1e-6));
    are_close(record->gradient.values(), array("gradient"), 1e-5);
}

TEST_CASE("golden graph: three steps of each optimizer") {
    three_steps("sgd", sgd<net>{{.learning_rate = 0.05, .momentum = 0.9}});
    three_steps("nesterov", sgd<net>{{.learning_rate = 0.05, .momentum = 0.9, .nesterov = true}});
    three_steps("rmsprop", rmsprop<net>{{.learning_rate = 0.002}});
    three_steps("adam", adam<net>{{.learning_rate = 0.01, .epsilon = 1e-3}});
}
