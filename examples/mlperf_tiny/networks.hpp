// The four reference networks of MLPerf Tiny (github.com/mlcommons/tiny, benchmark/training), as
// types. As they are trained: `ctnn::folded<>` of them is what ships. What the compiler knows of
// them: facts.cpp.
#pragma once

#include <ctnn/ctnn.hpp>

#include <cstddef>

namespace mlperf_tiny {

// clang-format off

// Image classification (image_classification/keras_model.py, 16 filters). No batch normalization on
// the shortcuts; an activation behind each sum.
template <std::size_t Filters>
using down = ctnn::add<
    ctnn::sequence<ctnn::conv2d<Filters, ctnn::kernel<3, 3>, ctnn::stride<2, 2>, ctnn::same>, ctnn::batch_normalization<>, ctnn::relu,
                   ctnn::conv2d<Filters, ctnn::kernel<3, 3>, ctnn::same>, ctnn::batch_normalization<>>,
    ctnn::conv2d<Filters, ctnn::kernel<1, 1>, ctnn::stride<2, 2>, ctnn::same>>;

template <class Input>
using resnet8_on = ctnn::network<Input,
    ctnn::conv2d<16, ctnn::kernel<3, 3>, ctnn::same>, ctnn::batch_normalization<>, ctnn::relu,
    ctnn::residual<ctnn::conv2d<16, ctnn::kernel<3, 3>, ctnn::same>, ctnn::batch_normalization<>, ctnn::relu,
                   ctnn::conv2d<16, ctnn::kernel<3, 3>, ctnn::same>, ctnn::batch_normalization<>>, ctnn::relu,
    down<32>, ctnn::relu,
    down<64>, ctnn::relu,
    ctnn::global_average_pool2d, ctnn::dense<10>, ctnn::softmax>;

using resnet8 = resnet8_on<ctnn::shape<32, 32, 3>>;
using resnet8_fashion = resnet8_on<ctnn::shape<32, 32, 1>>;  // Fashion-MNIST in a frame of zeros

// A depthwise convolution, with the options, and a pointwise one.
template <std::size_t Filters, class... Options>
using separable = ctnn::sequence<
    ctnn::depthwise_conv2d<ctnn::kernel<3, 3>, ctnn::same, Options...>, ctnn::batch_normalization<>, ctnn::relu,
    ctnn::conv2d<Filters, ctnn::kernel<1, 1>>, ctnn::batch_normalization<>, ctnn::relu>;

// Keyword spotting (keyword_spotting/keras_model.py, 'ds_cnn'): 49 time slices of 10 coefficients.
// The pooling window is half of the input, so the last of the 25 rows is left out, as there.
using ds_cnn = ctnn::network<ctnn::shape<49, 10, 1>,
    ctnn::conv2d<64, ctnn::kernel<10, 4>, ctnn::stride<2, 2>, ctnn::same>, ctnn::batch_normalization<>, ctnn::relu,
    ctnn::dropout<ctnn::rate<1, 5>>,
    separable<64>, separable<64>, separable<64>, separable<64>,
    ctnn::dropout<ctnn::rate<2, 5>>,
    ctnn::average_pool2d<ctnn::window<24, 5>>, ctnn::flatten, ctnn::dense<12>, ctnn::softmax>;

// Visual wake words (visual_wake_words/vww_model.py): MobileNetV1 with a quarter of the filters; is
// a person there?
using mobilenet = ctnn::network<ctnn::shape<96, 96, 3>,
    ctnn::conv2d<8, ctnn::kernel<3, 3>, ctnn::stride<2, 2>, ctnn::same>, ctnn::batch_normalization<>, ctnn::relu,
    separable<16>,
    separable<32, ctnn::stride<2, 2>>, separable<32>,
    separable<64, ctnn::stride<2, 2>>, separable<64>,
    separable<128, ctnn::stride<2, 2>>, separable<128>, separable<128>, separable<128>, separable<128>, separable<128>,
    separable<256, ctnn::stride<2, 2>>, separable<256>,
    ctnn::global_average_pool2d, ctnn::dense<2>, ctnn::softmax>;

// Anomaly detection (anomaly_detection/keras_model.py): five time slices of 128 coefficients, out
// of 8 numbers again.
template <std::size_t Outputs>
using block = ctnn::sequence<ctnn::dense<Outputs>, ctnn::batch_normalization<>, ctnn::relu>;

using autoencoder = ctnn::network<ctnn::features<640>,
    block<128>, block<128>, block<128>, block<128>, block<8>, block<128>, block<128>, block<128>, block<128>,
    ctnn::dense<640>>;

// clang-format on

}  // namespace mlperf_tiny
