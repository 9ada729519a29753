// ResNet-8 on Fashion-MNIST, whose pictures of 28 x 28 get a frame of zeros.
#include "framed.hpp"
#include "train.hpp"

#include "../pictures.hpp"

#include <utility>

namespace {

using net = mlperf_tiny::resnet8_fashion;

ctnn::dataset<net::input> framed_part(const std::string& folder, const std::string& part) {
    auto pictures = ctnn::read_mnist_part<mlperf_tiny::picture>(folder, part);
    return {mlperf_tiny::framed(pictures.inputs), std::move(pictures.targets)};
}

}  // namespace

int train_resnet8(const arguments& a) {
    const auto read = [&] {
        expect_folder(a.data);
        return std::array{framed_part(a.data, "train"), framed_part(a.data, "t10k")};
    };
    return train<net>(a, read, class_names(a.data));
}
