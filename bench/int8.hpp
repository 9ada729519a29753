// What bench/int8 measures: a network in floats and in bytes, one image and many.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace bench {

struct int8_contest {
    std::string name;
    std::size_t images, multiply_adds;                         // of all images
    std::function<void()> in_bytes, in_floats{}, in_onednn{};  // the last two if there are such
};
void add_lenet5(std::vector<int8_contest>&);
void add_ds_cnn(std::vector<int8_contest>&);
void add_resnet8(std::vector<int8_contest>&);
void add_mobilenet(std::vector<int8_contest>&);
/// Convolutions of a million multiply-adds and more, in bytes alone.
void add_layers(std::vector<int8_contest>&);

}  // namespace bench
