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
constexpr unsigned char one_dimension_file[] = {
#include "onnx_one_dimension.inc"
};
constexpr unsigned char activations_file[] = {
#include "onnx_activations.inc"
};
constexpr unsigned char mixer_file[] = {
#include "onnx_mixer.inc"
};
constexpr unsigned char decoder_file[] = {
#include "onnx_decoder.inc"
};

constexpr unsigned char keras_image_file[] = {
#include "onnx_keras_image.inc"
};
constexpr unsigned char keras_digits_file[] = {
#include "onnx_keras_digits.inc"
};
constexpr unsigned char keras_sound_file[] = {
#include "onnx_keras_sound.inc"
};
constexpr unsigned char keras_torch_file[] = {
#include "onnx_keras_torch.inc"
};

// Keras' exporters, whose inputs are channels last; what they compute import_model --check says.

using keras_image = network<
    shape<9, 8, 3>, scale_and_offset, scale_and_offset, scale_and_offset,
    zero_padding2d<1, 1, 1, 1>, conv2d<4, kernel<3>, stride<2>>, relu6,
    residual<depthwise_conv2d<kernel<3>, padding<1>, use_bias<false>>, scale_and_offset, relu,
             multiply<sequence<>, sequence<global_average_pool2d, conv2d<2, kernel<1>>, relu,
                                           conv2d<4, kernel<1>>, sigmoid>>,
             conv2d<4, kernel<1>>>,
    max_pool2d<window<2>, padding<0, 1, 0, 0>>, flatten, dense<6>, relu, dense<5>, softmax>;
static_assert(std::is_same_v<network_in<keras_image_file>, keras_image>);

using keras_digits = network<shape<8, 9, 1>, conv2d<3, kernel<3>, stride<2>, padding<0, 1, 1, 1>>,
                             relu, conv2d<5, kernel<4, 3>, padding<0, 1>, use_bias<false>>,
                             leaky_relu<negative_slope<1, 4>>, global_average_pool2d, dense<4>>;
static_assert(std::is_same_v<network_in<keras_digits_file>, keras_digits>);

using keras_sound =
    network<sequence_shape<11, 3>, conv2d<4, kernel<1, 3>, padding<0, 1>>, relu, reshape<11, 1, 4>,
            max_pool2d<window<2, 1>>, reshape<1, 5, 4>, conv2d<5, kernel<1, 2>, use_bias<false>>,
            ctnn::tanh, global_average_pool2d, dense<2, use_bias<false>>>;
static_assert(std::is_same_v<network_in<keras_sound_file>, keras_sound>);

using keras_torch =
    network<shape<6, 5, 2>, conv2d<3, kernel<3, 2>>, batch_normalization<>, elu<>,
            global_average_pool2d, dense<24>, reshape<2, 3, 4>,
            conv2d_transpose<2, kernel<3>, stride<2>, padding<0, 1, 0, 1>>, sigmoid>;
static_assert(std::is_same_v<network_in<keras_torch_file>, keras_torch>);

using lenet5 = network<shape<13, 16, 1>, conv2d<4, kernel<5>, padding<2>>, ctnn::tanh,
                       average_pool2d<window<2>>, conv2d<6, kernel<3>>, relu, max_pool2d<window<2>>,
                       flatten, dense<10>, relu, dense<7>, softmax>;
static_assert(std::is_same_v<network_in<lenet5_file>, lenet5>);

using unet = network<
    shape<12, 8, 2>, conv2d<3, kernel<3>, padding<1>>, relu,
    concatenate<
        sequence<max_pool2d<window<2>>, conv2d<4, kernel<3>, padding<1>>, relu,
                 concatenate<sequence<max_pool2d<window<2>>, conv2d<5, kernel<3>, padding<1>>, relu,
                                      up_sampling2d<bilinear>>,
                             sequence<>>,
                 conv2d<4, kernel<3>, padding<1>>, relu, conv2d_transpose<3, kernel<2>, stride<2>>>,
        sequence<>>,
    conv2d_transpose<4, kernel<3>, padding<1>>, leaky_relu<negative_slope<1, 10>>,
    conv2d<2, kernel<1>>, sigmoid>;
static_assert(std::is_same_v<network_in<unet_file>, unet>);

using normalized = batch_normalization<epsilon<1, 100'000>>;
template <std::size_t Filters, class... Options>
using unbiased = conv2d<Filters, kernel<3>, Options..., padding<1>, use_bias<false>>;
using resnet =
    network<shape<9, 8, 3>, unbiased<4>, normalized, relu,
            residual<unbiased<4>, normalized, relu, unbiased<4>, normalized>, relu,
            add<sequence<unbiased<6, stride<2>>, normalized, relu, unbiased<6>, normalized>,
                sequence<conv2d<6, kernel<1>, stride<2>, use_bias<false>>, normalized>>,
            relu, global_average_pool2d, dense<5>>;
static_assert(std::is_same_v<network_in<resnet_bn_file>, resnet>);

using autoencoder =
    network<features<21>, dense<9>, normalized, relu, dense<3>, relu, dense<9>, selu, dense<21>>;
static_assert(std::is_same_v<network_in<autoencoder_file>, autoencoder>);

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

/// All images at once, and one after the other too where the loops of one image are asked for: they
/// have tests of their own, and take the compiler as long again.
template <const auto& File, bool OneByOne = false>
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
        if constexpr (OneByOne) {
            const typename net::output alone = net::predict(weights_in<File>, images[n]);
            one.insert(one.end(), alone.begin(), alone.end());
        }
        many.insert(many.end(), found[n].begin(), found[n].end());
    }
    if (OneByOne) are_close(one, y);
    are_close(many, y);
}

}  // namespace

TEST_CASE("ONNX: LeNet-5, a dense layer behind a flattened map") {
    gives_the_outputs_of<lenet5_file, true>("lenet5");
}
TEST_CASE("ONNX: inverted residual of MobileNetV2") {
    gives_the_outputs_of<mobilenet_file>("mobilenet");
}
TEST_CASE("ONNX: residual networks, batch normalization folded and kept") {
    gives_the_outputs_of<resnet_file>("resnet");
    gives_the_outputs_of<resnet_bn_file>("resnet_bn");
}
TEST_CASE("ONNX: U-Net, concatenation, bilinear and transposed") {
    gives_the_outputs_of<unet_file, true>("unet");
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
TEST_CASE("ONNX: one dimension") {
    gives_the_outputs_of<one_dimension_file>("one_dimension");
}
TEST_CASE("ONNX: activations, also as formulas") {
    gives_the_outputs_of<activations_file>("activations");
}
TEST_CASE("ONNX: dense layers of pixels") {
    gives_the_outputs_of<mixer_file>("mixer");
}
TEST_CASE("ONNX: a list that becomes a map") {
    gives_the_outputs_of<decoder_file>("decoder");
}
