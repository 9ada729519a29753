// ResNet-8 on Fashion-MNIST, whose pictures of 28 x 28 get a frame of zeros.
#include "networks.hpp"
#include "train.hpp"

#include "../pictures.hpp"

#include <utility>

namespace {

using net = mlperf_tiny::resnet8_on<ctnn::shape<32, 32, 1>>;

ctnn::dataset<net::input> framed(const std::string& folder, const std::string& part) {
    auto pictures = ctnn::read_mnist_part<ctnn::tensor<ctnn::shape<28, 28, 1>>>(folder, part);
    ctnn::dataset<net::input> data{{}, std::move(pictures.targets)};
    data.inputs.resize(pictures.size());
    for (std::size_t n = 0; n < pictures.size(); ++n)
        for (std::size_t row = 0; row < 28; ++row)
            for (std::size_t column = 0; column < 28; ++column)
                data.inputs[n](row + 2, column + 2, 0) = pictures.inputs[n](row, column, 0);
    return data;
}

}  // namespace

int train_resnet8(const arguments& a) {
    const auto read = [&] {
        expect_folder(a.data);
        return std::array{framed(a.data, "train"), framed(a.data, "t10k")};
    };
    return train<net>(a, read, class_names(a.data));
}
