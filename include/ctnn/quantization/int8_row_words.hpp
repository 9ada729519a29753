// One image in bytes: depthwise convolutions whose channels fill vectors. Pixels below each other become
// words, as many taps as one instruction adds, so that every column of a kernel takes one product.
#pragma once

#include <ctnn/quantization/int8_finish.hpp>
#include <ctnn/quantization/int8_rows.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ctnn::detail {

template <convolution Conv, class Vector = simd::integers<simd::integer_lanes>>
struct int8_row_words {
private:
    using reg = typename Vector::reg;
    static constexpr std::size_t lanes = simd::integer_lanes;
    static constexpr axis rows = Conv.rows, columns = Conv.columns;
    static constexpr std::size_t channels = Conv.channels, width = columns.output();
    // With few channels a vector has those of several pixels.
    static constexpr bool has_pixels = channels < lanes;
    static constexpr std::size_t vectors = has_pixels ? 1 : channels / lanes,
                                 pixels = has_pixels ? lanes / channels : 1;

    // Rows of outputs that are computed at once see the same words, and the next ones some of them
    // again, if words begin where these do.
    static constexpr std::size_t together = simd::multiplies_bytes ? 4 : 2;
    static constexpr std::size_t words_of(std::size_t output_rows) noexcept {
        return ((output_rows - 1) * rows.stride + rows.taps + together - 1) / together;
    }
    static constexpr std::size_t new_words_of(std::size_t output_rows) noexcept {
        const std::size_t step = output_rows * rows.stride, all = words_of(output_rows);
        return step % together == 0 ? std::min(step / together, all) : all;
    }
    struct tile_size {
        std::size_t rows, columns;
    };
    /// The tile with the fewest instructions for an output: for products, for what becomes of sums, and
    /// for putting words together, which goes on beside other work and so counts for half.
    static constexpr tile_size at_once = [] {
        constexpr std::size_t all = width / pixels;
        tile_size best{1, 1};
        std::size_t least = static_cast<std::size_t>(-1);
        for (std::size_t b = 1; b <= std::min<std::size_t>(rows.output(), 4); ++b)
            for (std::size_t q = 1; q <= all && q * b <= simd::registers * 3 / 4 - b; ++q) {
                const std::size_t room =
                    (q * pixels * columns.stride + columns.reach()) * channels * 4 * words_of(b);
                if (q > 1 && room > 65'536) break;
                const std::size_t sums = b * q,
                                  product = (simd::multiplies_bytes ? 1 : 2) * columns.taps,
                                  tile = words_of(b) * product * sums + sums * 4 +
                                         (sums + 3) / 4 * 8 + 10,
                                  put = all * columns.stride * new_words_of(b) * 5 / 2,
                                  cost = ((all + q - 1) / q * tile + put) * 12 / b;
                if (cost < least) least = cost, best = {b, q};
            }
        return best;
    }();
    static constexpr std::size_t words = words_of(at_once.rows),
                                 new_words = new_words_of(at_once.rows);

    using block = int8_block<rows, columns, channels, at_once.columns * pixels, 1,
                             (4 * words + rows.taps - 1) / rows.taps>;
    static constexpr std::size_t count = block::columns, row_words = block::row_size;
    // Neighbouring outputs with the same filters in their lanes.
    static constexpr std::size_t outputs = count / pixels, out_step = pixels * columns.stride,
                                 y_step = pixels * channels;

    static constexpr std::size_t weights_size =
                                     vectors * words * columns.taps * at_once.rows * sizeof(reg),
                                 words_size = words * row_words * 4,
                                 copied = std::max(lanes, channels);
    template <class Rounding>
    static constexpr bool copies_outputs = has_pixels || !int8_factors<Rounding>::are_as_given;

public:
    static constexpr bool exists = [] {
        if constexpr (requires(reg a) { Vector::template store_quarter<0>(nullptr, a); })
            return Conv.filters == channels && rows.taps > 1 && rows.dilation == 1 &&
                   rows.taps * columns.taps <= 64 &&  // all of them are code of their own
                   weights_size <= 65'536 &&
                   (has_pixels ? lanes % channels == 0 && columns.stride == 1 && width % pixels == 0
                               : channels % lanes == 0);
        else
            return false;
    }();

    /// Bytes of scratch memory.
    static constexpr std::size_t scratch_size =
        weights_size + words_size + int8_outputs<rounding::tflite_micro>::bytes(copied) +
        sizeof(reg);

    template <class Rounding>
    static void run(const std::int8_t* x, std::int8_t* y, std::size_t first, std::size_t last,
                    const int8_operands<Rounding>& o, std::int8_t* scratch) noexcept {
        scratch += -reinterpret_cast<std::uintptr_t>(scratch) % sizeof(reg);
        std::int8_t *const weights = scratch, *const in_words = weights + weights_size;
        auto outputs_at = int8_outputs<Rounding>::as_given(o, channels);
        if constexpr (copies_outputs<Rounding>)
            outputs_at = int8_outputs<Rounding>::copied(
                o, copied, channels, [](std::size_t n) { return n % channels; },
                in_words + words_size);
        prepare(o.weights, weights);
        for (std::size_t w = 0; w < width; w += count) {
            const std::size_t column = std::min(w, width - count);
            const int8_span span = block::span(column, count);
            fill_padding(span, o.zero_x, in_words);
            for (std::size_t h = first; h < last; h += at_once.rows) {
                const std::size_t some = std::min(at_once.rows, last - h);
                // Words lie in a ring: `start` is where those of these rows begin.
                const std::size_t start = (h - first) / at_once.rows * new_words % words;
                for (std::size_t g = h == first ? 0 : words - new_words; g < words; ++g)
                    put_together(x, h * rows.stride + g * together, span, o.zero_x,
                                 in_words + (start + g) % words * row_words * 4);
                compute(in_words, start, weights, y + ((h - first) * width + column) * channels,
                        some, outputs_at);
            }
        }
    }

private:
    static void fill_padding(const int8_span& span, std::int32_t zero_x, std::int8_t* to) noexcept {
        int8_number numbers[together];
        std::fill_n(numbers, together, static_cast<int8_number>(zero_x + 128));
        const auto fill = [&](std::size_t from, std::size_t size) {
            for (std::size_t n = 0; n < size; ++n)
                std::memcpy(to + (from + n) * 4, numbers, sizeof numbers);
        };
        for (std::size_t g = 0; g < words; ++g) {
            fill(g * row_words, span.before * channels);
            fill(g * row_words + (span.before + span.inside) * channels, span.after * channels);
        }
    }

    /// Words of so many numbers of as many rows.
    static constexpr std::size_t put_at_once = simd::multiplies_bytes ? 4 * lanes : lanes;
    [[gnu::always_inline]] static void put(const std::int8_t* const (&from)[together],
                                           std::int8_t* to) noexcept {
        if constexpr (simd::multiplies_bytes) {
            const auto row = [&](std::size_t t) CTNN_INLINED {
                return Vector::flip(Vector::bytes_apart(Vector::load(from[t])),
                                    Vector::all_bytes(-128));
            };
            const auto all = simd::words_of_rows<Vector>(row(0), row(1), row(2), row(3));
            CTNN_UNROLLED
            for (std::size_t n = 0; n < 4; ++n) Vector::store(to + n * sizeof(reg), all.of[n]);
        } else {
            Vector::store(to, Vector::add_16_bits(Vector::load_pairs(from[0], from[1]),
                                                  Vector::all_of_16_bits(128)));
        }
    }
    /// Rows of the padded image from `first` on. Behind its end they are padding: they meet weights of
    /// 0, or are for outputs that nobody asked for.
    static void put_together(const std::int8_t* x, std::size_t first, const int8_span& span,
                             std::int32_t zero_x, std::int8_t* to) noexcept {
        std::int8_t none[put_at_once];
        std::fill_n(none, put_at_once, static_cast<std::int8_t>(zero_x));
        const std::size_t size = span.inside * channels;
        to += span.before * channels * 4;
        const std::int8_t* from[together];
        std::size_t mask[together];  // of where a row's numbers are
        for (std::size_t t = 0; t < together; ++t) {
            const std::size_t row = first + t - rows.before;  // huge where that is less than 0
            from[t] = row < rows.input ? x + (row * columns.input + span.pixel) * channels : none;
            mask[t] = row < rows.input ? static_cast<std::size_t>(-1) : 0;
        }
        const auto some = [&](std::size_t i) CTNN_INLINED {
            const std::int8_t* here[together];
            for (std::size_t t = 0; t < together; ++t) here[t] = from[t] + (i & mask[t]);
            put(here, to + i * 4);
        };
        if (size >= put_at_once) {
            for (std::size_t i = 0; i + put_at_once < size; i += put_at_once) some(i);
            some(size - put_at_once);
        } else {
            std::int8_t numbers[together][put_at_once]{}, result[put_at_once * 4];
            for (std::size_t t = 0; t < together; ++t) {
                std::copy_n(from[t], size, numbers[t]);
                from[t] = numbers[t];
            }
            put(from, result);
            std::copy_n(result, size * 4, to);
        }
    }

    /// Weights: [vector][word][column][row of outputs].
    static void prepare(const std::int8_t* w, std::int8_t* to) noexcept {
        for (std::size_t v = 0; v < vectors; ++v)
            for (std::size_t g = 0; g < words; ++g)
                for (std::size_t j = 0; j < columns.taps; ++j)
                    for (std::size_t b = 0; b < at_once.rows; ++b, to += sizeof(reg)) {
                        std::int8_t numbers[together][16]{};
                        for (std::size_t t = 0; t < together; ++t) {
                            const std::size_t i = g * together + t;
                            if (i < b * rows.stride || i - b * rows.stride >= rows.taps) continue;
                            const std::int8_t* const tap =
                                w + ((i - b * rows.stride) * columns.taps + j) * channels +
                                v * lanes;
                            for (std::size_t n = 0; n < lanes; n += std::min(lanes, channels))
                                std::memcpy(numbers[t] + n, tap, std::min(lanes, channels));
                        }
                        if constexpr (simd::multiplies_bytes) {
                            using part = simd::integers<4>;
                            const auto row = [&](std::size_t t)
                                                 CTNN_INLINED { return part::load(&numbers[t]); };
                            const auto all =
                                simd::words_of_rows<part>(row(0), row(1), row(2), row(3));
                            for (std::size_t n = 0; n < lanes / 4; ++n)
                                part::store(to + n * 16, all.of[n]);
                        } else {
                            Vector::store(to, Vector::load_pairs(numbers[0], numbers[1]));
                        }
                    }
    }
    template <class Rounding>
    static void compute(const std::int8_t* x, std::size_t start, const std::int8_t* w,
                        std::int8_t* y, std::size_t row_count,
                        const int8_outputs<Rounding> o) noexcept {
        for (std::size_t v = 0; v < vectors; ++v) {
            for (std::size_t q = 0; q < outputs; q += at_once.columns) {
                const std::size_t at = std::min(q, outputs - at_once.columns);
                tile(x + (at * out_step * channels + v * lanes) * 4, start, w,
                     y + at * y_step + v * lanes, row_count, o.from(v * lanes));
            }
            w += words * columns.taps * at_once.rows * sizeof(reg);
        }
    }
    template <class Rounding>
    [[gnu::always_inline]] static void
    tile(const std::int8_t* x, std::size_t start, const std::int8_t* w, std::int8_t* y,
         std::size_t row_count, const int8_outputs<Rounding>& o) noexcept {
        constexpr std::size_t sums = at_once.rows * at_once.columns;
        reg sum[sums];
        const reg bias = Vector::load(o.starts);
        CTNN_UNROLLED
        for (std::size_t s = 0; s < sums; ++s) sum[s] = bias;
        constexpr std::size_t seen = (at_once.columns - 1) * out_step + columns.reach();
        for (std::size_t g = 0; g < words; ++g) {
            const std::int8_t* const from = x + (start + g) % words * row_words * 4;
            const auto weight = [&](std::size_t j, std::size_t b) CTNN_INLINED {
                return Vector::load(w + (j * at_once.rows + b) * sizeof(reg));
            };
            constexpr std::size_t all = columns.taps * at_once.rows;
            constexpr bool keeps = all + sums + 2 <= simd::registers;
            reg weights[keeps ? all : 1];
            if constexpr (keeps) {
                CTNN_UNROLLED
                for (std::size_t n = 0; n < all; ++n)
                    weights[n] = Vector::in_register(weight(n / at_once.rows, n % at_once.rows));
            }
            CTNN_UNROLLED
            for (std::size_t column = 0; column < seen; ++column) {
                const reg word = Vector::load(from + column * channels * 4);
                CTNN_UNROLLED
                for (std::size_t q = 0; q < at_once.columns; ++q) {
                    const std::size_t j = tap(column, q);
                    if (j >= columns.taps) continue;
                    CTNN_UNROLLED
                    for (std::size_t b = 0; b < at_once.rows; ++b) {
                        reg& s = sum[b * at_once.columns + q];
                        const reg by = keeps ? weights[j * at_once.rows + b] : weight(j, b);
                        if constexpr (simd::multiplies_bytes)
                            s = Vector::in_register(simd::dot<Vector>(s, word, by));
                        else
                            s = Vector::in_register(Vector::add(s, Vector::products(word, by)));
                    }
                }
            }
            w += all * sizeof(reg);
        }
        int8_store<Vector, sums>(sum, o, [&](std::size_t s) CTNN_INLINED -> std::int8_t* {
            const std::size_t b = s / at_once.columns, q = s % at_once.columns;
            return b < row_count ? y + b * width * channels + q * y_step : nullptr;
        });
    }
    /// Which column of the kernel sees column `seen` of a tile for output `q`; or more than there are.
    static constexpr std::size_t tap(std::size_t seen, std::size_t q) noexcept {
        const std::size_t from = q * out_step;
        return seen < from || (seen - from) % columns.dilation != 0
                   ? columns.taps
                   : (seen - from) / columns.dilation;
    }
};

}  // namespace ctnn::detail
