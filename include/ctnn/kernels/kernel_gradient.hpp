// The gradient of a convolution's kernel, with one image in every lane: every weight is a sum over
// all places of the map, and over the lanes.
#pragma once

#include <ctnn/kernels/convolution.hpp>
#include <ctnn/kernels/depthwise_sums.hpp>
#include <ctnn/kernels/filter_sums.hpp>
#include <ctnn/kernels/gradient_block.hpp>
#include <ctnn/kernels/output_gradient.hpp>
#include <ctnn/simd/loops.hpp>

#include <algorithm>
#include <cstddef>
#include <type_traits>

namespace ctnn::detail {

/// d_kernel(i, j, c, f) += sum over h, w of x(h s + i d - pad, ..., c) d_y(h, w, f)
template <convolution Conv>
struct kernel_gradient {
    /// Numbers of scratch memory that `add` needs.
    template <class T, class OutputGradient>
    static constexpr std::size_t scratch_size() noexcept {
        if constexpr (simd::lanes_of<T> == 1)
            return OutputGradient::are_in_memory
                       ? 0
                       : OutputGradient::rows_together * OutputGradient::columns_together *
                             Conv.filters;
        else if constexpr (Conv.is_depthwise())
            return depthwise_sums<Conv, T>::size;
        else
            return std::max(largest_scratch<T, OutputGradient>(),
                            filters_in_lanes<T> == 0 ? 0 : filter_scratch<T, OutputGradient>());
    }

    /// Also the bias's, d_bias(f) += sum over h, w of d_y(h, w, f), if there is one.
    template <class T, class OutputGradient>
    static constexpr void add(const T* x, const OutputGradient& gradient, float* d_kernel,
                              float* d_bias, [[maybe_unused]] T* scratch) noexcept {
        constexpr std::size_t lanes = simd::lanes_of<T>, full = filters_in_lanes<T>;
        if constexpr (lanes > 1 && Conv.is_depthwise()) {
            depthwise_sums<Conv, T>::add(x, gradient.d_y, d_kernel, d_bias, scratch);
        } else {
            if constexpr (Conv.has_bias)
                for (std::size_t g = 0; g < Conv.groups; g += full == 0 ? Conv.groups : 1)
                    add_bias_gradient<full == 0 ? Conv.filters : group_filters - full, T>(
                        gradient, g * group_filters + full, d_bias);
            if constexpr (lanes == 1 && OutputGradient::are_in_memory)
                add_outputs(x, {0, height, 0, width}, gradient.d_y, d_kernel);
            else if constexpr (lanes == 1)
                add_part_by_part(x, gradient, d_kernel, scratch);
            else
                for (std::size_t g = 0; g < Conv.groups; ++g) {
                    simd::for_tiles<full / lanes, 2>([&](std::size_t v, auto vectors) CTNN_INLINED {
                        const std::size_t first = g * group_filters + v * lanes;
                        filter_sums<Conv, T, OutputGradient, vectors>::add(
                            x + g * group_channels, gradient, first, d_kernel + first,
                            Conv.has_bias ? d_bias + first : nullptr, scratch);
                    });
                    simd::for_tiles<group_filters - full, filters_at_once>(
                        [&](std::size_t f, auto filters) CTNN_INLINED {
                            simd::for_tiles<group_channels, channels_at_once>(
                                [&](std::size_t c, auto channels) CTNN_INLINED {
                                    const std::size_t first = g * group_filters + full + f;
                                    gradient_block<Conv, T, OutputGradient, channels, filters>::add(
                                        x + g * group_channels + c, gradient, first,
                                        d_kernel + c * Conv.filters + first, scratch);
                                });
                        });
                }
        }
    }

    /// The definition, for an output gradient in memory.
    template <class T>
    static constexpr void add_without_scratch(const T* x,
                                              const output_gradient_in_memory<Conv, T>& gradient,
                                              float* d_kernel, float* d_bias) noexcept {
        if constexpr (Conv.has_bias) add_bias_gradient<Conv.filters, T>(gradient, 0, d_bias);
        add_outputs(x, {0, height, 0, width}, gradient.d_y, d_kernel);
    }

private:
    static constexpr std::size_t group_channels = Conv.group_channels();
    static constexpr std::size_t group_filters = Conv.group_filters();
    static constexpr std::size_t height = Conv.rows.output(), width = Conv.columns.output();

    /// Of every group, as many as fill vectors, where they pay.
    template <class T>
    static constexpr std::size_t filters_in_lanes =
        filter_sums<Conv, T, output_gradient_in_memory<Conv, T>, 1>::pays
            ? group_filters - group_filters % simd::lanes_of<T>
            : 0;
    /// Two vectors of them at once; of an odd number, one is alone.
    template <class T, class OutputGradient>
    static constexpr std::size_t filter_scratch() noexcept {
        constexpr std::size_t vectors = filters_in_lanes<T> / simd::lanes_of<T>;
        return std::max(vectors > 1 ? filter_sums<Conv, T, OutputGradient, 2>::size : 0,
                        vectors % 2 == 1 ? filter_sums<Conv, T, OutputGradient, 1>::size : 0);
    }

    /// What some of the outputs give; their gradient lies in `gradient`, one row behind the other.
    template <class T>
    static constexpr void add_outputs(const T* x, area part, const T* gradient,
                                      float* d_kernel) noexcept {
        for (std::size_t h = part.row; h < part.row + part.rows; ++h) {
            const auto taps_i = Conv.rows.taps_inside(h);
            for (std::size_t w = part.column; w < part.column + part.columns;
                 ++w, gradient += Conv.filters) {
                const auto taps_j = Conv.columns.taps_inside(w);
                for (std::size_t i = taps_i.first; i < taps_i.last; ++i)
                    for (std::size_t j = taps_j.first; j < taps_j.last; ++j) {
                        const T* pixel = x + (Conv.rows.pixel(h, i) * Conv.columns.input +
                                              Conv.columns.pixel(w, j)) *
                                                 Conv.channels;
                        float* to = d_kernel + (i * Conv.columns.taps + j) * Conv.tap_size();
                        for (std::size_t g = 0; g < Conv.groups; ++g)
                            for (std::size_t c = 0; c < group_channels; ++c)
                                for (std::size_t f = 0; f < group_filters; ++f)
                                    to[c * Conv.filters + g * group_filters + f] +=
                                        simd::sum_of_lanes(T(pixel[g * group_channels + c] *
                                                             gradient[g * group_filters + f]));
                    }
            }
        }
    }

    /// One image, an output gradient that is not in memory: window after window.
    template <class T, class OutputGradient>
    static constexpr void add_part_by_part(const T* x, const OutputGradient& gradient,
                                           float* d_kernel, T* scratch) noexcept {
        constexpr std::size_t rows = OutputGradient::rows_together,
                              columns = OutputGradient::columns_together;
        for (std::size_t h = 0; h + rows <= height; h += rows)
            for (std::size_t w = 0; w + columns <= width; w += columns) {
                const area window{h, rows, w, columns};
                gradient.template copy<Conv.filters, columns * Conv.filters>(window, 0, scratch);
                add_outputs(x, window, scratch, d_kernel);
            }
    }

    // What is computed block after block at once.
    static constexpr std::size_t taps = Conv.rows.taps * Conv.columns.taps;
    static constexpr std::size_t filters_at_once = taps < 10 ? 16 : 8,
                                 channels_at_once = taps < 4 ? 16 : 8;

    template <class T, class OutputGradient, std::size_t Channels, std::size_t Filters>
    static constexpr std::size_t scratch_of() noexcept {
        if constexpr (Channels == 0 || Filters == 0)
            return 0;
        else
            return gradient_block<Conv, T, OutputGradient, Channels, Filters>::scratch_size;
    }
    /// The tiles of channels and of filters have at most two sizes each.
    template <class T, class OutputGradient>
    static constexpr std::size_t largest_scratch() noexcept {
        constexpr std::size_t rest = group_filters - filters_in_lanes<T>;
        constexpr std::size_t channels = simd::tile_size(group_channels, channels_at_once),
                              filters = simd::tile_size(rest, filters_at_once);
        constexpr bool one_size = rest == 0 || (group_channels % channels == 0 &&
                                                rest % std::max<std::size_t>(1, filters) == 0);
        if constexpr (one_size)
            return scratch_of<T, OutputGradient, channels, filters>();
        else
            return std::max({scratch_of<T, OutputGradient, channels, filters>(),
                             scratch_of<T, OutputGradient, channels - 1, filters>(),
                             scratch_of<T, OutputGradient, channels, filters - 1>(),
                             scratch_of<T, OutputGradient, channels - 1, filters - 1>()});
    }
};

}  // namespace ctnn::detail
