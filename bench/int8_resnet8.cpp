#include "int8_of.hpp"

#include "../examples/mlperf_tiny/networks.hpp"

void bench::add_resnet8(std::vector<int8_contest>& to) {
    add_network<mlperf_tiny::resnet8>("ResNet-8", 32, to);
}
