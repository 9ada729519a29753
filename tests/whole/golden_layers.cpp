// The layers against numbers that other programs computed: NumPy and PyTorch. They guard what the
// words mean (the laws guard the arithmetic): which way a kernel lies, where 'same' pads, how a
// gradient is divided.
#include <ctnn/layers/average_pool2d.hpp>
#include <ctnn/layers/conv1d.hpp>
#include <ctnn/layers/conv2d.hpp>
#include <ctnn/layers/conv2d_transpose.hpp>
#include <ctnn/layers/depthwise_conv2d.hpp>
#include <ctnn/layers/layer_normalization.hpp>
#include <ctnn/layers/max_pool2d.hpp>
#include <ctnn/layers/relu.hpp>

#include "support/laws.hpp"

#include <ctnn/io/safetensors.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

using namespace ctnn;
using laws::floats;

constexpr double tolerance = 1e-4;

/// The largest difference, as a share of the expected array's largest magnitude.
double error(const floats& actual, const floats& expected) {
    REQUIRE(actual.size() == expected.size());
    double scale = 0.0, worst = 0.0;
    for (std::size_t i = 0; i < actual.size(); ++i) {
        const double a = static_cast<double>(actual[i]), e = static_cast<double>(expected[i]);
        scale = std::max(scale, std::abs(e));
        worst = std::abs(a - e) <= worst ? worst : std::isnan(a) ? INFINITY : std::abs(a - e);
    }
    REQUIRE(scale > 0.0);
    return worst / scale;
}

safetensors_file open(const std::string& name) {
    return read_safetensors(std::string(CTNN_TEST_DATA) + "/" + name + ".safetensors");
}

template <class Shape>
std::vector<tensor<Shape>> images_of(const floats& values) {
    REQUIRE(values.size() % Shape::size == 0);
    std::vector<tensor<Shape>> images(values.size() / Shape::size);
    for (std::size_t n = 0; n < images.size(); ++n)
        std::copy_n(values.data() + n * Shape::size, Shape::size, images[n].begin());
    return images;
}
template <class Shape>
floats values_of(const std::vector<tensor<Shape>>& images) {
    floats values;
    for (const auto& image : images) values.insert(values.end(), image.begin(), image.end());
    return values;
}

struct results {
    floats y, d_x, d_kernel, d_bias;
};

/// Forward and backward for a batch, with as many images at a time as `T` has lanes.
template <class Layer, class T>
results run(const floats& kernel, const floats& bias, const floats& x_values,
            const floats& d_y_values) {
    constexpr std::size_t lanes = simd::lanes_of<T>;
    using input = typename Layer::input_shape;
    using output = typename Layer::output_shape;
    const auto x = images_of<input>(x_values);
    const auto d_y = images_of<output>(d_y_values);
    REQUIRE(x.size() == d_y.size());
    std::vector<tensor<input>> d_x(x.size());
    std::vector<tensor<output>> y(x.size());
    floats w = kernel, d_w(Layer::parameter_count);  // the kernel first, then the bias
    w.insert(w.end(), bias.begin(), bias.end());
    REQUIRE(w.size() == Layer::parameter_count);
    const auto x_in_lanes = std::make_unique<T[]>(input::size);
    const auto y_in_lanes = std::make_unique<T[]>(output::size);
    const auto d_y_in_lanes = std::make_unique<T[]>(output::size);
    const auto d_x_in_lanes = std::make_unique<T[]>(input::size);
    for (std::size_t first = 0; first < x.size(); first += lanes) {
        std::array<const tensor<input>*, lanes> x_here{};
        std::array<const tensor<output>*, lanes> d_y_here{};
        std::array<tensor<output>*, lanes> y_here{};
        std::array<tensor<input>*, lanes> d_x_here{};
        for (std::size_t n = 0; n < std::min(lanes, x.size() - first); ++n) {
            x_here[n] = &x[first + n];
            d_y_here[n] = &d_y[first + n];
            y_here[n] = &y[first + n];
            d_x_here[n] = &d_x[first + n];
        }
        to_lanes<T, input>(x_here, tensor_view<input, T>(x_in_lanes.get()));
        to_lanes<T, output>(d_y_here, tensor_view<output, T>(d_y_in_lanes.get()));
        laws::compute<Layer, T>(w.data(), x_in_lanes.get(), y_in_lanes.get());
        laws::gradients<Layer, T>(w.data(), x_in_lanes.get(), d_y_in_lanes.get(),
                                  d_x_in_lanes.get(), d_w.data());
        from_lanes<T, output>(tensor_view<output, const T>(y_in_lanes.get()), y_here);
        from_lanes<T, input>(tensor_view<input, const T>(d_x_in_lanes.get()), d_x_here);
    }
    const auto d_bias = d_w.begin() + static_cast<std::ptrdiff_t>(kernel.size());
    return {values_of(y), values_of(d_x), {d_w.begin(), d_bias}, {d_bias, d_w.end()}};
}

template <class Layer, class T>
void convolution_agrees(const safetensors_file& file) {
    const results all =
        run<Layer, T>(file.floats("W"), file.floats("b"), file.floats("A_prev"), file.floats("dZ"));
    CHECK(error(all.y, file.floats("Z")) <= tolerance);
    CHECK(error(all.d_x, file.floats("dA_prev")) <= tolerance);
    CHECK(error(all.d_kernel, file.floats("dW")) <= tolerance);
    CHECK(error(all.d_bias, file.floats("db")) <= tolerance);
    if (file.entries.contains("A_relu")) {
        using activation = relu::on<typename Layer::output_shape>;
        floats activated;
        for (const auto& z : images_of<typename Layer::output_shape>(all.y)) {
            const auto a = activation::forward(z);
            activated.insert(activated.end(), a.begin(), a.end());
        }
        CHECK(error(activated, file.floats("A_relu")) <= tolerance);
    }
}

/// The layer must make of A_prev's shape that of Z; `stride<>` is compared with the metadata.
template <class Layer>
void convolution(const std::string& name, const std::string& padding, const std::string& stride) {
    CAPTURE(name);
    const safetensors_file file = open(name);
    CHECK(file.metadata.at("padding").substr(0, padding.size()) == padding);
    CHECK(file.metadata.at("stride_h") + "x" + file.metadata.at("stride_w") == stride);
    using z = typename Layer::output_shape;
    const std::vector<std::size_t> shape{z::height, z::width, z::channels};
    const auto& found = file.entries.at("Z").shape;
    REQUIRE(found.size() == 4);
    CHECK(std::equal(shape.begin(), shape.end(), found.begin() + 1));
    convolution_agrees<Layer, float>(file);
    convolution_agrees<Layer, simd::native>(file);
}

TEST_CASE("conv2d, valid: NumPy") {
    convolution<conv2d<9, kernel<1, 1>>::on<shape<6, 5, 7>>>("conv_valid_1x1", "valid", "1x1");
    convolution<conv2d<5, kernel<3, 2>, stride<2, 1>>::on<shape<9, 8, 3>>>(
        "conv_valid_3x2_stride2x1", "valid", "2x1");
    convolution<conv2d<2, kernel<3, 3>>::on<shape<28, 28, 1>>>("conv_valid_3x3_main", "valid",
                                                               "1x1");
    convolution<conv2d<16, kernel<5, 5>, valid>::on<shape<14, 14, 6>>>("conv_valid_5x5_lenet2",
                                                                       "valid", "1x1");
    convolution<conv2d<33, kernel<5, 5>>::on<shape<5, 5, 16>>>("conv_valid_full_window", "valid",
                                                               "1x1");
    convolution<conv2d<8, kernel<3, 3>, stride<3, 3>>::on<shape<10, 9, 2>>>(
        "conv_valid_stride_leaves_rest", "valid", "3x3");
}
TEST_CASE("conv2d, same and same_size with stride 1: NumPy") {
    convolution<conv2d<17, kernel<5, 3>, same>::on<shape<7, 11, 2>>>("conv_same_5x3_odd_channels",
                                                                     "same", "1x1");
    convolution<conv2d<17, kernel<5, 3>, same_size>::on<shape<7, 11, 2>>>(
        "conv_same_5x3_odd_channels", "same", "1x1");
    convolution<conv2d<6, kernel<5, 5>, same>::on<shape<28, 28, 1>>>("conv_same_5x5_lenet1", "same",
                                                                     "1x1");
    convolution<conv2d<6, kernel<5, 5>, same_size>::on<shape<28, 28, 1>>>("conv_same_5x5_lenet1",
                                                                          "same", "1x1");
}
// The files call same_size "seed-same", after the course project that the library began with.
TEST_CASE("conv2d, same_size with strides: NumPy") {
    convolution<conv2d<4, kernel<3, 3>, same_size, stride<2, 2>>::on<shape<9, 9, 3>>>(
        "conv_same_3x3_stride2", "seed-same", "2x2");
    convolution<conv2d<3, kernel<5, 3>, same_size, stride<3, 2>>::on<shape<8, 7, 2>>>(
        "conv_same_5x3_stride3x2", "seed-same", "3x2");
}
TEST_CASE("conv2d, same: Keras' padding, PyTorch's numbers") {
    convolution<conv2d<5, kernel<2, 4>, same>::on<shape<6, 7, 2>>>("keras_same_even_2x4", "same",
                                                                   "1x1");
    convolution<conv2d<4, kernel<3, 3>, same, stride<2, 2>>::on<shape<9, 8, 3>>>(
        "keras_same_stride2_3x3", "same", "2x2");
    convolution<conv2d<16, kernel<5, 5>, same, stride<3, 2>>::on<shape<11, 10, 2>>>(
        "keras_same_stride3x2_5x5", "same", "3x2");
    convolution<conv2d<2, kernel<3, 3>, same, stride<4, 4>>::on<shape<9, 9, 1>>>(
        "keras_same_stride4_3x3", "same", "4x4");
}

TEST_CASE("depthwise_conv2d with a multiplier, conv1d causal, layer_normalization: PyTorch") {
    convolution<depthwise_conv2d<kernel<3, 2>, depth_multiplier<2>, same,
                                 stride<2, 1>>::on<shape<7, 6, 3>>>(
        "torch_depthwise_multiplier2_same_3x2_stride2x1", "same", "2x1");
    convolution<conv1d<5, kernel<3>, causal, dilation<2>>::on<sequence_shape<11, 3>>>(
        "torch_conv1d_causal_3_dilation2", "causal", "1x1");
    convolution<layer_normalization<>::on<shape<3, 2, 7>>>("torch_layer_normalization", "none",
                                                           "1x1");
}
TEST_CASE("conv2d_transpose: Keras' sizes and PyTorch's, PyTorch's numbers") {
    convolution<conv2d_transpose<4, kernel<3, 5>, stride<2>, same>::on<shape<4, 5, 3>>>(
        "torch_transpose_same_3x5_stride2", "same", "2x2");
    convolution<conv2d_transpose<3, kernel<2, 3>, stride<3, 2>>::on<shape<3, 4, 2>>>(
        "torch_transpose_valid_2x3_stride3x2", "valid", "3x2");
    convolution<conv2d_transpose<2, kernel<2>, stride<3>, same>::on<shape<2, 3, 2>>>(
        "torch_transpose_same_2x2_stride3", "same", "3x3");
    convolution<conv2d_transpose<3, kernel<4>, stride<2>, padding<1>>::on<shape<3, 4, 2>>>(
        "torch_transpose_padding1_4x4_stride2", "1", "2x2");
}

template <class Layer, class T>
void pooling_agrees(const safetensors_file& file, const char* d_x) {
    const results all = run<Layer, T>({}, {}, file.floats("A_prev"), file.floats("dA"));
    CHECK(error(all.y, file.floats("A")) <= tolerance);
    CHECK(error(all.d_x, file.floats(d_x)) <= tolerance);
}
template <class Layer>
void pooling(const std::string& name, const char* d_x = "dA_prev") {
    CAPTURE(name);
    const safetensors_file file = open(name);
    using y = typename Layer::output_shape;
    const std::vector<std::size_t> shape{y::height, y::width, y::channels};
    const auto& found = file.entries.at("A").shape;
    REQUIRE(found.size() == 4);
    CHECK(std::equal(shape.begin(), shape.end(), found.begin() + 1));
    pooling_agrees<Layer, float>(file, d_x);
    pooling_agrees<Layer, simd::native>(file, d_x);
}

/// Every pooling, of the file whose name ends in `name`.
template <class Input, class... Options>
void poolings(const std::string& name) {
    pooling<typename average_pool2d<Options...>::template on<Input>>("avg_pool_" + name);
    pooling<typename max_pool2d<Options...>::template on<Input>>("max_pool_" + name);
    pooling<typename max_pool2d<every_maximum, Options...>::template on<Input>>("max_pool_" + name);
}

TEST_CASE("max_pool2d, average_pool2d: NumPy") {
    poolings<shape<6, 8, 1>, window<1, 4>>("1x4");
    poolings<shape<28, 28, 2>, window<2, 2>>("2x2");
    poolings<shape<7, 5, 17>, window<2, 2>>("2x2_rest_dropped");
    poolings<shape<10, 9, 5>, window<3, 2>, stride<1, 2>>("3x2_stride1x2");
    poolings<shape<28, 28, 2>, window<3, 3>>("3x3_main");
    poolings<shape<9, 11, 3>, window<3, 3>, stride<2, 2>>("3x3_stride2_overlap");
}
TEST_CASE("max_pool2d, equal values: the first maximum as PyTorch, every maximum as NumPy") {
    using input = shape<8, 8, 3>;
    pooling<max_pool2d<window<2, 2>>::on<input>>("max_pool_ties", "dA_prev_first_maximum");
    pooling<max_pool2d<window<2, 2>, every_maximum>::on<input>>("max_pool_ties",
                                                                "dA_prev_all_maxima");
    const safetensors_file file = open("max_pool_ties");
    CHECK(file.floats("dA_prev_first_maximum") != file.floats("dA_prev_all_maxima"));
}
