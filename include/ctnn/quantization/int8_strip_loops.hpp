// The loops of convolutions in bytes on processors without vectors.
#pragma once

#include <ctnn/quantization/int8_dense.hpp>
#include <ctnn/quantization/int8_depthwise_pairs.hpp>
#include <ctnn/quantization/int8_depthwise_strips.hpp>
#include <ctnn/quantization/int8_strip_tiles.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace ctnn::detail {

/// The loops. Arithmetic is int8_in_pairs or int8_in_bytes.
template <convolution Original, template <convolution> class Arithmetic>
struct int8_strip_loops {
    static constexpr convolution conv = int8_in_one_row(Original);
    using arithmetic = Arithmetic<conv>;
    using number = typename arithmetic::number;
    static constexpr int8_packing packing = arithmetic::packing;
    static constexpr int8_strip strip = arithmetic::strip;
    static constexpr std::size_t tile = strip.tile, filters = arithmetic::filters;
    /// Four numbers more, as words are written whole.
    static constexpr std::size_t scratch_size =
        (strip.copied_rows * strip.row_length + 4) * sizeof(number) + arithmetic::weights_size;

    template <class Rounding>
    static void run(const std::int8_t* x, std::int8_t* y, std::size_t first, std::size_t last,
                    const int8_operands<Rounding>& o, std::int8_t* scratch) noexcept {
        if constexpr (is_pointwise(Original)) {
            const std::size_t row = Original.rows.stride * Original.columns.input * conv.channels;
            run_rows(x + first * row, y, 0, 1, (last - first) * Original.columns.output(), o,
                     scratch);
        } else {
            for (std::size_t h = first; h < last; h += strip.rows) {
                run_rows(x, y, h, std::min(strip.rows, last - h), conv.columns.output(), o,
                         scratch);
                y += strip.rows * conv.columns.output() * conv.filters;
            }
        }
    }

private:
    static constexpr auto pixels = std::make_index_sequence<tile>{};
    static constexpr std::size_t all = conv.group_filters();
    static constexpr bool all_fit = all % filters == 0;

    /// `rows` rows of `count` outputs.
    template <class Rounding>
    static void run_rows(const std::int8_t* x, std::int8_t* y, std::size_t h, std::size_t rows,
                         std::size_t count, const int8_operands<Rounding>& o,
                         std::int8_t* scratch) noexcept {
        auto* const numbers = reinterpret_cast<number*>(scratch + arithmetic::weights_size);
        const std::size_t copied =
            conv.rows.taps + (strip.rows == 1 ? 0 : (rows - 1) * conv.rows.stride);
        [[maybe_unused]] const bool is_all = o.low == -128 && o.high == 127;
        for (std::size_t w = 0; w < count; w += strip.outputs) {
            const std::size_t outputs = std::min(strip.outputs, count - w),
                              computed = (outputs + tile - 1) / tile * tile;
            for (std::size_t g = 0; g < conv.groups; ++g) {
                const std::int8_t* const group = x + g * conv.group_channels();
                if constexpr (is_pointwise(Original))
                    int8_copy_pixels<typename arithmetic::format>(Original, group, w, outputs,
                                                                  numbers);
                else
                    int8_copy_strip<typename arithmetic::format>(
                        conv, strip.row_length, group, h, w, computed, copied, o.zero_x, numbers);
                for (std::size_t f = 0; f < conv.group_filters(); f += filters) {
                    const std::int8_t* weights =
                        o.weights + (g * packing.runs * packing.words * packing.filters + f) * 4;
                    if constexpr (arithmetic::unpacks) {
                        arithmetic::unpack(weights, scratch);
                        weights = scratch;
                    }
                    for (std::size_t row = 0; row < rows; ++row) {
                        const number* const from =
                            numbers + row * conv.rows.stride * strip.row_length;
                        std::int8_t* const to = y + (row * count + w) * conv.filters;
                        const std::size_t filter = g * conv.group_filters() + f;
                        if (arithmetic::unpacks && is_all && outputs >= tile)
                            run_tiles<true>(from, weights, to, filter, outputs, o, pixels);
                        else
                            run_tiles<false>(from, weights, to, filter, outputs, o, pixels);
                    }
                }
            }
        }
    }

    /// Outputs of a row of a strip, of the filters from `f` on. IsAll: bytes have no other bounds, and
    /// there is a whole tile of outputs; of the last one, some are computed again. A function of its
    /// own, as it takes all registers.
    template <bool IsAll, class Rounding, std::size_t... P>
    [[gnu::noinline]] static void run_tiles(const number* x, const std::int8_t* weights,
                                            std::int8_t* y, std::size_t f, std::size_t outputs,
                                            const int8_operands<Rounding>& o,
                                            std::index_sequence<P...>) noexcept {
        // Copies, as the compiler must think that bytes are stored over what o refers to.
        std::array<std::uint32_t, filters> starts{};
        std::array<typename Rounding::factor, filters> factors{};
        for_filters(f, [&](std::size_t k) CTNN_INLINED {
            starts[k] = o.starts[f + k];
            factors[k] = o.factors[f + k];
        });
        const strip_range range{o.zero_y, o.low, o.high};
        y += f;
        const auto compute = [&](typename arithmetic::sums& sum) CTNN_INLINED {
            for_all_filters([&](std::size_t k) CTNN_INLINED { ((sum[P][k] = starts[k]), ...); });
            add_products<IsAll ? arithmetic::words : arithmetic::few_words>(x, weights, sum);
        };
        if constexpr (IsAll) {
            for (std::size_t left = outputs;;) {
                typename arithmetic::sums sum;
                compute(sum);
                for_filters(f, [&](std::size_t k) CTNN_INLINED {
                    const std::array<std::int32_t, tile> bytes{
                        range.byte<Rounding, true>(sum[P][k], factors[k])...};
                    ((y[P * conv.filters + k] = static_cast<std::int8_t>(bytes[P])), ...);
                });
                left -= tile;
                if (left == 0) return;
                const std::size_t next = std::min(left, tile);
                left = std::max(left, tile);
                x += next * strip.step;
                y += next * conv.filters;
            }
        } else {  // little code
            for (std::size_t p = 0; p < outputs; p += tile) {
                typename arithmetic::sums sum;
                compute(sum);
                const std::array<std::array<std::uint32_t, tile>, filters> sums =
                    by_filter(sum, pixels);
                const std::size_t count = std::min(tile, outputs - p);
                for (std::size_t k = 0; k < filters && (all_fit || f % all + k < all); ++k)
                    for (std::size_t n = 0; n < count; ++n)
                        y[n * conv.filters + k] = static_cast<std::int8_t>(
                            range.byte<Rounding, false>(sums[k][n], factors[k]));
                x += tile * strip.step;
                y += tile * conv.filters;
            }
        }
    }
    /// At most `Words` words in a round of the innermost loop.
    template <std::size_t Words>
    [[gnu::always_inline]] static void add_products(const number* x, const std::int8_t* weights,
                                                    typename arithmetic::sums& sum) noexcept {
        constexpr std::size_t in_row = packing.runs / conv.rows.taps,
                              words = words_at_once(packing.words, Words);
        for (std::size_t i = 0; i < conv.rows.taps; ++i, x += strip.row_length)
            for (std::size_t j = 0; j < in_row; ++j) {
                const number* run = x + j * conv.columns.dilation * conv.group_channels();
                const number* const end = run + packing.words * 4;
                do {
                    simd::unroll<words>([&](auto word) CTNN_INLINED {
                        arithmetic::template add<word>(run, weights, sum, pixels);
                    });
                    advance<words * arithmetic::word>(weights);
                    if constexpr (words == packing.words) break;
                    advance<words * 4 * sizeof(number)>(run);
                } while (run != end);
            }
    }
    template <std::size_t... P>
    [[gnu::always_inline]] static auto by_filter(const typename arithmetic::sums& sum,
                                                 std::index_sequence<P...>) noexcept {
        return [&]<std::size_t... K>(std::index_sequence<K...>) CTNN_INLINED {
            const auto of_filter = [&](std::size_t k) CTNN_INLINED {
                return std::array<std::uint32_t, tile>{sum[P][k]...};
            };
            return std::array<std::array<std::uint32_t, tile>, filters>{of_filter(K)...};
        }
        (std::make_index_sequence<filters>{});
    }
    static constexpr std::size_t words_at_once(std::size_t words, std::size_t most) noexcept {
        for (std::size_t n = most; n > 1; --n)
            if (words % n == 0 && (n - 1) * arithmetic::word < 1016) return n;
        return 1;
    }
    template <class Action>
    [[gnu::always_inline]] static void for_all_filters(const Action& action) noexcept {
        [&]<std::size_t... K>(std::index_sequence<K...>) CTNN_INLINED {
            (action(K), ...);
        }
        (std::make_index_sequence<filters>{});
    }
    /// Those of the tile's filters that are there.
    template <class Action>
    [[gnu::always_inline]] static void for_filters(std::size_t f, const Action& action) noexcept {
        for_all_filters([&](std::size_t k) CTNN_INLINED {
            if (all_fit || f % all + k < all) action(k);
        });
    }
};

/// The loops for a convolution on a processor without vectors.
template <convolution Conv, bool InPairs>
constexpr auto int8_choose_strips() noexcept {
    if constexpr (int8_packing::of(Conv).is_depthwise && InPairs &&
                  int8_depthwise_pair_loops<Conv>::exists)
        return std::type_identity<int8_depthwise_pair_loops<Conv>>{};
    else if constexpr (int8_packing::of(Conv).is_depthwise)
        return std::type_identity<int8_depthwise_strip_loops<Conv>>{};
    else if constexpr (is_dense(Conv))
        return std::type_identity<int8_dense_loops<Conv, InPairs>>{};
    else if constexpr (InPairs)
        return std::type_identity<int8_strip_loops<Conv, int8_in_pairs>>{};
    else
        return std::type_identity<int8_strip_loops<Conv, int8_in_bytes>>{};
}
#if defined(__ARM_FEATURE_DSP)
inline constexpr bool has_pairs = true;
#else
inline constexpr bool has_pairs = false;
#endif
template <convolution Conv, bool InPairs = has_pairs>
using int8_strip_loops_of = typename decltype(int8_choose_strips<Conv, InPairs>())::type;

}  // namespace ctnn::detail
