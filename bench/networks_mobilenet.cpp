#include "networks_of.hpp"

#include "../examples/mlperf_tiny/networks.hpp"

std::unique_ptr<bench::network> bench::make_mobilenet() {
    return std::make_unique<network_of<mlperf_tiny::mobilenet, false>>("MobileNetV1-0.25");
}
