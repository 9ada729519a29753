// dLoss/dy of a convolution, as its parameters' gradient asks for it: from memory, or computed from
// what pooling by maximum has kept, so that the map before pooling is never stored.
#pragma once

#include <ctnn/convolution.hpp>
#include <ctnn/loops.hpp>

#include <cstddef>
#include <cstdint>

namespace ctnn::detail {

/// height x width x filters numbers.
template <convolution Of, class T>
struct slopes_in_memory {
    static constexpr bool are_in_memory = true;
    static constexpr std::size_t rows_together = 1, columns_together = 1;
    const T* d_y;

    /// Filters `first` ... of some of the outputs, in rows of RowSize numbers.
    template <std::size_t Filters, std::size_t RowSize>
    constexpr void copy(area of, std::size_t first, T* to) const noexcept {
        constexpr std::size_t width = Of.columns.output();
        for (std::size_t r = 0; r < of.rows; ++r) {
            const T* from = d_y + ((of.row + r) * width + of.column) * Of.filters + first;
            T* into = to + r * RowSize;
            for (std::size_t w = 0; w < of.columns; ++w, from += Of.filters, into += Filters)
                simd::unroll<Filters>([&](auto t)
                                          __attribute__((always_inline)) { into[t] = from[t]; });
        }
    }
    /// Adds them all up.
    template <std::size_t Filters>
    constexpr void sum(std::size_t first, T (&sums)[Filters]) const noexcept {
        const T* from = d_y + first;
        for (std::size_t o = 0; o < Of.rows.output() * Of.columns.output(); ++o, from += Of.filters)
            simd::unroll<Filters>([&](auto t) __attribute__((always_inline)) {
                sums[t] = sums[t] + from[t];
            });
    }
};

/// The convolution's output went through `Activation` and `Pooling`, which kept the position of
/// each window's maximum: only there dLoss/dy is not 0.
template <class Activation, class Pooling, class T>
struct slopes_at_maxima {
    static constexpr bool are_in_memory = false;
    static constexpr std::size_t rows_together = Pooling::window_rows,
                                 columns_together = Pooling::window_columns;
    const T* y;  // of pooling
    const std::uint8_t* positions;
    const T* d_y;  // of pooling

    template <std::size_t Filters, std::size_t RowSize>
    constexpr void copy(area of, std::size_t first, T* to) const noexcept {
        Pooling::template input_gradient_of_area<Activation, Filters, RowSize>(y, positions, d_y,
                                                                               of, first, to);
    }
    template <std::size_t Filters>
    constexpr void sum(std::size_t first, T (&sums)[Filters]) const noexcept {
        for (std::size_t i = first; i < Pooling::output_shape::size;
             i += Pooling::output_shape::channels)
            simd::unroll<Filters>([&](auto t) __attribute__((always_inline)) {
                sums[t] = simd::fma(d_y[i + t], Activation::slope(T(y[i + t])), sums[t]);
            });
    }
};

/// d_bias(f) += sum over h, w of d_y(h, w, f), summed over the images in the lanes.
template <convolution Of, class T, class Slopes>
constexpr void add_bias_gradient(const Slopes& slopes, float* d_bias) noexcept {
    simd::for_tiles<Of.filters>([&](std::size_t f, auto size) __attribute__((always_inline)) {
        T sum[size]{};
        slopes.sum(f, sum);
        for (std::size_t t = 0; t < size; ++t) d_bias[f + t] += simd::sum_of_lanes(sum[t]);
    });
}

}  // namespace ctnn::detail
