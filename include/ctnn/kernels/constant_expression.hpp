// The loops of convolutions and dense layers in constant expressions: a compiler's time goes by the
// number of expressions it evaluates, so these are as plain as can be.
#pragma once

#include <ctnn/kernels/convolution.hpp>

#include <cstddef>

namespace ctnn::detail {

/// y = pooling(activation(bias + x * kernel)), scaled before the activation if that says so. A dense
/// layer is a convolution over one pixel.
template <activation Activation, pooling Pooling>
constexpr void
convolve_in_constant_expression(const convolution& conv, const float* x, const float* kernel,
                                const float* bias, float* y,
                                [[maybe_unused]] const float* scale = nullptr) noexcept {
    // h, w: pooled row, column; r, q: row, column of the convolution's output; i, j: position in
    // the kernel; c: channel of the group; f: filter
    const axis rows = conv.rows, columns = conv.columns;
    const std::size_t channels = conv.channels, filters = conv.filters;
    const std::size_t group_channels = conv.group_channels(), group_filters = conv.group_filters();
    const bool is_dense = conv.groups == 1 && columns.dilation == 1;
    for (std::size_t h = 0; h < rows.output() / Pooling::window_rows; ++h)
        for (std::size_t w = 0; w < columns.output() / Pooling::window_columns;
             ++w, y += conv.output_step())
            for (std::size_t f = 0; f < filters; ++f) {
                const float* first = x + f / group_filters * group_channels;
                float kept = Pooling::template start<float>();
                for (std::size_t n = 0; n < Pooling::window_rows * Pooling::window_columns; ++n) {
                    const std::size_t r = h * Pooling::window_rows + n / Pooling::window_columns;
                    const std::size_t q = w * Pooling::window_columns + n % Pooling::window_columns;
                    const auto taps_i = rows.taps_inside(r), taps_j = columns.taps_inside(q);
                    float sum = conv.has_bias ? bias[f] : 0.0f;
                    const std::size_t taps = taps_j.last - taps_j.first;
                    // Neighbouring pixels lie side by side, and so do their weights.
                    const std::size_t runs = is_dense ? 1 : taps,
                                      length = is_dense ? taps * channels : group_channels;
                    for (std::size_t i = taps_i.first; i < taps_i.last; ++i)
                        for (std::size_t j = taps_j.first; j < taps_j.first + runs; ++j) {
                            const float* pixel =
                                first +
                                (rows.pixel(r, i) * columns.input + columns.pixel(q, j)) * channels;
                            const float* weight =
                                kernel + (i * columns.taps + j) * group_channels * filters + f;
                            for (std::size_t t = 0; t < length; ++t)
                                sum += pixel[t] * weight[t * filters];
                        }
                    sum = scaled_sum<Activation>(sum, scale, f, filters);
                    if constexpr (adds_to_output<Activation>) sum += y[f];
                    kept = Pooling::combine(kept, Activation::value(sum));
                }
                y[f] = Pooling::finish(kept);
            }
}

}  // namespace ctnn::detail
