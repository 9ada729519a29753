// The README's first program: LeNet-5 as a type, trained for one epoch, asked about one picture.
#include "pictures.hpp"

#include <ctnn/io.hpp>
#include <ctnn/training.hpp>

#include <cstdio>
#include <exception>
#include <memory>
#include <string>

// clang-format off
using lenet5 = ctnn::network<
    ctnn::shape<28, 28, 1>,                                       // height, width, channels
    ctnn::conv2d<6, ctnn::kernel<5, 5>, ctnn::same>, ctnn::relu,
    ctnn::max_pool2d<ctnn::window<2, 2>>,
    ctnn::conv2d<16, ctnn::kernel<5, 5>>, ctnn::relu,
    ctnn::max_pool2d<ctnn::window<2, 2>>,
    ctnn::flatten,
    ctnn::dense<120>, ctnn::relu,
    ctnn::dense<84>, ctnn::relu,
    ctnn::dense<10>, ctnn::softmax>;
// clang-format on

static_assert(lenet5::parameter_count == 61'706);  // the compiler knows every shape

int main(int argc, char** argv) try {
    const std::string folder = argc > 1 ? argv[1] : fashion_mnist();

    const auto [train, test] = ctnn::read_mnist<lenet5::input>(folder);  // two datasets
    auto w = std::make_unique<lenet5::parameters>();  // the data, beside the type
    ctnn::initialize(*w, ctnn::he_normal{.seed = 1});
    ctnn::adam<lenet5> optimizer;
    ctnn::fit(*w, optimizer, train,
              {.epochs = 1, .seed = 1, .validation = &test, .progress = true});

    const lenet5::output p = lenet5::predict(*w, test.inputs[0]);  // noexcept, no heap
    for (const float probability : p) std::printf("%.3f ", static_cast<double>(probability));
    std::printf("\n");
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
