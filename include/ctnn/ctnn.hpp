// The core: everything inference needs, fit for a microcontroller. No heap, no exceptions, no I/O.
#pragma once

#include <ctnn/language.hpp>

#include <ctnn/constant_weights.hpp>
#include <ctnn/folded.hpp>
#include <ctnn/layers/activations.hpp>
#include <ctnn/layers/average_pool2d.hpp>
#include <ctnn/layers/batch_normalization.hpp>
#include <ctnn/layers/borders.hpp>
#include <ctnn/layers/borders1d.hpp>
#include <ctnn/layers/conv1d.hpp>
#include <ctnn/layers/conv2d.hpp>
#include <ctnn/layers/conv2d_transpose.hpp>
#include <ctnn/layers/dense.hpp>
#include <ctnn/layers/depthwise_conv2d.hpp>
#include <ctnn/layers/dropout.hpp>
#include <ctnn/layers/elu.hpp>
#include <ctnn/layers/expect.hpp>
#include <ctnn/layers/flatten.hpp>
#include <ctnn/layers/global_average_pool2d.hpp>
#include <ctnn/layers/global_max_pool2d.hpp>
#include <ctnn/layers/layer_normalization.hpp>
#include <ctnn/layers/leaky_relu.hpp>
#include <ctnn/layers/max_pool2d.hpp>
#include <ctnn/layers/pool1d.hpp>
#include <ctnn/layers/prelu.hpp>
#include <ctnn/layers/relu.hpp>
#include <ctnn/layers/reshape.hpp>
#include <ctnn/layers/scale_and_offset.hpp>
#include <ctnn/layers/separable_conv2d.hpp>
#include <ctnn/layers/sigmoid.hpp>
#include <ctnn/layers/softmax.hpp>
#include <ctnn/layers/tanh.hpp>
#include <ctnn/layers/up_sampling2d.hpp>
#include <ctnn/network.hpp>
#include <ctnn/plan_of.hpp>
