// The int8 files of tests/data/, as constants.
#pragma once

inline constexpr unsigned char int8_resnet_file[] = {
#include "int8_resnet.inc"
};
inline constexpr unsigned char int8_key_words_file[] = {
#include "int8_key_words.inc"
};
inline constexpr unsigned char int8_squeeze_file[] = {
#include "int8_squeeze.inc"
};
