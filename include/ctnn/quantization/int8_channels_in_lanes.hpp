// One image in bytes: the lanes belong to the channels of a depthwise convolution, and to its columns
// where channels are fewer.
#pragma once

#include <ctnn/quantization/int8_finish.hpp>
#include <ctnn/quantization/int8_rows.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ctnn::detail {

template <convolution Conv>
struct int8_channels_in_lanes {
private:
    using vector = simd::integers<simd::integer_lanes>;
    using reg = typename vector::reg;
    static constexpr std::size_t bytes = 4 * simd::integer_lanes;  // outputs at once

    // A pixel has `places` numbers, one for each filter and some that fill up a vector's part; so a
    // vector belongs to `pixels` columns, or to a part of one's channels.
    static constexpr std::size_t filters = Conv.filters, multiplier = filters / Conv.channels;
    static constexpr bool has_pixels = filters <= bytes;
    static constexpr std::size_t places = has_pixels ? std::bit_ceil(filters) : filters,
                                 pixels = has_pixels ? bytes / places : 1;
    static constexpr axis rows = Conv.rows, columns = Conv.columns;
    static constexpr std::size_t width = columns.output(), fewest = std::min(pixels, width);
    // With strides every such column lies side by side, so that those of a vector do.
    static constexpr std::size_t parts = pixels > 1 ? columns.stride : 1,
                                 pixel_step = (pixels > 1 ? 1 : columns.stride) * places;
    using block = int8_block<rows, columns, places, fewest, parts>;
    static constexpr std::size_t count = block::columns;

    // Products are added for `together` taps at once. Where columns are apart by whole vectors, they
    // are taps below each other, and several columns share what has been interleaved.
    static constexpr std::size_t together = simd::multiplies_bytes ? 4 : 2;
    static constexpr bool shares = simd::multiplies_bytes && pixels == 1 && rows.taps > 2;
    static constexpr std::size_t vectors_at_once = [] {
        std::size_t best = 1, least = static_cast<std::size_t>(-1);
        for (std::size_t v = 1; shares && v <= std::min<std::size_t>(count, simd::registers / 6);
             ++v) {
            // An output takes so many instructions, and so many each column that it sees.
            const std::size_t seen = (v - 1) * columns.stride + columns.reach(),
                              cost = (count + v - 1) / v * (v * 4 * (columns.taps + 6) + seen * 8);
            if (cost < least) least = cost, best = v;
        }
        return best;
    }();
    static constexpr std::size_t taps = rows.taps * columns.taps,
                                 step_columns = shares ? columns.taps : 1,
                                 step_rows =
                                     ((shares ? rows.taps : taps) + together - 1) / together,
                                 steps = step_rows * step_columns;
    /// Number t of the taps of a step, or `taps`: a weight of 0.
    static constexpr std::size_t tap(std::size_t step, std::size_t t) noexcept {
        const std::size_t i = step / step_columns * together + t;
        return std::min(i * step_columns + step % step_columns, taps);
    }
    /// Where taps find their numbers.
    static constexpr auto offsets = [] {
        std::array<std::size_t, step_rows * together> result{};
        for (std::size_t s = 0; s < step_rows; ++s)
            for (std::size_t t = 0; t < together; ++t) {
                const std::size_t at = tap(s * step_columns, t) % taps,
                                  column = at % columns.taps * columns.dilation;
                result[s * together + t] = at / columns.taps * block::tap_height +
                                           column % parts * block::part_size +
                                           column / parts * places;
            }
        return result;
    }();

    static constexpr std::size_t image_size = block::size + bytes;  // of vectors at the end
    static constexpr std::size_t weights_size = steps * 4 * bytes;
    template <class Rounding>
    static constexpr bool copies_outputs = has_pixels || !int8_factors<Rounding>::are_as_given;
    static constexpr std::size_t copied = has_pixels ? bytes : filters;

public:
    /// Bytes of scratch memory.
    static constexpr std::size_t scratch_size =
        image_size * sizeof(int8_number) + weights_size +
        int8_outputs<rounding::tflite_micro>::bytes(copied) + alignof(int8_number);

    template <class Rounding>
    static void run(const std::int8_t* x, std::int8_t* y, std::size_t first, std::size_t last,
                    const int8_operands<Rounding>& o, std::int8_t* scratch) noexcept {
        scratch += reinterpret_cast<std::uintptr_t>(scratch) % alignof(int8_number);
        auto* const image = reinterpret_cast<int8_number*>(scratch);
        std::int8_t* const weights = scratch + image_size * sizeof(int8_number);
        auto outputs = int8_outputs<Rounding>::as_given(o, filters);
        if constexpr (copies_outputs<Rounding>)
            outputs = int8_outputs<Rounding>::copied(
                o, copied, filters, [](std::size_t n) { return n % places; },
                weights + weights_size);
        if constexpr (has_pixels) prepare(o.weights, weights);
        for (std::size_t w = 0; w < width; w += count) {
            const std::size_t column = std::min(w, width - count);
            const int8_span span = block::span(column, count);
            for (std::size_t h = first; h < last; h += block::rows) {
                const std::size_t some = std::min(block::rows, last - h);
                block::for_rows(x, columns.input * Conv.channels, h, some,
                                [&](const std::int8_t* row, std::size_t i) {
                                    copy(row, span, o.zero_x, image + i * block::row_size);
                                });
                std::int8_t* const to = y + ((h - first) * width + column) * filters;
                if constexpr (has_pixels) {
                    compute(image, weights, to, some, outputs);
                } else {
                    for (std::size_t c = 0; c < filters; c += bytes) {
                        const std::size_t from = std::min(c, filters - bytes);
                        prepare(o.weights + from, weights);
                        compute(image + from, weights, to + from, some, outputs.from(from));
                    }
                }
            }
        }
    }

private:
    static void copy(const std::int8_t* row, const int8_span& span, std::int32_t zero_x,
                     int8_number* to) noexcept {
        if constexpr (parts == 1 && multiplier == 1 && places == filters) {
            copy_row(row, span, filters, zero_x, to);
        } else {
            const auto padding = static_cast<int8_number>(zero_x + 128);
            const std::size_t all = span.before + span.inside + span.after,
                              first = row == nullptr ? all : span.before,
                              last = row == nullptr ? all : span.before + span.inside;
            for (std::size_t part = 0; part < parts; ++part) {
                int8_number* pixel = to + part * block::part_size;
                std::size_t p = part;
                for (; p < first; p += parts, pixel += places) std::fill_n(pixel, filters, padding);
                for (; p < last; p += parts, pixel += places) {
                    const std::int8_t* const from =
                        row + (span.pixel + p - span.before) * Conv.channels;
                    if constexpr (multiplier == 1)
                        copy_numbers(from, pixel, filters);
                    else
                        for (std::size_t f = 0; f < filters; ++f)
                            pixel[f] = static_cast<int8_number>(from[f / multiplier] + 128);
                }
                for (; p < all; p += parts, pixel += places) std::fill_n(pixel, filters, padding);
            }
        }
    }

    /// Neighbours of several taps side by side, for four vectors of sums.
    using four = simd::four_vectors<vector>;
    template <class Load>
    [[gnu::always_inline]] static four interleaved(const Load& load) noexcept {
        if constexpr (simd::multiplies_bytes) {
            return simd::words_of_rows<vector>(load(0, 0), load(1, 0), load(2, 0), load(3, 0));
        } else {
            const reg a = load(0, 0), b = load(1, 0), more_a = load(0, bytes / 2),
                      more_b = load(1, bytes / 2);
            return {{vector::low_16_bits(a, b), vector::high_16_bits(a, b),
                     vector::low_16_bits(more_a, more_b), vector::high_16_bits(more_a, more_b)}};
        }
    }

    /// Weights of a vector's channels as products take them.
    static void prepare(const std::int8_t* w, std::int8_t* to) noexcept {
        for (std::size_t s = 0; s < steps; ++s) {
            std::int8_t repeated[together][bytes]{};
            for (std::size_t t = 0; t < together; ++t)
                for (std::size_t p = 0; p < pixels && tap(s, t) < taps; ++p)
                    std::memcpy(repeated[t] + p * places, w + tap(s, t) * filters,
                                std::min(filters, bytes));
            const four words = interleaved([&](std::size_t t, std::size_t at) CTNN_INLINED {
                if constexpr (simd::multiplies_bytes)
                    return vector::load(repeated[t] + at);
                else
                    return vector::load_wide(repeated[t] + at);
            });
            for (const reg word : words.of) {
                vector::store(to, word);
                to += bytes;
            }
        }
    }

    /// Where sums number n of a vector of outputs have their first four filters, and how far it is to
    /// the next four, in bytes of 32-bit numbers.
    static constexpr std::size_t place_of(std::size_t n) noexcept {
        return (simd::multiplies_bytes ? 4 * n : n / 2 * (bytes / 2) + n % 2 * 4) * 4;
    }
    static constexpr std::size_t next_place = simd::multiplies_bytes ? 64 : 32;

    template <class Rounding>
    static void compute(const int8_number* x, const std::int8_t* weights, std::int8_t* y,
                        std::size_t row_count, const int8_outputs<Rounding> o) noexcept {
        constexpr std::size_t step = fewest * vectors_at_once;
        for (std::size_t h = 0; h < row_count; ++h, x += rows.stride * block::row_size)
            for (std::size_t q = 0; q < count; q += step) {
                const std::size_t column = std::min(q, count - step);
                tile(x + column * pixel_step, weights, y + (h * width + column) * filters, o);
            }
    }

    template <class Rounding>
    [[gnu::always_inline]] static void tile(const int8_number* x, const std::int8_t* weights,
                                            std::int8_t* y,
                                            const int8_outputs<Rounding>& o) noexcept {
        four sum[vectors_at_once];
        for (four& vectors : sum) CTNN_UNROLLED
        for (std::size_t n = 0; n < 4; ++n)
            vectors.of[n] = vector::load_fours(o.starts + place_of(n), next_place);

        constexpr std::size_t reach = shares ? columns.reach() : 1,
                              columns_seen = (vectors_at_once - 1) * columns.stride + reach;
        for (std::size_t s = 0; s < step_rows; ++s)
            simd::unroll<columns_seen>([&](auto seen) CTNN_INLINED {
                if constexpr (!is_seen(seen)) return;
                simd::load_again();
                const four words = interleaved([&](std::size_t t, std::size_t at) CTNN_INLINED {
                    return vector::load(x + offsets[s * together + t] + seen * places + at);
                });
                simd::unroll<vectors_at_once>([&](auto v) CTNN_INLINED {
                    constexpr std::size_t j = column_tap(seen, v);
                    if constexpr (j < step_columns) {
                        CTNN_UNROLLED
                        for (std::size_t n = 0; n < 4; ++n) {
                            const reg w =
                                vector::load(weights + ((s * step_columns + j) * 4 + n) * bytes);
                            if constexpr (simd::multiplies_bytes)
                                sum[v].of[n] = vector::in_register(
                                    simd::dot<vector>(sum[v].of[n], words.of[n], w));
                            else
                                sum[v].of[n] =
                                    vector::add(sum[v].of[n], vector::products(words.of[n], w));
                        }
                    }
                });
            });

        simd::unroll<vectors_at_once>([&](auto v) CTNN_INLINED {
            reg result = int8_pack<vector, Rounding>(
                o.range, [&](std::size_t n) CTNN_INLINED { return sum[v].of[n]; },
                [&](std::size_t n, std::size_t array) CTNN_INLINED {
                    return vector::load_fours(o.first_factors + array * o.step + place_of(n),
                                              next_place);
                });
            if constexpr (!simd::multiplies_bytes) result = vector::halves_in_order(result);
            if constexpr (!has_pixels || (places == filters && fewest == pixels)) {
                vector::store(y + v * fewest * filters, result);
            } else {
                std::int8_t all[bytes];
                vector::store(all, result);
                for (std::size_t p = 0; p < fewest; ++p)
                    std::memcpy(y + (v * fewest + p) * filters, all + p * places, filters);
            }
        });
    }
    /// Which column of the kernel sees column `seen` of a tile for its vector `v`; or more than there
    /// are.
    static constexpr std::size_t column_tap(std::size_t seen, std::size_t v) noexcept {
        const std::size_t from = v * columns.stride;
        return seen < from || (seen - from) % columns.dilation != 0
                   ? step_columns
                   : (seen - from) / columns.dilation;
    }
    static constexpr bool is_seen(std::size_t seen) noexcept {
        for (std::size_t v = 0; v < vectors_at_once; ++v)
            if (column_tap(seen, v) < step_columns) return true;
        return false;
    }
};

}  // namespace ctnn::detail
