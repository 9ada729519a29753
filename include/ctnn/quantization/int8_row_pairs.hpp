// One image in bytes: depthwise convolutions where products are of 16 bits. A vector has channels of a
// pixel and of the one below it, so that every column of a kernel takes a product for two rows.
#pragma once

#include <ctnn/quantization/int8_finish.hpp>
#include <ctnn/quantization/int8_rows.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace ctnn::detail {

template <convolution Conv, class Vector = simd::integers<simd::integer_lanes>>
struct int8_row_pairs {
private:
    using reg = typename Vector::reg;
    static constexpr std::size_t lanes = simd::integer_lanes;
    static constexpr axis rows = Conv.rows, columns = Conv.columns;
    static constexpr std::size_t channels = Conv.channels, width = columns.output();

    /// Columns of a tile: instructions are counted, four sums become bytes at once.
    static constexpr std::size_t at_once = [] {
        std::size_t best = 1, least = static_cast<std::size_t>(-1);
        for (std::size_t q = 1; q <= std::min<std::size_t>(width, 8); ++q) {
            const std::size_t taps = (rows.taps + 2) / 2 * columns.taps,
                              cost = (width + q - 1) / q *
                                     (q * (2 * taps + 4) + (q + 3) / 4 * 14 + taps + 12);
            if (cost < least) least = cost, best = q;
        }
        return best;
    }();

    using block = int8_block<rows, columns, channels, at_once>;
    static constexpr std::size_t count = block::columns;
    // Two rows of the image.
    static constexpr std::size_t row_size = 2 * block::row_size,
                                 image_rows = (block::rows_for(block::rows) + 1) / 2;

    // An output may begin with the second row of a pair: then it takes other pairs of weights.
    static constexpr std::size_t starts = rows.stride % 2 == 1 && block::rows > 1 ? 2 : 1;
    static constexpr std::size_t pairs_from(std::size_t start) noexcept {
        return (start + rows.taps + 1) / 2;
    }
    static constexpr std::size_t weights_of(std::size_t start) noexcept {  // before that start's
        return start == 0 ? 0 : pairs_from(0) * columns.taps * channels * 4;
    }
    static constexpr std::size_t weights_size =
        weights_of(1) + (starts - 1) * pairs_from(1) * columns.taps * channels * 4;

    template <class Rounding>
    static constexpr bool copies_outputs = !int8_factors<Rounding>::are_as_given;
    static constexpr std::size_t alignment = sizeof(reg);

public:
    static constexpr bool exists = [] {
        if constexpr (requires(const std::int8_t* p) { Vector::load_pairs(p, p); })
            return !simd::multiplies_bytes && Conv.filters == channels && channels % lanes == 0 &&
                   rows.taps > 1 && rows.dilation == 1 &&
                   rows.taps * columns.taps <= 64;  // all of them are code of their own
        else
            return false;
    }();

    /// Bytes of scratch memory.
    static constexpr std::size_t scratch_size =
        weights_size + image_rows * row_size * sizeof(std::int16_t) +
        int8_outputs<rounding::tflite_micro>::bytes(channels) + alignment;

    template <class Rounding>
    static void run(const std::int8_t* x, std::int8_t* y, std::size_t first, std::size_t last,
                    const int8_operands<Rounding>& o, std::int8_t* scratch) noexcept {
        scratch += (alignment - reinterpret_cast<std::uintptr_t>(scratch) % alignment) % alignment;
        std::int8_t* const weights = scratch;
        auto* const image = reinterpret_cast<std::int16_t*>(weights + weights_size);
        auto outputs = int8_outputs<Rounding>::as_given(o);
        if constexpr (copies_outputs<Rounding>)
            outputs = int8_outputs<Rounding>::copied(
                o, channels, channels, [](std::size_t n) { return n; },
                reinterpret_cast<std::int8_t*>(image + image_rows * row_size));
        for (std::size_t start = 0; start < starts; ++start)
            prepare(o.weights, start, weights + weights_of(start));

        for (std::size_t w = 0; w < width; w += count) {
            const std::size_t column = std::min(w, width - count);
            const int8_span span = block::span(column, count);
            for (std::size_t h = first; h < last; h += block::rows) {
                const std::size_t some = std::min(block::rows, last - h),
                                  seen = block::rows_for(some);
                const std::int8_t* above = nullptr;
                block::for_rows(x, columns.input * channels, h, some,
                                [&](const std::int8_t* row, std::size_t i) {
                                    if (i % 2 == 1 || i + 1 == seen)
                                        copy(i % 2 == 1 ? above : row, i % 2 == 1 ? row : nullptr,
                                             span, o.zero_x, image + i / 2 * row_size);
                                    above = row;
                                });
                for (std::size_t r = 0; r < some; ++r) {
                    const std::size_t at = r * rows.stride;
                    const std::int16_t* const from = image + at / 2 * row_size;
                    std::int8_t* const to = y + ((h - first + r) * width + column) * channels;
                    if (starts == 1 || at % 2 == 0)
                        compute<0>(from, weights, to, outputs);
                    else
                        compute<starts - 1>(from, weights + weights_of(1), to, outputs);
                }
            }
        }
    }

private:
    /// Two rows, or padding where there is none.
    static void copy(const std::int8_t* above, const std::int8_t* below, const int8_span& span,
                     std::int32_t zero_x, std::int16_t* to) noexcept {
        const auto padding = static_cast<std::int16_t>(zero_x + 128);
        const std::size_t size = span.inside * channels;
        to = std::fill_n(to, span.before * channels * 2, padding);
        if (above != nullptr && below != nullptr) {
            above += span.pixel * channels, below += span.pixel * channels;
            for (std::size_t n = 0; n < size; n += lanes)
                copy_pairs(above + n, below + n, to + 2 * n);
        } else {
            std::int8_t none[lanes];
            std::fill_n(none, lanes, static_cast<std::int8_t>(zero_x));
            const auto from = [&](const std::int8_t* row, std::size_t n) {
                return row == nullptr ? none : row + span.pixel * channels + n;
            };
            for (std::size_t n = 0; n < size; n += lanes)
                copy_pairs(from(above, n), from(below, n), to + 2 * n);
        }
        std::fill_n(to + 2 * size, span.after * channels * 2, padding);
    }
    [[gnu::always_inline]] static void
    copy_pairs(const std::int8_t* above, const std::int8_t* below, std::int16_t* to) noexcept {
        Vector::store(
            to, Vector::add_16_bits(Vector::load_pairs(above, below), Vector::all_of_16_bits(128)));
    }

    /// Weights for outputs that begin with row `start` of a pair: [channels][pair][column].
    static void prepare(const std::int8_t* w, std::size_t start, std::int8_t* to) noexcept {
        constexpr std::int8_t none[lanes]{};
        for (std::size_t c = 0; c < channels; c += lanes)
            for (std::size_t pair = 0; pair < pairs_from(start); ++pair)
                for (std::size_t j = 0; j < columns.taps; ++j, to += sizeof(reg)) {
                    const auto weights = [&](std::size_t row) {  // of the pairs, from 0
                        return row < start || row - start >= rows.taps
                                   ? none
                                   : w + ((row - start) * columns.taps + j) * channels + c;
                    };
                    Vector::store(to, Vector::load_pairs(weights(2 * pair), weights(2 * pair + 1)));
                }
    }

    /// A row of outputs.
    template <std::size_t Start, class Rounding>
    [[gnu::noinline]] static void compute(const std::int16_t* x, const std::int8_t* w,
                                          std::int8_t* y, const int8_outputs<Rounding> o) noexcept {
        for (std::size_t c = 0; c < channels; c += lanes) {
            for (std::size_t q = 0; q < count; q += at_once) {
                const std::size_t column = std::min(q, count - at_once);
                tile<Start>(x + (column * columns.stride * channels + c) * 2, w,
                            y + column * channels + c, o.from(c));
            }
            w += pairs_from(Start) * columns.taps * sizeof(reg);
        }
    }
    template <std::size_t Start, class Rounding>
    [[gnu::always_inline]] static void tile(const std::int16_t* x, const std::int8_t* w,
                                            std::int8_t* y,
                                            const int8_outputs<Rounding>& o) noexcept {
        constexpr std::size_t seen = (at_once - 1) * columns.stride + columns.reach();
        reg sum[at_once];
        const reg first = Vector::load(o.starts);
        CTNN_UNROLLED
        for (std::size_t q = 0; q < at_once; ++q) sum[q] = first;
        constexpr std::size_t pairs = pairs_from(Start);
        CTNN_UNROLLED
        for (std::size_t pair = 0; pair < pairs; ++pair) {
            const auto weight = [&](std::size_t j) CTNN_INLINED {
                return Vector::load(w + (pair * columns.taps + j) * sizeof(reg));
            };
            constexpr bool keeps = columns.taps + at_once + 2 <= simd::registers;
            reg weights[columns.taps];
            if constexpr (keeps) {
                CTNN_UNROLLED
                for (std::size_t j = 0; j < columns.taps; ++j)
                    weights[j] = Vector::in_register(weight(j));
            }
            CTNN_UNROLLED
            for (std::size_t column = 0; column < seen; ++column) {
                const reg two = Vector::load(x + pair * row_size + column * channels * 2);
                CTNN_UNROLLED
                for (std::size_t q = 0; q < at_once; ++q) {
                    const std::size_t j = tap(column, q);
                    if (j < columns.taps)
                        sum[q] = Vector::in_register(Vector::add(
                            sum[q], Vector::products(two, keeps ? weights[j] : weight(j))));
                }
            }
        }
        int8_store<Vector, at_once>(sum, o, y, channels);
    }
    /// Which column of the kernel sees column `seen` of a tile for output `q`; or more than there are.
    static constexpr std::size_t tap(std::size_t seen, std::size_t q) noexcept {
        const std::size_t from = q * columns.stride;
        return seen < from || (seen - from) % columns.dilation != 0
                   ? columns.taps
                   : (seen - from) / columns.dilation;
    }
};

}  // namespace ctnn::detail
