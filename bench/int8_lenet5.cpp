#include "int8_of.hpp"

#include "../examples/lenet5.hpp"

void bench::add_lenet5(std::vector<int8_contest>& to) {
    add_network<lenet5>("LeNet-5", 256, to);
}
