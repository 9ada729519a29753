// From the numbers that a value takes to the scale and zero of its bytes.
#pragma once

#include <ctnn/quantization/observed_values.hpp>
#include <ctnn/quantization/quantization_report.hpp>
#include <ctnn/quantization/set_parameters.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace ctnn {

/// How the range of a value, which its bytes span, is chosen from what was seen.
enum class range_method {
    min_max,       ///< from the smallest number to the largest, as TensorFlow Lite
    percentile,    ///< without `outliers` of the numbers, half of them at each end
    least_squares  ///< the range whose bytes are nearest to the numbers
};

struct quantize_options {
    range_method range = range_method::min_max;
    double outliers = 1e-4;                 ///< of `percentile`: 0 to 0.5
    int weight_bits = 8;                    ///< 2 to 8: weights in [-(2^(bits - 1) - 1), ...]
    quantization_report* report = nullptr;  ///< written, if it is given; takes another pass
};

namespace detail {

/// The bytes span low to high, and 0 is one of them exactly.
inline byte_scale scale_of_range(float low, float high) {
    low = std::min(low, 0.0f), high = std::max(high, 0.0f);
    const float scale = std::max((high - low) / 255.0f, std::numeric_limits<float>::min() * 256.0f);
    return {scale,
            std::clamp(rounded(-128.0 - static_cast<double>(low) / static_cast<double>(scale)),
                       -128, 127)};
}
inline double distance_from_bytes(double x, byte_scale s) {
    const double scale = static_cast<double>(s.scale);
    const double byte = std::clamp(std::nearbyint(x / scale) + s.zero, -128.0, 127.0);
    return std::abs(x - scale * (byte - s.zero));
}
inline byte_scale choose_scale(const observed_range& seen, const quantize_options& options) {
    if (options.range == range_method::min_max) return scale_of_range(seen.low, seen.high);
    if (options.range == range_method::percentile) {
        std::size_t all = 0;
        for (const std::size_t bin : seen.histogram) all += bin;
        const double cut = options.outliers / 2.0 * static_cast<double>(all);
        std::size_t first = 0, last = seen.histogram.size() - 1;
        for (double sum = 0.0; first < last; ++first)
            if ((sum += static_cast<double>(seen.histogram[first])) > cut) break;
        for (double sum = 0.0; last > first; --last)
            if ((sum += static_cast<double>(seen.histogram[last])) > cut) break;
        return scale_of_range(first == 0 ? seen.low : static_cast<float>(seen.number_of(first)),
                              last + 1 == seen.histogram.size()
                                  ? seen.high
                                  : static_cast<float>(seen.number_of(last)));
    }
    byte_scale best = scale_of_range(seen.low, seen.high);
    double least = std::numeric_limits<double>::infinity();
    for (int percent = 100; percent >= 20; percent -= 2) {
        const float part = static_cast<float>(percent) / 100.0f;
        const byte_scale tried = scale_of_range(seen.low * part, seen.high * part);
        double sum = 0.0;
        for (std::size_t bin = 0; bin < seen.histogram.size(); ++bin)
            if (seen.histogram[bin] > 0) {
                const double distance = distance_from_bytes(seen.number_of(bin), tried);
                sum += static_cast<double>(seen.histogram[bin]) * distance * distance;
            }
        if (sum < least) least = sum, best = tried;
    }
    return best;
}

}  // namespace detail
}  // namespace ctnn
