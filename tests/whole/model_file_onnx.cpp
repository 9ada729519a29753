// Networks that PyTorch exported as ONNX files (tests/scripts/golden_onnx.py), read by the compiler:
// their types, and their outputs against PyTorch's.
#include <ctnn/model_file.hpp>

#include <ctnn/io/safetensors.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

using namespace ctnn;

namespace {

constexpr unsigned char lenet5_file[] = {
#include "onnx_lenet5.inc"
};
constexpr unsigned char mobilenet_file[] = {
#include "onnx_mobilenet.inc"
};
constexpr unsigned char resnet_file[] = {
#include "onnx_resnet.inc"
};
constexpr unsigned char resnet_bn_file[] = {
#include "onnx_resnet_bn.inc"
};
constexpr unsigned char unet_file[] = {
#include "onnx_unet.inc"
};
constexpr unsigned char squeeze_file[] = {
#include "onnx_squeeze.inc"
};
constexpr unsigned char detector_file[] = {
#include "onnx_detector.inc"
};
constexpr unsigned char view_file[] = {
#include "onnx_view.inc"
};
constexpr unsigned char autoencoder_file[] = {
#include "onnx_autoencoder.inc"
};

using lenet5 = network<shape<13, 16, 1>, conv2d<4, kernel<5>, padding<2>>, ctnn::tanh,
                       average_pool2d<window<2>>, conv2d<6, kernel<3>>, relu, max_pool2d<window<2>>,
                       flatten, dense<10>, relu, dense<7>, softmax>;
static_assert(std::is_same_v<network_in<lenet5_file>, lenet5>);

void are_close(const std::vector<float>& found, const std::vector<float>& expected) {
    REQUIRE(found.size() == expected.size());
    float scale = 0.0f, error = 0.0f;
    for (std::size_t i = 0; i < found.size(); ++i) {
        scale = std::max(scale, std::abs(expected[i]));
        error = std::max(error, std::abs(found[i] - expected[i]));
    }
    CHECK(scale > 0.0f);
    CHECK(error <= 1e-5f * scale);
}

/// One image and then all of them.
template <const auto& File>
void gives_the_outputs_of(const std::string& name) {
    using net = network_in<File>;
    const safetensors_file file =
        read_safetensors(std::string(CTNN_TEST_DATA) + "/onnx_" + name + ".safetensors");
    const std::vector<float> x = file.floats("x"), y = file.floats("y");
    REQUIRE(x.size() == 3 * net::input_shape::size);
    REQUIRE(y.size() == 3 * net::output_shape::size);
    std::vector<typename net::input> images(3);
    std::vector<typename net::output> found(3);
    for (std::size_t i = 0; i < x.size(); ++i)
        images[i / net::input_shape::size][i % net::input_shape::size] = x[i];
    const auto space = std::make_unique<typename net::batch_workspace>();
    net::predict(weights_in<File>, images, found, *space);
    std::vector<float> one, many;
    for (std::size_t n = 0; n < 3; ++n) {
        const typename net::output alone = net::predict(weights_in<File>, images[n]);
        one.insert(one.end(), alone.begin(), alone.end());
        many.insert(many.end(), found[n].begin(), found[n].end());
    }
    are_close(one, y);
    are_close(many, y);
}

}  // namespace

TEST_CASE("ONNX: LeNet-5, a dense layer behind a flattened map") {
    gives_the_outputs_of<lenet5_file>("lenet5");
}
TEST_CASE("ONNX: inverted residual of MobileNetV2") {
    gives_the_outputs_of<mobilenet_file>("mobilenet");
}
TEST_CASE("ONNX: residual networks, batch normalization folded and kept") {
    gives_the_outputs_of<resnet_file>("resnet");
    gives_the_outputs_of<resnet_bn_file>("resnet_bn");
}
TEST_CASE("ONNX: U-Net, concatenation, bilinear and transposed") {
    gives_the_outputs_of<unet_file>("unet");
}
TEST_CASE("ONNX: squeeze and excitation") {
    gives_the_outputs_of<squeeze_file>("squeeze");
}
TEST_CASE("ONNX: a detector whose heads become one list") {
    gives_the_outputs_of<detector_file>("detector");
}
TEST_CASE("ONNX: arithmetic of shapes") {
    gives_the_outputs_of<view_file>("view");
}
TEST_CASE("ONNX: autoencoder of dense layers") {
    gives_the_outputs_of<autoencoder_file>("autoencoder");
}
