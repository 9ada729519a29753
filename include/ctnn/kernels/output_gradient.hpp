// dLoss/dy of a convolution, as its parameters' gradient asks for it: from memory, or computed from
// what pooling by maximum has kept, so that the map before pooling is never stored.
#pragma once

#include <ctnn/kernels/convolution.hpp>
#include <ctnn/simd/loops.hpp>

#include <cstddef>
#include <cstdint>

namespace ctnn::detail {

/// height x width x filters numbers.
template <convolution Conv, class T>
struct output_gradient_in_memory {
    static constexpr bool are_in_memory = true;
    static constexpr std::size_t rows_together = 1, columns_together = 1;
    const T* d_y;

    /// Filters `first` ... of some of the outputs, in rows of RowSize numbers.
    template <std::size_t Filters, std::size_t RowSize>
    constexpr void copy(area part, std::size_t first, T* to) const noexcept {
        constexpr std::size_t width = Conv.columns.output();
        for (std::size_t r = 0; r < part.rows; ++r) {
            const T* from = d_y + ((part.row + r) * width + part.column) * Conv.filters + first;
            T* into = to + r * RowSize;
            for (std::size_t w = 0; w < part.columns; ++w, from += Conv.filters, into += Filters) {
                CTNN_UNROLLED
                for (std::size_t t = 0; t < Filters; ++t) into[t] = from[t];
            }
        }
    }
    /// Adds them all up.
    template <std::size_t Filters>
    constexpr void sum(std::size_t first, T (&sums)[Filters]) const noexcept {
        const T* from = d_y + first;
        for (std::size_t o = 0; o < Conv.rows.output() * Conv.columns.output();
             ++o, from += Conv.filters) {
            CTNN_UNROLLED
            for (std::size_t t = 0; t < Filters; ++t) sums[t] = sums[t] + from[t];
        }
    }
};

/// The convolution's output went through `Activation` and `Pooling`, which kept the position of
/// each window's maximum: only there dLoss/dy is not 0.
template <activation Activation, pooling_with_positions Pooling, class T>
struct output_gradient_at_maxima {
    static constexpr bool are_in_memory = false;
    static constexpr std::size_t rows_together = Pooling::window_rows,
                                 columns_together = Pooling::window_columns;
    const T* y;  // of pooling
    const std::uint8_t* positions;
    const T* d_y;  // of pooling

    template <std::size_t Filters, std::size_t RowSize>
    constexpr void copy(area part, std::size_t first, T* to) const noexcept {
        Pooling::template input_gradient_of_area<Activation, Filters, RowSize>(y, positions, d_y,
                                                                               part, first, to);
    }
    template <std::size_t Filters>
    constexpr void sum(std::size_t first, T (&sums)[Filters]) const noexcept {
        for (std::size_t i = first; i < Pooling::output_shape::size;
             i += Pooling::output_shape::channels) {
            CTNN_UNROLLED
            for (std::size_t t = 0; t < Filters; ++t)
                sums[t] = simd::fma(d_y[i + t], Activation::slope(T(y[i + t])), sums[t]);
        }
    }
};

/// d_bias(f) += sum over h, w of d_y(h, w, f) for `Filters` filters from `first` on, summed over
/// the images in the lanes.
template <std::size_t Filters, class T, class OutputGradient>
constexpr void add_bias_gradient(const OutputGradient& gradient, std::size_t first,
                                 float* d_bias) noexcept {
    simd::for_tiles<Filters>([&](std::size_t f, auto size) CTNN_INLINED {
        T sum[size]{};
        gradient.sum(first + f, sum);
        for (std::size_t t = 0; t < size; ++t) d_bias[first + f + t] += simd::sum_of_lanes(sum[t]);
    });
}

}  // namespace ctnn::detail
