// Weights of a network of ctnn. Written by ctnn::write_header.
// clang-format off
#pragma once

#include <ctnn/constant_weights.hpp>

inline constexpr ctnn::constant_weights<0x53d51ad5af7ece48U, 3> two_inputs{{
    // dense_1/kernel: 2 x 1
    0x1.8p+0f, -0x1p+1f,
    // dense_1/bias: 1
    0x1p-2f,
}};
