// Weights as a network in bytes has them: whole multiples of a scale for each filter.
#pragma once

#include <ctnn/quantization/rounding.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace ctnn::detail {

/// Calls take(i, f, n, scale) for every number of a kernel whose last axis are the filters:
/// kernel(i), of filter f, is about n times scale, n whole and in [-(2^(bits - 1) - 1), ...]; and
/// take_bias(f, n, unit) for every bias, n of 32 bits, if `bias` is not null. `x`: the scale of what
/// is multiplied with the kernel. What is not a number stays none.
template <class Take, class TakeBias>
void round_kernel(std::span<const float> kernel, const float* bias, float x, int bits,
                  std::size_t filters, const Take& take, const TakeBias& take_bias) {
    constexpr std::size_t at_once = 64;
    const auto most = static_cast<float>((1 << (bits - 1)) - 1);
    for (std::size_t first = 0; first < filters; first += at_once) {
        const std::size_t count = std::min(at_once, filters - first);
        float scale[at_once]{};
        for (std::size_t i = first; i < kernel.size(); i += filters)
            for (std::size_t f = 0; f < count; ++f)
                scale[f] = std::max(scale[f], std::abs(kernel[i + f]));
        for (std::size_t f = 0; f < count; ++f) {
            // So that the bias, in units of x's scale times this one, has 30 bits.
            const float for_bias =
                bias == nullptr ? 0.0f : std::abs(bias[first + f]) / x / (1 << 29);
            scale[f] = std::max({scale[f] / most, for_bias, 1e-30f});
        }
        for (std::size_t i = first; i < kernel.size(); i += filters)
            for (std::size_t f = 0; f < count; ++f)
                take(i + f, first + f,
                     std::clamp(std::nearbyint(kernel[i + f] / scale[f]), -most, most), scale[f]);
        for (std::size_t f = 0; f < count && bias != nullptr; ++f) {
            const double unit = static_cast<double>(x) * static_cast<double>(scale[f]);
            take_bias(first + f, rounded(static_cast<double>(bias[first + f]) / unit), unit);
        }
    }
}

}  // namespace ctnn::detail
