// What quantization does to a network: numbers to look at.
#pragma once

#include <ctnn/language.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace ctnn {

/// What quantization does to one value.
struct quantized_value {
    std::string layer;      ///< that gives it, "conv2d_1"; "input"
    float low, high;        ///< seen
    float scale;            ///< number = scale (byte - zero)
    std::int32_t zero;      ///
    double saturated;       ///< share of the numbers seen that lie outside of the bytes' range
    double relative_error;  ///< root of the mean squared difference to the float network's value,
                            ///< divided by that of the float network's value
};
/// What quantization does to a network, on the images that it was made with.
struct quantization_report {
    std::vector<quantized_value> values;  ///< in the order of computation
    std::size_t images = 0;
    double agreement = 0.0;  ///< share of the images for which the largest output is the same one
    /// Shares of the images for which the largest output is the label; not a number without labels.
    double float_accuracy = std::numeric_limits<double>::quiet_NaN();
    double int8_accuracy = std::numeric_limits<double>::quiet_NaN();
};

}  // namespace ctnn
