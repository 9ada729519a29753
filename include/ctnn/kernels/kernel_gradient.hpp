// The gradient of a convolution's kernel, with one image in every lane: every weight is a sum over
// all places of the map, and over the lanes.
#pragma once

#include <ctnn/kernels/convolution.hpp>
#include <ctnn/kernels/depthwise_sums.hpp>
#include <ctnn/kernels/filter_sums.hpp>
#include <ctnn/kernels/output_gradient.hpp>
#include <ctnn/kernels/weight_sums.hpp>
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
                                    add_in_blocks<channels, filters>(
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
            ? group_filters / simd::lanes_of<T>* simd::lanes_of<T>
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

    // The kernel's gradient for some channels and filters, block after block of the outputs. Unless
    // they lie together already, a block's numbers are copied first, with zeros for padding: pixels
    // that lie a power of 2 apart share few sets of the cache, and every tile of weights reads them
    // again.
    static constexpr std::size_t taps = Conv.rows.taps * Conv.columns.taps;
    static constexpr std::size_t filters_at_once = taps < 10 ? 16 : 8,
                                 channels_at_once = taps < 4 ? 16 : 8;
    static constexpr std::size_t block_bytes = std::size_t{128} * 1024;

    /// Rows of outputs as many as fit, and where not even one pooling window's do, some columns.
    template <class T, class OutputGradient, std::size_t Channels, std::size_t Filters>
    struct gradient_block {
        static constexpr std::size_t most = block_bytes / sizeof(T);

        /// The most steps, a multiple of `step`, so that fixed + steps * each <= most.
        static constexpr std::size_t fit(std::size_t fixed, std::size_t each, std::size_t step,
                                         std::size_t all) noexcept {
            return std::min(all,
                            std::max(step, (most - std::min(most, fixed)) / each / step * step));
        }
        static constexpr std::size_t overlap(const axis& a) noexcept {  // that the next one needs
            return a.reach() > a.stride ? a.reach() - a.stride : 0;
        }
        /// Of `h` rows and `w` columns of outputs, and what they see.
        static constexpr std::size_t numbers(std::size_t h, std::size_t w) noexcept {
            return pixels_for(Conv.rows, h) * pixels_for(Conv.columns, w) * Channels +
                   h * w * Filters;
        }
        static constexpr std::size_t together = std::min(height, OutputGradient::rows_together);
        static constexpr bool is_cut = numbers(together, width) > most;  // into columns too
        static constexpr bool copies_x = is_cut || Channels != Conv.channels ||
                                         Conv.rows.padded() != Conv.rows.input ||
                                         Conv.columns.padded() != Conv.columns.input;
        static constexpr bool copies_y =
            is_cut || !OutputGradient::are_in_memory || Filters != Conv.filters;
        static constexpr std::size_t columns =
            is_cut ? fit(pixels_for(Conv.rows, together) * overlap(Conv.columns) * Channels,
                         pixels_for(Conv.rows, together) * Conv.columns.stride * Channels +
                             together * Filters,
                         std::min(width, OutputGradient::columns_together), width)
                   : width;
        static constexpr std::size_t x_row =
            (is_cut ? pixels_for(Conv.columns, columns) : Conv.columns.padded()) * Channels;
        static constexpr std::size_t y_row = columns * Filters;
        static constexpr std::size_t rows =
            is_cut ? together
                   : fit(overlap(Conv.rows) * x_row, Conv.rows.stride* x_row + y_row,
                         OutputGradient::rows_together, height);
        static constexpr bool is_all = rows == height && columns == width;

        static constexpr std::size_t x_size = copies_x ? pixels_for(Conv.rows, rows) * x_row : 0;
        static constexpr std::size_t size = x_size + (copies_y ? rows * y_row : 0);

        const T *x, *y;
        area outputs;

        /// Gets what some of the outputs need.
        gradient_block(const T* all_x, const OutputGradient& gradient, std::size_t filter,
                       area part, T* scratch) noexcept
            : x(all_x + part.row * Conv.rows.stride * x_row), outputs(part) {
            if constexpr (copies_x) {
                x = scratch;
                for (std::size_t r = 0; r < pixels_for(Conv.rows, part.rows); ++r)
                    copy_row(all_x, part.row * Conv.rows.stride + r - Conv.rows.before, part,
                             scratch + r * x_row);
            }
            if constexpr (copies_y) {
                gradient.template copy<Filters, y_row>(part, filter, scratch + x_size);
                y = scratch + x_size;
            } else {
                y = gradient.d_y + part.row * y_row;
            }
        }
        [[nodiscard]] auto column_count() const noexcept {
            if constexpr (is_cut)
                return outputs.columns;
            else
                return std::integral_constant<std::size_t, width>{};
        }

    private:
        static void copy_row(const T* from, std::size_t row, area part, T* to) noexcept {
            const bool has_row = row < Conv.rows.input;  // above the first: very large
            const std::size_t first = part.column * Conv.columns.stride - Conv.columns.before;
            const std::size_t count =
                is_cut ? pixels_for(Conv.columns, part.columns) : Conv.columns.padded();
            for (std::size_t q = 0; q < count; ++q, to += Channels) {
                const std::size_t column = first + q;
                if (has_row && column < Conv.columns.input) {
                    const T* pixel = from + (row * Conv.columns.input + column) * Conv.channels;
                    simd::unroll<Channels>([&](auto t) CTNN_INLINED { to[t] = pixel[t]; });
                } else {
                    simd::unroll<Channels>([&](auto t) CTNN_INLINED { to[t] = T(0.0f); });
                }
            }
        }
    };

    template <class T, class OutputGradient, std::size_t Channels, std::size_t Filters>
    static constexpr std::size_t scratch_of() noexcept {
        if constexpr (Channels == 0 || Filters == 0) {
            return 0;
        } else {
            using this_block = gradient_block<T, OutputGradient, Channels, Filters>;
            return this_block::size +
                   (this_block::is_all ? 0 : weight_sums<Conv, T, Channels, Filters>::size);
        }
    }
    /// The tiles of channels and of filters have at most two sizes each.
    template <class T, class OutputGradient>
    static constexpr std::size_t largest_scratch() noexcept {
        constexpr std::size_t rest = group_filters - filters_in_lanes<T>;
        constexpr std::size_t channels = simd::tile_size(group_channels, channels_at_once),
                              filters = simd::tile_size(rest, filters_at_once);
        constexpr bool one_size =
            rest == 0 || (group_channels % channels == 0 && rest % filters == 0);
        if constexpr (one_size)
            return scratch_of<T, OutputGradient, channels, filters>();
        else
            return std::max({scratch_of<T, OutputGradient, channels, filters>(),
                             scratch_of<T, OutputGradient, channels - 1, filters>(),
                             scratch_of<T, OutputGradient, channels, filters - 1>(),
                             scratch_of<T, OutputGradient, channels - 1, filters - 1>()});
    }

    template <std::size_t Channels, std::size_t Filters, class T, class OutputGradient>
    static void add_in_blocks(const T* x, const OutputGradient& gradient, std::size_t filter,
                              float* d_kernel, T* scratch) noexcept {
        using this_block = gradient_block<T, OutputGradient, Channels, Filters>;
        using tiles = weight_sums<Conv, T, Channels, Filters>;
        if constexpr (this_block::is_all) {
            const this_block all(x, gradient, filter, {0, height, 0, width}, scratch);
            tiles::for_each_tile([&](std::size_t i, std::size_t j, std::size_t c, std::size_t f,
                                     auto tile) CTNN_INLINED {
                T sum[tile.size];
                tile.clear(sum);
                tile.add(all, i, j, c, f, sum);
                tile.store(sum, d_kernel, i, j, c, f);
            });
        } else {
            T* const kept = scratch + this_block::size;
            std::fill_n(kept, tiles::size, T(0.0f));
            for (std::size_t h = 0; h < height; h += this_block::rows)
                for (std::size_t w = 0; w < width; w += this_block::columns) {
                    const area part{h, std::min(this_block::rows, height - h), w,
                                    std::min(this_block::columns, width - w)};
                    const this_block some(x, gradient, filter, part, scratch);
                    T* next = kept;
                    tiles::for_each_tile([&](std::size_t i, std::size_t j, std::size_t c,
                                             std::size_t f, auto tile) CTNN_INLINED {
                        T sum[tile.size];
                        simd::unroll<tile.size>([&](auto t) CTNN_INLINED { sum[t] = next[t]; });
                        tile.add(some, i, j, c, f, sum);
                        simd::unroll<tile.size>([&](auto t) CTNN_INLINED { next[t] = sum[t]; });
                        next += tile.size;
                    });
                }
            const T* next = kept;
            tiles::for_each_tile([&](std::size_t i, std::size_t j, std::size_t c, std::size_t f,
                                     auto tile) CTNN_INLINED {
                tile.store(next, d_kernel, i, j, c, f);
                next += tile.size;
            });
        }
    }
};

}  // namespace ctnn::detail
