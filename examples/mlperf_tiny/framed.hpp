// Pictures of 28 x 28 in a frame of zeros, as ResNet-8 takes them.
#pragma once

#include "networks.hpp"

#include <cstddef>
#include <vector>

namespace mlperf_tiny {

using picture = ctnn::tensor<ctnn::shape<28, 28, 1>>;

inline std::vector<resnet8_fashion::input> framed(const std::vector<picture>& pictures) {
    std::vector<resnet8_fashion::input> result(pictures.size());
    for (std::size_t n = 0; n < pictures.size(); ++n)
        for (std::size_t row = 0; row < 28; ++row)
            for (std::size_t column = 0; column < 28; ++column)
                result[n](row + 2, column + 2, 0) = pictures[n](row, column, 0);
    return result;
}

}  // namespace mlperf_tiny
