// The innermost tiles of convolutions in bytes on processors without vectors: a few outputs side by side
// and two filters, whose sums stay in registers.
#pragma once

#include <ctnn/quantization/int8_strips.hpp>
#include <ctnn/simd/loops.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace ctnn::detail {

/// Numbers of 16 bits, multiplied in pairs: tiles of two filters.
template <convolution Conv>
struct int8_in_pairs {
    using number = std::uint16_t;
    static constexpr std::size_t filters = 2;
    static constexpr int8_packing packing = int8_packing::of(Conv);
    static constexpr std::size_t channels = Conv.group_channels();
    /// Where every output and every run begins with a word, pairs stay as bytes are unpacked.
    static constexpr bool is_sliding = Conv.columns.output() > 1 || packing.runs > Conv.rows.taps,
                          are_in_order = channels % 4 != 0 && is_sliding;
    static constexpr int8_strip strip_for(bool is_unpacked) noexcept {
        const std::size_t tile = int8_outputs_at_once<3>(Conv.columns.output(),
                                                         is_unpacked    ? 2
                                                         : are_in_order ? 9
                                                                        : 5,
                                                         5);
        const std::size_t weights = packing.runs * packing.run_length;
        // Where maps are wide, memory is what there is little of.
        const bool is_wide = Conv.rows.taps > 1 && Conv.columns.output() > 24;
        const std::size_t most = channels < 16 ? 400 : is_wide ? 1152 : 1536;
        return int8_strip::of(Conv, tile, packing.words * 4 - packing.run_length,
                              is_unpacked ? (most + 2 * weights) * Conv.columns.stride : 400,
                              is_unpacked);
    }
    /// Products of a sum that are worth it; where code must be short, longer runs alone.
#if defined(__OPTIMIZE_SIZE__)
    static constexpr std::size_t enough = channels;
#else
    static constexpr std::size_t enough = packing.runs * packing.run_length;
#endif
    /// Whether the weights of a tile's filters are unpacked once for all outputs of a strip.
    static constexpr bool unpacks =
        enough >= 16 && strip_for(true).rows * strip_for(true).outputs >= 3 * strip_for(true).tile;
    static constexpr int8_strip strip = strip_for(unpacks);
    static constexpr bool is_aligned =
        (channels % 2 == 0 || (strip.step % 2 == 0 && packing.runs == Conv.rows.taps));
    /// Most in a round of the innermost loop; few where bytes have other bounds than their type.
#if defined(__OPTIMIZE_SIZE__)
    static constexpr std::size_t words = 1, few_words = 1;
#else
    static constexpr std::size_t words = unpacks ? 16 : 2, few_words = 2;
#endif
    /// Bytes of weights that are unpacked.
    static constexpr std::size_t weights_size = unpacks ? packing.runs * packing.words * 16 : 0;

    using format = int8_raised_pairs<are_in_order>;
    using sums = std::array<std::array<std::uint32_t, filters>, strip.tile>;

    static two_pairs unpacked(std::uint32_t bytes) noexcept {
        if constexpr (are_in_order)
            return in_order(signed_pairs(bytes));
        else
            return signed_pairs(bytes);
    }
    static void unpack(const std::int8_t* from, std::int8_t* to) noexcept {
        constexpr std::size_t all = packing.runs * packing.words;
        constexpr std::size_t at_once = all % 4 == 0 ? 4 : all % 3 == 0 ? 3 : 1;
        const std::int8_t* const end = to + all * 16;
        for (; to != end; from += at_once * packing.filters * 4, to += at_once * 16)
            simd::unroll<at_once>([&](auto word) CTNN_INLINED {
                const two_pairs two_words = load_pairs<word * packing.filters * 4, true>(from);
                const two_pairs a = unpacked(two_words.first), b = unpacked(two_words.second);
                store_pairs<word * 16>(to, {a.first, b.first});
                store_pairs<word * 16 + 8>(to, {a.second, b.second});
            });
    }
    /// Bytes from the weights of one word to those of the next.
    static constexpr std::size_t word = unpacks ? 16 : packing.filters * 4;

    /// Adds the products of word `Word` behind x and w.
    template <std::size_t Word, std::size_t... P>
    [[gnu::always_inline]] static void add(const number* x, const std::int8_t* w, sums& sum,
                                           std::index_sequence<P...>) noexcept {
        two_pairs first, second;  // of both filters
        if constexpr (unpacks) {
            first = load_pairs<Word * word, true>(w);
            second = load_pairs<Word * word + 8, true>(w);
        } else {
            const two_pairs bytes = load_pairs<Word * word, true>(w);
            const two_pairs a = unpacked(bytes.first), b = unpacked(bytes.second);
            first = {a.first, b.first};
            second = {a.second, b.second};
        }
        const auto add_pixel = [&](const two_pairs& pixel, std::array<std::uint32_t, 2>& to)
                                   CTNN_INLINED {
                                       to[0] = sum_of_products(pixel.first, first.first, to[0]);
                                       to[1] = sum_of_products(pixel.first, first.second, to[1]);
                                       to[0] = sum_of_products(pixel.second, second.first, to[0]);
                                       to[1] = sum_of_products(pixel.second, second.second, to[1]);
                                   };
        (add_pixel(load_pairs<(P * strip.step + Word * 4) * 2, is_aligned>(x), sum[P]), ...);
    }
};

/// Bytes: tiles of two filters.
template <convolution Conv>
struct int8_in_bytes {
    using number = std::uint8_t;
    static constexpr std::size_t filters = 2;
    static constexpr int8_packing packing = int8_packing::of(Conv);
    static constexpr int8_strip strip =
        int8_strip::of(Conv, int8_outputs_at_once<3>(Conv.columns.output(), 2, 3),
                       packing.words * 4 - packing.run_length, 1024, false);
    static constexpr bool unpacks = false;
    static constexpr std::size_t words = 1, few_words = 1;
    static constexpr std::size_t weights_size = 0, word = packing.filters * 4;
    using sums = std::array<std::array<std::uint32_t, filters>, strip.tile>;
    using format = int8_raised_bytes;

    template <std::size_t Word, std::size_t... P>
    [[gnu::always_inline]] static void add(const number* x, const std::int8_t* w, sums& sum,
                                           std::index_sequence<P...>) noexcept {
        const auto add_byte = [&](std::size_t k) CTNN_INLINED {
            const auto first = static_cast<std::uint32_t>(w[Word * word + k]),
                       second = static_cast<std::uint32_t>(w[Word * word + 4 + k]);
            const auto add_pixel = [&](std::uint32_t pixel, std::array<std::uint32_t, 2>& to)
                                       CTNN_INLINED {
                                           to[0] = sum_of_product(pixel, first, to[0]);
                                           to[1] = sum_of_product(pixel, second, to[1]);
                                       };
            (add_pixel(x[P * strip.step + Word * 4 + k], sum[P]), ...);
        };
        add_byte(0);
        add_byte(1);
        add_byte(2);
        add_byte(3);
    }
};

}  // namespace ctnn::detail
