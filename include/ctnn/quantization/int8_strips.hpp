// Loops of a convolution in bytes for processors without vectors, such as Cortex-M: what some
// neighbouring outputs see is copied into scratch memory, with its padding, as numbers x + 128;
// then come tiles of a few pixels and filters, whose sums stay in registers.
#pragma once

#include <ctnn/quantization/int8_convolution.hpp>
#include <ctnn/quantization/int8_pairs.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

namespace ctnn::detail {

/// Every output sees its pixel alone.
constexpr bool is_pointwise(const convolution& conv) noexcept {
    const auto is_one = [](const axis& a) {
        return a.taps == 1 && a.stride == 1 && a.before == 0 && a.after == 0;
    };
    return is_one(conv.rows) && is_one(conv.columns);
}
/// Then all pixels are in one row.
constexpr convolution int8_in_one_row(const convolution& conv) noexcept {
    if (!is_pointwise(conv)) return conv;
    convolution flat = conv;
    flat.rows = {1, 1, 1, 1, 0, 0};
    flat.columns.input = conv.rows.input * conv.columns.input;
    return flat;
}

/// Where the copy lies, and how outputs are cut: [row][column][channel of the group].
struct int8_strip {
    std::size_t tile = 1;               // outputs side by side
    std::size_t rows = 1, outputs = 1;  // of a strip: rows of outputs, of so many, whole tiles
    std::size_t copied_rows = 1, row_length = 0;  // numbers
    std::size_t step = 0;                         // from one output to the next

    /// Of at most `most` numbers, if one tile is not more. `tail`: how many are read, and multiplied
    /// by 0, behind what a row holds.
    static constexpr int8_strip of(const convolution& conv, std::size_t tile, std::size_t tail,
                                   std::size_t most, bool takes_rows) noexcept {
        const std::size_t channels = conv.group_channels();
        const auto length = [&](std::size_t outputs) {
            return (pixels_for(conv.columns, outputs) * channels + tail + 3) / 4 * 4;
        };
        const auto rows_for = [&](std::size_t rows) {
            return rows == 1 ? conv.rows.taps : pixels_for(conv.rows, rows);
        };
        const std::size_t all = (conv.columns.output() + tile - 1) / tile;  // tiles
        std::size_t tiles = 1, rows = 1;
        while (tiles < all && rows_for(1) * length((tiles + 1) * tile) <= most) ++tiles;
        const std::size_t strips = (all + tiles - 1) / tiles;
        tiles = (all + strips - 1) / strips;  // nearly alike
        if (takes_rows && strips == 1 && conv.rows.dilation == 1)
            while (rows < conv.rows.output() && rows_for(rows + 1) * length(tiles * tile) <= most)
                ++rows;
        return {tile,
                rows,
                tiles * tile,
                rows_for(rows),
                length(tiles * tile),
                conv.columns.stride * channels};
    }
};

/// Copies what outputs (h, w) to (h, w + outputs - 1) of a group see, and those below as far as there
/// are `copied` rows: `x` begins with the group's first channel. Words of 4 numbers are written by Copy.
template <convolution Conv, int8_strip Strip, class Copy>
inline void int8_copy_strip(const std::int8_t* x, std::size_t h, std::size_t w, std::size_t outputs,
                            std::size_t copied, std::int32_t zero_x,
                            typename Copy::number* to) noexcept {
    using number = typename Copy::number;
    constexpr std::size_t channels = Conv.group_channels();
    constexpr axis rows = Conv.rows, columns = Conv.columns;
    const auto padding = static_cast<number>(zero_x + 128);
    const std::size_t first = w * columns.stride, last = first + pixels_for(columns, outputs),
                      begin = std::clamp(columns.before, first, last),
                      end = std::clamp(columns.before + columns.input, begin, last);
    for (std::size_t i = 0; i < copied; ++i, to += Strip.row_length) {
        const std::size_t row = h * rows.stride + i * rows.dilation;
        if (row < rows.before || row - rows.before >= rows.input) {
            std::fill_n(to, (last - first) * channels, padding);
            continue;
        }
        const std::int8_t* from =
            x + ((row - rows.before) * columns.input + begin - columns.before) * Conv.channels;
        std::fill_n(to, (begin - first) * channels, padding);
        number* next = to + (begin - first) * channels;
        if constexpr (Conv.groups == 1) {
            Copy::copy(from, (end - begin) * channels, next);
        } else {
            for (std::size_t pixel = begin; pixel < end; ++pixel, from += Conv.channels)
                Copy::copy(from, channels, next + (pixel - begin) * channels);
        }
        std::fill_n(to + (end - first) * channels, (last - end) * channels, padding);
    }
}

/// How many outputs a tile has, at most `Most`: what takes the fewest instructions, a step of the
/// innermost loop being `once` of them, and `each` for every output.
template <std::size_t Most>
constexpr std::size_t int8_outputs_at_once(std::size_t outputs, std::size_t once,
                                           std::size_t each) noexcept {
    std::size_t best = 1, least = static_cast<std::size_t>(-1);
    for (std::size_t tile = 1; tile <= Most; ++tile) {
        const std::size_t all = (outputs + tile - 1) / tile * (once + each * tile);
        if (all < least) least = all, best = tile;
    }
    return best;
}

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
        return int8_strip::of(Conv, tile, packing.words * 4 - packing.run_length,
                              is_unpacked ? 1536 + 2 * weights : 512, is_unpacked);
    }
    /// Whether the weights of a tile's filters are unpacked once for all outputs of a strip.
    static constexpr bool unpacks =
        channels >= 16 &&
        strip_for(true).rows * strip_for(true).outputs >= 3 * strip_for(true).tile;
    static constexpr int8_strip strip = strip_for(unpacks);
    static constexpr bool is_aligned =
        (channels % 2 == 0 || (strip.step % 2 == 0 && packing.runs == Conv.rows.taps));
    /// Bytes of weights that are unpacked.
    static constexpr std::size_t weights_size = unpacks ? packing.runs * packing.words * 16 : 0;

    using sums = std::array<std::array<std::uint32_t, filters>, strip.tile>;

    static void copy(const std::int8_t* from, std::size_t count, number* to) noexcept {
        const auto raised = [](std::uint32_t bytes) CTNN_INLINED {
            const two_pairs p = raised_pairs(bytes);
            if constexpr (are_in_order)
                return in_order(p);
            else
                return p;
        };
        const auto put = [&](std::uint32_t bytes) CTNN_INLINED {
            const two_pairs p = raised(bytes);
            store_word(to, p.first);
            store_word(to + 2, p.second);
            to += 4;
        };
        if constexpr (channels % 16 == 0 || !is_sliding)
            for (; count >= 16; count -= 16, from += 16, to += 16) {
                store_pairs<0>(to, raised(load_word(from)));
                store_pairs<8>(to, raised(load_word(from + 4)));
                store_pairs<16>(to, raised(load_word(from + 8)));
                store_pairs<24>(to, raised(load_word(from + 12)));
            }
        for (; count >= 4; count -= 4, from += 4) put(load_word(from));
        if (count > 0) {
            std::uint32_t bytes = 0;
            std::memcpy(&bytes, from, count);
            put(bytes);
        }
    }
    static two_pairs unpacked(std::uint32_t bytes) noexcept {
        if constexpr (are_in_order)
            return in_order(signed_pairs(bytes));
        else
            return signed_pairs(bytes);
    }
    static void unpack(const std::int8_t* from, std::int8_t* to) noexcept {
        const std::int8_t* const end = to + packing.runs * packing.words * 16;
        for (; to != end; from += packing.filters * 4, to += 16) {
            const two_pairs words = load_pairs<0, true>(from);
            const two_pairs a = unpacked(words.first), b = unpacked(words.second);
            store_pairs<0>(to, {a.first, b.first});
            store_pairs<8>(to, {a.second, b.second});
        }
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

/// Writes x + 128.
inline void copy_raised_bytes(const std::int8_t* from, std::size_t count,
                              std::uint8_t* to) noexcept {
    for (; count >= 4; count -= 4, from += 4, to += 4) store_word(to, load_word(from) ^ 0x80808080);
    for (; count > 0; --count) *to++ = static_cast<std::uint8_t>(*from++ + 128);
}

/// Bytes: tiles of four filters.
template <convolution Conv>
struct int8_in_bytes {
    using number = std::uint8_t;
    static constexpr std::size_t filters = 4;
    static constexpr int8_packing packing = int8_packing::of(Conv);
    static constexpr int8_strip strip =
        int8_strip::of(Conv, int8_outputs_at_once<2>(Conv.columns.output(), 4, 5),
                       packing.words * 4 - packing.run_length, 1024, false);
    static constexpr bool unpacks = false;
    static constexpr std::size_t weights_size = 0, word = packing.filters * 4;
    using sums = std::array<std::array<std::uint32_t, filters>, strip.tile>;

    static void copy(const std::int8_t* from, std::size_t count, number* to) noexcept {
        copy_raised_bytes(from, count, to);
    }
    template <std::size_t Word, std::size_t... P>
    [[gnu::always_inline]] static void add(const number* x, const std::int8_t* w, sums& sum,
                                           std::index_sequence<P...>) noexcept {
        const auto add_byte = [&](std::size_t k) CTNN_INLINED {
            const std::array<std::uint32_t, strip.tile> pixels{x[P * strip.step + Word * 4 + k]...};
            const auto add_filter = [&](std::size_t f) CTNN_INLINED {
                const auto weight = static_cast<std::uint32_t>(w[Word * word + f * 4 + k]);
                ((sum[P][f] += pixels[P] * weight), ...);
            };
            add_filter(0);
            add_filter(1);
            add_filter(2);
            add_filter(3);
        };
        add_byte(0);
        add_byte(1);
        add_byte(2);
        add_byte(3);
    }
};

/// What becomes of a sum.
struct strip_range {
    std::int32_t zero, low, high;

    /// The lower 8 bits are the byte. IsAll: its bounds are -128 and 127.
    template <class Rounding, bool IsAll>
    [[gnu::always_inline]] std::int32_t byte(std::uint32_t sum,
                                             typename Rounding::factor factor) const noexcept {
        const auto number = static_cast<std::int32_t>(sum);
#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FP) && (__ARM_FP & 4) != 0 && !defined(__aarch64__)
        if constexpr (std::is_same_v<typename Rounding::factor, float>) {
            const float product = static_cast<float>(number) * factor;
            std::int32_t y;  // saturated, as the sum
            asm("vcvtr.s32.f32 %0, %1" : "=t"(y) : "t"(product));
            y = __qadd(y, zero);
            return IsAll ? __ssat(y, 8) : std::clamp(y, low, high);
        }
#endif
        const std::int32_t y = Rounding::times(number, factor) + zero;
        return IsAll ? std::clamp<std::int32_t>(y, -128, 127) : std::clamp(y, low, high);
    }
};

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
            const std::size_t width = Original.columns.output();
            run_rows(x + first * width * conv.channels, y, 0, 1, (last - first) * width, o,
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
                int8_copy_strip<conv, strip, arithmetic>(x + g * conv.group_channels(), h, w,
                                                         computed, copied, o.zero_x, numbers);
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
                        if (arithmetic::unpacks && is_all)
                            run_tiles<true>(from, weights, to, filter, outputs, o, pixels);
                        else
                            run_tiles<false>(from, weights, to, filter, outputs, o, pixels);
                    }
                }
            }
        }
    }

    /// Outputs of a row of a strip, of the filters from `f` on. IsAll: bytes have no other bounds.
    template <bool IsAll, class Rounding, std::size_t... P>
    static void run_tiles(const number* x, const std::int8_t* weights, std::int8_t* y,
                          std::size_t f, std::size_t outputs, const int8_operands<Rounding>& o,
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
        for (std::size_t p = 0; p < outputs; p += tile) {
            typename arithmetic::sums sum;
            for_all_filters([&](std::size_t k) CTNN_INLINED { ((sum[P][k] = starts[k]), ...); });
            add_products(x, weights, sum);
            for_filters(f, [&](std::size_t k) CTNN_INLINED {
                const std::array<std::int32_t, tile> bytes{
                    range.byte<Rounding, IsAll>(sum[P][k], factors[k])...};
                const auto store = [&](std::size_t at) CTNN_INLINED {
                    y[at * conv.filters + k] = static_cast<std::int8_t>(bytes[at]);
                };
                if (outputs - p >= tile)
                    (store(P), ...);
                else
                    ((P < outputs - p ? store(P) : void()), ...);
            });
            x += tile * strip.step;
            y += tile * conv.filters;
        }
    }
    [[gnu::always_inline]] static void add_products(const number* x, const std::int8_t* weights,
                                                    typename arithmetic::sums& sum) noexcept {
        constexpr std::size_t in_row = packing.runs / conv.rows.taps,
                              words = words_at_once(packing.words);
        for (std::size_t i = 0; i < conv.rows.taps; ++i, x += strip.row_length)
            for (std::size_t j = 0; j < in_row; ++j) {
                const number* run = x + j * conv.columns.dilation * conv.group_channels();
                const number* const end = run + packing.words * 4;
                do {
                    [&]<std::size_t... W>(std::index_sequence<W...>) CTNN_INLINED {
                        (arithmetic::template add<W>(run, weights, sum, pixels), ...);
                    }
                    (std::make_index_sequence<words>{});
                    advance<words * 4 * sizeof(number)>(run);
                    advance<words * arithmetic::word>(weights);
                } while (run != end);
            }
    }
    /// Words in a round of the innermost loop.
    static constexpr std::size_t words_at_once(std::size_t words) noexcept {
        for (std::size_t n = arithmetic::unpacks ? 8 : 4; n > 1; --n)
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
        constexpr std::size_t all = conv.group_filters();
        for_all_filters([&](std::size_t k) CTNN_INLINED {
            if (all % filters == 0 || f % all + k < all) action(k);
        });
    }
};

/// The loops of a depthwise convolution: tiles of outputs side by side, channel by channel, in bytes.
/// Pairs would have to be put together first.
template <convolution Conv>
struct int8_depthwise_strip_loops {
    static constexpr axis rows = Conv.rows, columns = Conv.columns;
    static constexpr std::size_t channels = Conv.channels, filters = Conv.filters,
                                 each = filters / channels;
    static constexpr convolution all_channels{rows, columns, channels, filters, 1, true};
    static constexpr std::size_t tile = int8_outputs_at_once<5>(
        columns.output(), columns.taps,
        columns.taps + (columns.stride < columns.taps ? columns.stride : columns.taps));
    static constexpr int8_strip strip = int8_strip::of(all_channels, tile, 0, 1024, false);
    using number = std::uint8_t;
    static constexpr std::size_t scratch_size = strip.copied_rows * strip.row_length + 4;

    static void copy(const std::int8_t* from, std::size_t count, number* to) noexcept {
        copy_raised_bytes(from, count, to);
    }

    template <class Rounding>
    static void run(const std::int8_t* x, std::int8_t* y, std::size_t first, std::size_t last,
                    const int8_operands<Rounding>& o, std::int8_t* scratch) noexcept {
        auto* const numbers = reinterpret_cast<number*>(scratch);
        for (std::size_t h = first; h < last; ++h, y += columns.output() * filters)
            for (std::size_t w = 0; w < columns.output(); w += strip.outputs) {
                const std::size_t outputs = std::min(strip.outputs, columns.output() - w),
                                  computed = (outputs + tile - 1) / tile * tile;
                int8_copy_strip<all_channels, strip, int8_depthwise_strip_loops>(
                    x, h, w, computed, rows.taps, o.zero_x, numbers);
                for (std::size_t p = 0; p < outputs; p += tile)
                    run_tile(numbers + p * strip.step, y + (w + p) * filters, outputs - p, o,
                             std::make_index_sequence<tile>{});
            }
    }

private:
    template <class Rounding, std::size_t... P>
    static void run_tile(const number* x, std::int8_t* y, std::size_t outputs,
                         const int8_operands<Rounding>& o, std::index_sequence<P...>) noexcept {
        const strip_range range{o.zero_y, o.low, o.high};
        const std::int8_t* const weights = o.weights;
        const std::uint32_t* const starts = o.starts;
        const typename Rounding::factor* const factors = o.factors;
        for (std::size_t f = 0; f < filters; ++f) {
            std::array<std::uint32_t, tile> sum{(void(P), starts[f])...};
            const number* row = x + f / each;
            const std::int8_t* w = weights + f;
            for (std::size_t i = 0; i < rows.taps; ++i, row += strip.row_length)
                for (std::size_t j = 0; j < columns.taps; ++j, w += filters) {
                    const number* const pixel = row + j * columns.dilation * channels;
                    const auto weight = static_cast<std::uint32_t>(*w);
                    ((sum[P] += pixel[P * strip.step] * weight), ...);
                }
            const std::array<std::int32_t, tile> bytes{
                range.byte<Rounding, false>(sum[P], factors[f])...};
            ((P < outputs ? void(y[P * filters + f] = static_cast<std::int8_t>(bytes[P])) : void()),
             ...);
        }
    }
};

/// The loops for a convolution on a processor without vectors.
#if defined(__ARM_FEATURE_DSP)
template <convolution Conv>
using int8_arithmetic = int8_in_pairs<Conv>;
#else
template <convolution Conv>
using int8_arithmetic = int8_in_bytes<Conv>;
#endif
template <convolution Conv>
using int8_strip_loops_of =
    std::conditional_t<int8_packing::of(Conv).is_depthwise, int8_depthwise_strip_loops<Conv>,
                       int8_strip_loops<Conv, int8_arithmetic>>;

}  // namespace ctnn::detail
