// The bytes of tests/data/tflite_*.tflite, for the compiler to read.
#pragma once

inline constexpr unsigned char activations_file[]{
#include "tflite_activations.inc"
};
inline constexpr unsigned char depthwise_file[]{
#include "tflite_depthwise.inc"
};
inline constexpr unsigned char reshapes_file[]{
#include "tflite_reshapes.inc"
};
inline constexpr unsigned char resnet_file[]{
#include "tflite_resnet.inc"
};
inline constexpr unsigned char sequence_file[]{
#include "tflite_sequence.inc"
};
inline constexpr unsigned char squeeze_file[]{
#include "tflite_squeeze.inc"
};
inline constexpr unsigned char u_net_file[]{
#include "tflite_u_net.inc"
};
