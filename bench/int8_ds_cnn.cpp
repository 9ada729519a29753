#include "int8_of.hpp"

#include "../examples/mlperf_tiny/networks.hpp"

void bench::add_ds_cnn(std::vector<int8_contest>& to) {
    add_network<mlperf_tiny::ds_cnn>("DS-CNN", 32, to);
}
