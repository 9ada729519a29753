#include "int8_of.hpp"

#include "../examples/mlperf_tiny/networks.hpp"

void bench::add_mobilenet(std::vector<int8_contest>& to) {
    add_network<mlperf_tiny::mobilenet>("MobileNetV1-0.25", 32, to);
}
