// LeNet-5 against PyTorch in float64: logits, probabilities, loss, all gradients, and the
// weights after three steps of Adam. Errors are relative to the array's largest magnitude.
#include <ctnn/io.hpp>
#include <ctnn/training.hpp>

#include "../examples/lenet5.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr double tolerance = 1e-4;
const std::array<std::string, 10> arrays{
    "conv1_kernel", "conv1_bias",    "conv2_kernel", "conv2_bias",    "dense1_kernel",
    "dense1_bias",  "dense2_kernel", "dense2_bias",  "dense3_kernel", "dense3_bias"};

template <class Found, class Expected>
double relative_error(const Found& found, const Expected& expected) {
    REQUIRE(found.size() == expected.size());
    double error = 0.0, largest = 0.0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        error = std::max(
            error, std::abs(static_cast<double>(found[i]) - static_cast<double>(expected[i])));
        largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
    }
    REQUIRE(largest > 0.0);
    return error / largest;
}

/// One array of the parameters, by its place in the table.
std::vector<float> array(const lenet5::parameters& w, std::size_t index) {
    const ctnn::parameter_entry& entry = lenet5::parameter_table[index];
    return {w.elements + entry.offset, w.elements + entry.offset + entry.size};
}

struct golden {
    ctnn::safetensors_file file = ctnn::read_safetensors(CTNN_TEST_DATA "/lenet5_adam.safetensors");
    std::unique_ptr<lenet5::parameters> w = std::make_unique<lenet5::parameters>();
    std::vector<lenet5::input> images{8};
    std::vector<ctnn::class_label> labels;

    golden() {
        for (std::size_t a = 0; a < arrays.size(); ++a) {
            const std::vector<float> values = file.floats("w." + arrays[a]);
            REQUIRE(values.size() == lenet5::parameter_table[a].size);
            std::copy(values.begin(), values.end(),
                      w->elements + lenet5::parameter_table[a].offset);
        }
        const std::vector<float> x = file.floats("x");
        for (std::size_t n = 0; n < images.size(); ++n)
            std::copy_n(x.begin() + static_cast<std::ptrdiff_t>(n * 784), 784, images[n].begin());
        for (const auto label : file.int32s("labels")) labels.push_back(label);
    }
};

/// Keeps the gradient instead of following it.
struct keep_gradient {
    lenet5::parameters d_w;
    void update(lenet5::parameters&, const lenet5::parameters& gradient) { d_w = gradient; }
};

}  // namespace

TEST_CASE("lenet5: probabilities, one image and many") {
    const golden g;
    const std::vector<float> expected = g.file.floats("probabilities");
    std::vector<float> one;
    for (const auto& x : g.images) {
        const lenet5::output y = lenet5::predict(*g.w, x);
        one.insert(one.end(), y.begin(), y.end());
    }
    CHECK(relative_error(one, expected) < tolerance);

    std::vector<lenet5::output> outputs(8);
    const auto scratch = std::make_unique<lenet5::batch_workspace>();
    lenet5::predict(*g.w, g.images, outputs, *scratch);
    std::vector<float> many;
    for (const auto& y : outputs) many.insert(many.end(), y.begin(), y.end());
    CHECK(relative_error(many, expected) < tolerance);
}

TEST_CASE("lenet5: logits") {
    const golden g;
    const auto pass =
        std::make_unique<ctnn::backpropagation<lenet5, float, lenet5::leaf_count - 1>>();
    std::vector<float> logits;
    for (const auto& x : g.images) {
        pass->x = x;
        pass->forward(*g.w);
        logits.insert(logits.end(), pass->output().begin(), pass->output().end());
    }
    CHECK(relative_error(logits, g.file.floats("logits")) < tolerance);
}

TEST_CASE("lenet5: the loss and all ten gradients") {
    const golden g;
    const auto keep = std::make_unique<keep_gradient>();
    const ctnn::evaluation e = ctnn::train_step(*g.w, *keep, g.images, g.labels);
    CHECK(e.loss == doctest::Approx(static_cast<double>(g.file.floats("losses")[0])).epsilon(1e-6));
    CHECK(ctnn::evaluate(*g.w, ctnn::dataset<lenet5::input>{g.images, g.labels}).loss == e.loss);
    for (std::size_t a = 0; a < arrays.size(); ++a) {
        CAPTURE(arrays[a]);
        CHECK(relative_error(array(keep->d_w, a), g.file.floats("grad." + arrays[a])) < tolerance);
    }
}

TEST_CASE("lenet5: the weights after three steps of adam") {
    const golden g;
    const auto optimizer = std::make_unique<ctnn::adam<lenet5>>();
    const std::vector<float> losses = g.file.floats("losses");
    for (std::size_t step = 0; step < 3; ++step)
        CHECK(ctnn::train_step(*g.w, *optimizer, g.images, g.labels).loss ==
              doctest::Approx(static_cast<double>(losses[step])).epsilon(1e-5));
    for (std::size_t a = 0; a < arrays.size(); ++a) {
        CAPTURE(arrays[a]);
        const std::vector<float> expected = g.file.floats("after3." + arrays[a]);
        CHECK(relative_error(array(*g.w, a), expected) < tolerance);
        CHECK(relative_error(g.file.floats("w." + arrays[a]), expected) > tolerance);  // they moved
    }
}
