// The compiler classifies: a trained LeNet-5 and real pictures in constant expressions. The program
// then asks the processor, and compares.
#include "lenet5.hpp"
#include "lenet5_fashion.hpp"  // written by export_header when this is built, from -Dweights=FILE
#include "ten_pictures.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>

namespace {

template <std::size_t Picture>
constexpr lenet5::output said = lenet5::predict(lenet5_fashion, scaled(ten_pictures[Picture]));

static_assert(argmax(said<5>) == ten_pictures_labels[5],
              "the weights of this build (-Dweights) must see picture 5 as what it is, a sandal");
static_assert(argmax(said<9>) == ten_pictures_labels[9],
              "the weights of this build (-Dweights) must see picture 9 as what it is, a boot");

/// Prints both answers' probability of the class; returns the largest difference of any class.
float difference(std::size_t picture, const lenet5::output& by_compiler) {
    const lenet5::output now = lenet5::predict(lenet5_fashion, scaled(ten_pictures[picture]));
    float largest = 0.0f;
    for (std::size_t k = 0; k < now.size(); ++k)
        largest = std::max(largest, std::abs(now[k] - by_compiler[k]));
    const std::size_t label = argmax(by_compiler);
    std::printf("picture %zu is of class %zu: %.6f said the compiler, %.6f says the processor\n",
                picture, label, static_cast<double>(by_compiler[label]),
                static_cast<double>(now[label]));
    return largest;
}

}  // namespace

int main() {
    const float sandal = difference(5, said<5>), boot = difference(9, said<9>);
    const float largest = std::max(sandal, boot);
    std::printf("largest difference of a probability: %.1e\n", static_cast<double>(largest));
    return largest <= 1e-5f ? 0 : 1;
}
