// What the compiler knows of MLPerf Tiny's networks: parameters, multiply-adds and memory, compared
// with what others have published, and printed as a table.
#include "networks.hpp"

#include <cstddef>
#include <cstdio>

using ctnn::folded;
using namespace mlperf_tiny;

// Parameters: Keras' `Total params` (gamma, beta, moving mean and variance of batch normalization
// included) and `Trainable params`. ResNet-8: mlcommons/tiny,
// image_classification/Logs/training_log.txt. DS-CNN: `model.summary()` of the reference model says
// 24,908, and NXP's eiq-model-zoo (tasks/audio/command-recognition) 23,756. MobileNet: eiq-model-
// zoo (tasks/vision/classification/visual-wake-word). The autoencoder's are not published: its
// definition has 265,864 in dense layers, and four for each of 1,032 normalized features.
static_assert(resnet8::parameter_count == 78'666 && resnet8::trained_parameter_count == 78'186);
static_assert(ds_cnn::parameter_count == 24'908 && ds_cnn::trained_parameter_count == 23'756);
static_assert(mobilenet::parameter_count == 221'794);
static_assert(autoencoder::parameter_count == 265'864 + 4 * 1'032);

// Without batch normalization: four numbers less for each normalized feature, as every layer before
// one has a bias.
static_assert(folded<resnet8>::parameter_count == 78'666 - 4 * (3 * 16 + 2 * 32 + 2 * 64));
static_assert(folded<ds_cnn>::parameter_count == 24'908 - 4 * 9 * 64);
static_assert(folded<mobilenet>::parameter_count == 221'794 - 4 * 2'736);
static_assert(folded<autoencoder>::parameter_count == 265'864);

// Multiply-adds of one prediction. Silicon Labs' mltk (mltk/models/tinyml) counts 12.502 million,
// 2.657 million, 7.490 million and 264.192 thousand for the same networks as .tflite files.
static_assert(folded<resnet8>::multiply_adds == 12'501'632);
static_assert(folded<ds_cnn>::multiply_adds == 2'656'768);
static_assert(folded<mobilenet>::multiply_adds == 7'489'664);
static_assert(folded<autoencoder>::multiply_adds == 264'192);

/// Whether a prediction takes no more memory than is alive at once, and that is `Numbers` floats.
template <class Network, std::size_t Numbers>
inline constexpr bool takes = Network::plan.largest_set == Numbers&& Network::workspace_bytes ==
                              Numbers * sizeof(float);

// For every processor the same: the two largest maps that meet. Input and output are the caller's.
static_assert(takes<folded<resnet8>, 2 * 32 * 32 * 16>);
static_assert(takes<folded<ds_cnn>, 2 * 25 * 5 * 64>);
static_assert(takes<folded<mobilenet>, 48 * 48 * (8 + 16)>);
static_assert(takes<folded<autoencoder>, 2 * 128>);

namespace {

template <class Network>
void print(const char* name) {
    using net = folded<Network>;
    std::printf("%-12s %10zu %10zu %13zu %10zu %12zu %8zu\n", name, Network::parameter_count,
                net::parameter_count, net::multiply_adds, net::workspace_bytes,
                net::plan.largest_set * sizeof(float), sizeof(typename net::input));
}

}  // namespace

int main() {
    std::printf("%-12s %10s %10s %13s %10s %12s %8s\n", "", "parameters", "folded", "multiply-adds",
                "workspace", "alive at once", "input");
    print<resnet8>("resnet8");
    print<ds_cnn>("ds_cnn");
    print<mobilenet>("mobilenet");
    print<autoencoder>("autoencoder");
}
