// The innermost loops of a kernel's gradient: tiles of weights whose sums over the outputs stay in
// registers, for images in the lanes.
#pragma once

#include <ctnn/kernels/convolution.hpp>
#include <ctnn/simd/loops.hpp>

#include <algorithm>
#include <cstddef>

namespace ctnn::detail {

/// The weights of `Channels` channels and `Filters` filters, in tiles.
template <convolution Conv, class T, std::size_t Channels, std::size_t Filters>
struct weight_sums {
    static constexpr std::size_t size = Conv.rows.taps * Conv.columns.taps * Channels * Filters;

    // Sums at once: filters x columns of the kernel x channels.
    static constexpr std::size_t most = simd::registers * 3 / 4;
    static constexpr std::size_t columns_most =
        std::min<std::size_t>(Conv.columns.taps, std::max<std::size_t>(3, most / 4 / Channels));
    static constexpr std::size_t filters_most =
        std::min<std::size_t>(Filters, std::max<std::size_t>(4, most / columns_most / Channels));
    static constexpr std::size_t channels_most =
        std::max<std::size_t>(1, most / filters_most / columns_most);

    template <class F>
    [[gnu::always_inline]] static void for_each_tile(F&& f) noexcept {
        for (std::size_t i = 0; i < Conv.rows.taps; ++i)
            simd::for_tiles<Filters, filters_most>(
                [&](std::size_t filter, auto filters) CTNN_INLINED {
                    simd::for_tiles<Channels, channels_most>(
                        [&](std::size_t channel, auto channels) CTNN_INLINED {
                            simd::for_tiles<Conv.columns.taps, columns_most>(
                                [&](std::size_t j, auto columns) CTNN_INLINED {
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
            CTNN_UNROLLED
            for (std::size_t t = 0; t < size; ++t) sum[t] = T(0.0f);
        }
        template <class Block>
        [[gnu::always_inline]] static void add(const Block& from, std::size_t i, std::size_t j,
                                               std::size_t c, std::size_t f,
                                               T (&sum)[size]) noexcept {
            const auto columns = from.column_count();
            const T* d_y = from.y + f;
            for (std::size_t h = 0; h < from.outputs.rows; ++h) {
                const T* pixel = from.x +
                                 (h * Conv.rows.stride + i * Conv.rows.dilation) * Block::x_row +
                                 j * Conv.columns.dilation * Channels + c;
                if constexpr (Block::is_cut) d_y = from.y + f + h * Block::y_row;
                for (std::size_t w = 0; w < columns;
                     ++w, pixel += Conv.columns.stride * Channels, d_y += Filters) {
                    T seen[J * C];
                    CTNN_UNROLLED
                    for (std::size_t u = 0; u < J * C; ++u)
                        seen[u] = pixel[u / C * Conv.columns.dilation * Channels + u % C];
                    CTNN_UNROLLED
                    for (std::size_t n = 0; n < F; ++n) {
                        const T d = simd::in_register(d_y[n]);
                        CTNN_UNROLLED
                        for (std::size_t u = 0; u < J * C; ++u)
                            simd::add_product(sum[u * F + n], seen[u], d);
                    }
                }
            }
        }
        [[gnu::always_inline]] static void store(const T* sum, float* d_kernel, std::size_t i,
                                                 std::size_t j, std::size_t c,
                                                 std::size_t f) noexcept {
            float* to =
                d_kernel + (i * Conv.columns.taps + j) * Conv.tap_size() + c * Conv.filters + f;
            CTNN_UNROLLED
            for (std::size_t t = 0; t < size; ++t)
                to[t / (C * F) * Conv.tap_size() + t / F % C * Conv.filters + t % F] +=
                    simd::sum_of_lanes(sum[t]);
        }
    };
};

}  // namespace ctnn::detail
