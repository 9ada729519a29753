#include "networks_of.hpp"

#include "../examples/mlperf_tiny/networks.hpp"

std::unique_ptr<bench::network> bench::make_resnet8() {
    return std::make_unique<network_of<mlperf_tiny::resnet8, true>>("ResNet-8");
}
