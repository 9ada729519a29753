// The tests/data/tflite_int8_*.tflite, as constants.
#pragma once

inline constexpr unsigned char int8_resnet_file[] = {
#include "tflite_int8_resnet.inc"
};
inline constexpr unsigned char int8_key_words_file[] = {
#include "tflite_int8_key_words.inc"
};
inline constexpr unsigned char int8_squeeze_file[] = {
#include "tflite_int8_squeeze.inc"
};
