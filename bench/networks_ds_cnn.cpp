#include "networks_of.hpp"

#include "../examples/mlperf_tiny/networks.hpp"

std::unique_ptr<bench::network> bench::make_ds_cnn() {
    return std::make_unique<network_of<mlperf_tiny::ds_cnn, false>>("DS-CNN");
}
