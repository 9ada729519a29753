// The gradient of a convolution's kernel, with one image in every lane: every weight is a sum over
// all places of the map, and over the lanes.
#pragma once

#include <ctnn/convolution.hpp>
#include <ctnn/loops.hpp>
#include <ctnn/slopes.hpp>

#include <algorithm>
#include <cstddef>

namespace ctnn::detail {

/// d_kernel(i, j, c, f) += sum over h, w of x(h s + i d - pad, ..., c) d_y(h, w, f)
template <convolution Of>
struct kernel_gradient {
    template <class T, class Slopes>
    static constexpr void add(const T* x, const Slopes& slopes, float* d_kernel) noexcept {
        if constexpr (simd::lanes_of<T> == 1)
            add_one(x, slopes, d_kernel);
        else if constexpr (Of.is_depthwise())
            simd::for_tiles<Of.channels, 4>([&](std::size_t c, auto size) __attribute__((
                always_inline)) { add_depthwise<size>(x + c, slopes.d_y + c, d_kernel + c); });
        else
            for (std::size_t g = 0; g < Of.groups; ++g)
                simd::for_tiles<group_filters, filters_at_once>([&](
                    std::size_t f, auto filters) __attribute__((always_inline)) {
                    simd::for_tiles<group_channels, channels_at_once>([&](
                        std::size_t c, auto channels) __attribute__((always_inline)) {
                        const std::size_t first = g * group_filters + f;
                        add_in_bands<channels, filters>(x + g * group_channels + c, slopes, first,
                                                        d_kernel + c * Of.filters + first);
                    });
                });
    }

private:
    static constexpr std::size_t group_channels = Of.group_channels();
    static constexpr std::size_t group_filters = Of.group_filters();
    static constexpr std::size_t height = Of.rows.output(), width = Of.columns.output();

    /// One image: the definition.
    template <class T, class Slopes>
    static constexpr void add_one(const T* x, const Slopes& slopes, float* d_kernel) noexcept {
        constexpr std::size_t together = Slopes::rows_together;
        T copy[Slopes::are_in_memory ? 1 : together * width * Of.filters]{};
        const T* rows = copy;
        if constexpr (Slopes::are_in_memory) rows = slopes.d_y;
        for (std::size_t h = 0; h < height; ++h) {
            if constexpr (!Slopes::are_in_memory)
                if (h % together == 0)
                    slopes.template copy<Of.filters>(h, std::min(together, height - h), 0, copy);
            const std::size_t row = Slopes::are_in_memory ? h : h % together;
            const auto taps_i = Of.rows.taps_inside(h);
            for (std::size_t w = 0; w < width; ++w) {
                const auto taps_j = Of.columns.taps_inside(w);
                const T* from = rows + (row * width + w) * Of.filters;
                for (std::size_t i = taps_i.first; i < taps_i.last; ++i)
                    for (std::size_t j = taps_j.first; j < taps_j.last; ++j) {
                        const T* pixel =
                            x + (Of.rows.pixel(h, i) * Of.columns.input + Of.columns.pixel(w, j)) *
                                    Of.channels;
                        float* to = d_kernel + (i * Of.columns.taps + j) * Of.tap_size();
                        for (std::size_t g = 0; g < Of.groups; ++g)
                            for (std::size_t c = 0; c < group_channels; ++c)
                                for (std::size_t f = 0; f < group_filters; ++f)
                                    to[c * Of.filters + g * group_filters + f] +=
                                        pixel[g * group_channels + c] * from[g * group_filters + f];
                    }
            }
        }
    }

    // The kernel's gradient for some channels and filters, band after band of rows. Unless they lie
    // together already, a band's numbers are copied first, with zeros for padding: pixels that lie
    // a power of 2 apart share few sets of the cache, and every tile of weights reads them again.
    static constexpr std::size_t taps = Of.rows.taps * Of.columns.taps;
    static constexpr std::size_t filters_at_once = taps < 10 ? 16 : 8,
                                 channels_at_once = taps < 4 ? 16 : 8;
    static constexpr std::size_t band_bytes = std::size_t{128} * 1024;

    template <class T, class Slopes, std::size_t Channels, std::size_t Filters>
    struct band {
        static constexpr bool copies_x = Channels != Of.channels ||
                                         Of.rows.padded() != Of.rows.input ||
                                         Of.columns.padded() != Of.columns.input;
        static constexpr bool copies_y = !Slopes::are_in_memory || Filters != Of.filters;
        static constexpr std::size_t x_row = Of.columns.padded() * Channels,
                                     y_row = width * Filters;
        static constexpr std::size_t overlap =  // rows of x that the next band needs again
            Of.rows.reach() > Of.rows.stride ? Of.rows.reach() - Of.rows.stride : 0;
        static constexpr std::size_t numbers = band_bytes / sizeof(T);
        static constexpr std::size_t rows_that_fit =
            (numbers - std::min(numbers, overlap* x_row)) / (Of.rows.stride * x_row + y_row);
        static constexpr std::size_t rows =
            std::min(height, std::max<std::size_t>(1, rows_that_fit / Slopes::rows_together) *
                                 Slopes::rows_together);
        static constexpr std::size_t x_rows = (rows - 1) * Of.rows.stride + Of.rows.reach();

        T x_copy[copies_x ? x_rows * x_row : 1], y_copy[copies_y ? rows * y_row : 1];
        const T *x, *y;

        /// What `count` rows of outputs from row `first` on need.
        void fill(const T* all_x, const Slopes& slopes, std::size_t filter, std::size_t first,
                  std::size_t count) noexcept {
            x = copies_x ? x_copy : all_x + first * Of.rows.stride * x_row;
            if constexpr (copies_x)
                for (std::size_t r = 0; r < (count - 1) * Of.rows.stride + Of.rows.reach(); ++r)
                    copy_row(all_x, first * Of.rows.stride + r - Of.rows.before,
                             x_copy + r * x_row);
            if constexpr (copies_y)
                slopes.template copy<Filters>(first, count, filter, y_copy), y = y_copy;
            else
                y = slopes.d_y + first * y_row;
        }

    private:
        static void copy_row(const T* from, std::size_t row, T* to) noexcept {
            const bool has_row = row < Of.rows.input;  // above the first: very large
            for (std::size_t q = 0; q < Of.columns.padded(); ++q, to += Channels) {
                const std::size_t column = q - Of.columns.before;
                if (has_row && column < Of.columns.input) {
                    const T* pixel = from + (row * Of.columns.input + column) * Of.channels;
                    simd::unroll<Channels>([&](auto t) __attribute__((always_inline)) {
                        to[t] = pixel[t];
                    });
                } else {
                    simd::unroll<Channels>([&](auto t)
                                               __attribute__((always_inline)) { to[t] = T(0.0f); });
                }
            }
        }
    };

    template <std::size_t Channels, std::size_t Filters, class T, class Slopes>
    static void add_in_bands(const T* x, const Slopes& slopes, std::size_t filter,
                             float* d_kernel) noexcept {
        using this_band = band<T, Slopes, Channels, Filters>;
        using tiles = weight_sums<T, Channels, Filters>;
        this_band copied;
        if constexpr (this_band::rows == height) {
            copied.fill(x, slopes, filter, 0, height);
            tiles::for_each_tile([&](std::size_t i, std::size_t j, std::size_t c, std::size_t f,
                                     auto tile) __attribute__((always_inline)) {
                T sum[tile.size];
                tile.clear(sum);
                tile.add(copied, height, i, j, c, f, sum);
                tile.store(sum, d_kernel, i, j, c, f);
            });
        } else {
            T kept[tiles::size];
            for (T& sum : kept) sum = T(0.0f);
            for (std::size_t first = 0; first < height; first += this_band::rows) {
                const std::size_t count = std::min(this_band::rows, height - first);
                copied.fill(x, slopes, filter, first, count);
                T* next = kept;
                tiles::for_each_tile([&](std::size_t i, std::size_t j, std::size_t c, std::size_t f,
                                         auto tile) __attribute__((always_inline)) {
                    T sum[tile.size];
                    simd::unroll<tile.size>([&](auto t) __attribute__((always_inline)) {
                        sum[t] = next[t];
                    });
                    tile.add(copied, count, i, j, c, f, sum);
                    simd::unroll<tile.size>([&](auto t) __attribute__((always_inline)) {
                        next[t] = sum[t];
                    });
                    next += tile.size;
                });
            }
            const T* next = kept;
            tiles::for_each_tile([&](std::size_t i, std::size_t j, std::size_t c, std::size_t f,
                                     auto tile) __attribute__((always_inline)) {
                tile.store(next, d_kernel, i, j, c, f);
                next += tile.size;
            });
        }
    }

    /// The weights of `Channels` channels and `Filters` filters, in tiles.
    template <class T, std::size_t Channels, std::size_t Filters>
    struct weight_sums {
        static constexpr std::size_t size = Of.rows.taps * Of.columns.taps * Channels * Filters;

        // Sums at once: filters x columns of the kernel x channels.
        static constexpr std::size_t most = simd::registers * 3 / 4;
        static constexpr std::size_t columns_most =
            std::min<std::size_t>(Of.columns.taps, std::max<std::size_t>(3, most / 4 / Channels));
        static constexpr std::size_t filters_most = std::min<std::size_t>(
            Filters, std::max<std::size_t>(4, most / columns_most / Channels));
        static constexpr std::size_t channels_most =
            std::max<std::size_t>(1, most / filters_most / columns_most);

        template <class F>
        [[gnu::always_inline]] static void for_each_tile(F&& f) noexcept {
            for (std::size_t i = 0; i < Of.rows.taps; ++i)
                simd::for_tiles<Filters, filters_most>([&](
                    std::size_t filter, auto filters) __attribute__((always_inline)) {
                    simd::for_tiles<Channels, channels_most>([&](
                        std::size_t channel, auto channels) __attribute__((always_inline)) {
                        simd::for_tiles<Of.columns.taps, columns_most>([&](
                            std::size_t j, auto columns) __attribute__((always_inline)) {
                            f(i, j, channel, filter, tile<columns, channels, filters>{});
                        });
                    });
                });
        }

        /// `J` neighbouring columns of the kernel, `C` channels and `F` filters.
        template <std::size_t J, std::size_t C, std::size_t F>
        struct tile {
            static constexpr std::size_t size = J * C * F;

            [[gnu::always_inline]] static void clear(T* sum) noexcept {
                simd::unroll<size>([&](auto t)
                                       __attribute__((always_inline)) { sum[t] = T(0.0f); });
            }
            [[gnu::always_inline]] static void add(const auto& from, std::size_t count,
                                                   std::size_t i, std::size_t j, std::size_t c,
                                                   std::size_t f, T (&sum)[size]) noexcept {
                const T* slope = from.y + f;
                for (std::size_t h = 0; h < count; ++h) {
                    const T* pixel = from.x +
                                     (h * Of.rows.stride + i * Of.rows.dilation) * from.x_row +
                                     j * Of.columns.dilation * Channels + c;
                    for (std::size_t w = 0; w < width;
                         ++w, pixel += Of.columns.stride * Channels, slope += Filters) {
                        T seen[J * C];
                        simd::unroll<J * C>([&](auto u) __attribute__((always_inline)) {
                            seen[u] = pixel[u / C * Of.columns.dilation * Channels + u % C];
                        });
                        simd::unroll<F>([&](auto n) __attribute__((always_inline)) {
                            const T d = simd::in_register(slope[n]);
                            simd::unroll<J * C>([&](auto u) __attribute__((always_inline)) {
                                simd::add_product(sum[u * F + n], seen[u], d);
                            });
                        });
                    }
                }
            }
            [[gnu::always_inline]] static void store(const T* sum, float* d_kernel, std::size_t i,
                                                     std::size_t j, std::size_t c,
                                                     std::size_t f) noexcept {
                float* to =
                    d_kernel + (i * Of.columns.taps + j) * Of.tap_size() + c * Of.filters + f;
                simd::unroll<size>([&](auto t) __attribute__((always_inline)) {
                    to[t / (C * F) * Of.tap_size() + t / F % C * Of.filters + t % F] +=
                        simd::sum_of_lanes(sum[t]);
                });
            }
        };
    };

    /// `Size` channels: the sums of one row of the kernel.
    template <std::size_t Size, class T>
    static void add_depthwise(const T* x, const T* d_y, float* d_kernel) noexcept {
        constexpr std::size_t most = std::max<std::size_t>(1, simd::registers * 3 / 4 / Size);
        for (std::size_t i = 0; i < Of.rows.taps; ++i)
            simd::for_tiles<Of.columns.taps, most>([&](
                std::size_t j, auto columns) __attribute__((always_inline)) {
                T sum[columns * Size];
                simd::unroll<columns * Size>([&](auto t) __attribute__((always_inline)) {
                    sum[t] = T(0.0f);
                });
                const auto seen = Of.rows.outputs_inside(i);
                for (std::size_t h = seen.first; h < seen.last; ++h) {
                    const T* row = x + Of.rows.pixel(h, i) * Of.columns.input * Of.channels;
                    const T* slope = d_y + h * width * Of.filters;
                    for (std::size_t w = 0; w < width; ++w, slope += Of.filters)
                        simd::unroll<columns>([&](auto n) __attribute__((always_inline)) {
                            const std::size_t column = Of.columns.pixel(w, j + n);
                            if (column >= Of.columns.input) return;  // left of the first: large
                            simd::unroll<Size>([&](auto t) __attribute__((always_inline)) {
                                T& s = sum[n * Size + t];
                                simd::add_product(s, row[column * Of.channels + t], slope[t]);
                            });
                        });
                }
                simd::unroll<columns * Size>([&](auto t) __attribute__((always_inline)) {
                    d_kernel[(i * Of.columns.taps + j + t / Size) * Of.tap_size() + t % Size] +=
                        simd::sum_of_lanes(sum[t]);
                });
            });
    }
};

}  // namespace ctnn::detail
