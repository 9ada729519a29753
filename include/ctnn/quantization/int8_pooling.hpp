// Pooling in bytes, and layers that move bytes: the scale stays.
#pragma once

#include <ctnn/layers/borders.hpp>
#include <ctnn/quantization/int8_windows.hpp>
#include <ctnn/quantization/rounding.hpp>
#include <ctnn/shape.hpp>
#include <ctnn/tensor.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace ctnn::detail {

/// Output rows `first` to `last` of a map of `Channels`, written to `y`. The mean is that of the bytes,
/// rounded with halves away from 0.
template <axis Rows, axis Columns, std::size_t Channels, bool TakesMaximum>
constexpr void int8_pool(const std::int8_t* x, std::int8_t* y, std::size_t first,
                         std::size_t last) noexcept {
    if constexpr (simd::integer_lanes > 1)
        if (!std::is_constant_evaluated())
            return int8_window<Rows, Columns, Channels, TakesMaximum>::run(x, y, first, last);
    for (std::size_t h = first; h < last; ++h) {
        const auto i = Rows.taps_inside(h);
        for (std::size_t w = 0; w < Columns.output(); ++w) {
            const auto j = Columns.taps_inside(w);
            const auto count = static_cast<std::int32_t>((i.last - i.first) * (j.last - j.first));
            for (std::size_t c = 0; c < Channels; ++c) {
                std::int32_t result = TakesMaximum ? -128 : 0;
                for (std::size_t row = i.first; row < i.last; ++row)
                    for (std::size_t column = j.first; column < j.last; ++column) {
                        const auto pixel = static_cast<std::int32_t>(
                            x[(Rows.pixel(h, row) * Columns.input + Columns.pixel(w, column)) *
                                  Channels +
                              c]);
                        result = TakesMaximum ? std::max(result, pixel) : result + pixel;
                    }
                if (!TakesMaximum)
                    result = (result > 0 ? result + count / 2 : result - count / 2) / count;
                *y++ = static_cast<std::int8_t>(result);
            }
        }
    }
}

/// Borders, cut off or added, and pixels that are repeated.
template <class Layer, class T>
constexpr void int8_move(const T* x, T* y, const T& zero) noexcept {
    using from = typename Layer::input_shape;
    using to = typename Layer::output_shape;
    if constexpr (Layer::name == "zero_padding2d" || Layer::name == "zero_padding1d") {
        std::fill_n(y, to::size, zero);
        copy_inner<to, from, Layer::settings[0], Layer::settings[1]>(x, y, true);
    } else {
        Layer::compute(tensor_view<from, const T>(x), tensor_view<to, T>(y));
    }
}

}  // namespace ctnn::detail
