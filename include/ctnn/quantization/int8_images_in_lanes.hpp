// Many images in bytes: every lane belongs to an image and holds four neighbouring bytes of it,
// weights are broadcast. In memory the bytes of all images lie side by side.
#pragma once

#include <ctnn/quantization/int8_rows.hpp>
#include <ctnn/quantization/int8_sums.hpp>
#include <ctnn/simd/loops.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <type_traits>

namespace ctnn::detail {

/// With windows, their largest outputs are what is computed, as filters_in_lanes does.
template <convolution Conv, std::size_t WindowRows = 1, std::size_t WindowColumns = 1>
struct int8_images_in_lanes {
private:
    static constexpr std::size_t images = simd::integer_lanes, bytes = 4 * images;
    using vector = simd::integers<images>;
    using reg = typename vector::reg;
    static constexpr int8_packing packing = int8_packing::of(Conv);
    static constexpr axis rows = Conv.rows, columns = Conv.columns;
    static constexpr axis output_rows = windows_of(rows, WindowRows),
                          output_columns = windows_of(columns, WindowColumns);
    static constexpr std::size_t channels = Conv.channels, words = packing.words,
                                 filters = Conv.group_filters(), width = output_columns.output();

    // Scratch memory has vectors for bytes `step` apart: that byte and the next three, or the next
    // one, as many as are multiplied at once.
    static constexpr std::size_t together = simd::multiplies_bytes ? 4 : 2,
                                 step = std::gcd(Conv.group_channels(), together);

    struct outputs {
        std::size_t columns, filters;
    };
    /// Outputs of a tile: halves of cycles are counted, for multiplications and loads.
    static constexpr outputs at_once = [] {
        outputs best{1, 1};
        std::size_t least = static_cast<std::size_t>(-1);
        const auto tiles = [](std::size_t all, std::size_t size) {
            return (all + size - 1) / size;
        };
        for (std::size_t q = 1; q <= std::min<std::size_t>(width, 8); ++q)
            for (std::size_t f = 1; f <= std::min<std::size_t>(filters, 28); ++f) {
                const std::size_t all = q * WindowColumns;
                if (all * f + (simd::multiplies_bytes ? all + 1 : all + 2) > simd::registers) break;
                const std::size_t cost = simd::multiplies_bytes
                                             ? std::max<std::size_t>({all * f, all + f, 10})
                                             : 2 * std::max<std::size_t>(all * f, all + f) + 2;
                const std::size_t cycles =
                    tiles(width, q) * tiles(filters, f) *
                    (cost * packing.runs * words + 20 + 8 * q * ((f + 3) / 4 * 4));
                if (cycles < least) least = cycles, best = {q, f};
            }
        return best;
    }();

    using block = int8_block<output_rows, output_columns, channels, at_once.columns, 1,
                             bytes / step, simd::multiplies_bytes ? 32'768 : 98'304>;
    static constexpr std::size_t pixels = pixels_for(output_columns, block::columns),
                                 row_bytes = pixels * channels + 8,  // words at the end of a run
        row_size = (pixels * channels + 4) / step * bytes;
    static constexpr std::size_t image_size = block::rows_for(block::rows) * row_size;
    // Weights of 16 bits, of a tile's filters.
    static constexpr std::size_t wide_size =
        simd::multiplies_bytes ? 0 : packing.runs * words * at_once.filters * 8;

public:
    /// Bytes of scratch memory.
    static constexpr std::size_t scratch_size = image_size + row_bytes * images + wide_size;

    template <class Rounding>
    static void run(const std::int8_t* x, std::int8_t* y, std::size_t first, std::size_t last,
                    const int8_operands<Rounding>& o, std::int8_t* scratch) noexcept {
        constexpr std::size_t count = std::min(width, block::columns);
        for (std::size_t w = 0; w < width; w += count) {
            const std::size_t column = std::min(w, width - count);
            const int8_span span = block::span(column, count);
            for (std::size_t h = first; h < last; h += block::rows) {
                const std::size_t some = std::min(block::rows, last - h);
                block::for_rows(x, columns.input * channels * images, h, some,
                                [&](const std::int8_t* row, std::size_t i) {
                                    copy(row, span, o.zero_x, scratch + image_size,
                                         scratch + i * row_size);
                                });
                for (std::size_t g = 0; g < Conv.groups; ++g)
                    for (std::size_t f = 0; f < filters; f += at_once.filters) {
                        const std::size_t filter = std::min(f, filters - at_once.filters);
                        const std::int8_t* weights =
                            o.weights + (g * packing.runs * words * packing.filters + filter) * 4;
                        if constexpr (!simd::multiplies_bytes) {
                            std::int8_t* const wide = scratch + image_size + row_bytes * images;
                            widen(weights, wide);
                            weights = wide;
                        }
                        for (std::size_t r = 0; r < some; ++r)
                            for (std::size_t q = 0; q < count; q += at_once.columns)
                                tile(scratch, y + (h - first) * width * Conv.filters * images,
                                     weights, o, g, filter, r, std::min(q, count - at_once.columns),
                                     column);
                    }
            }
        }
    }

private:
    /// A row with its padding, then its vectors.
    static void copy(const std::int8_t* row, const int8_span& span, std::int32_t zero_x,
                     std::int8_t* whole, std::int8_t* to) noexcept {
        const auto padding = static_cast<std::int8_t>(zero_x);
        constexpr std::size_t pixel = channels * images;
        const std::int8_t* from = whole;
        if (row == nullptr) {
            std::fill_n(whole, (span.before + span.inside + span.after) * pixel, padding);
        } else {
            std::int8_t* end = std::fill_n(whole, span.before * pixel, padding);
            end = std::copy_n(row + span.pixel * pixel, span.inside * pixel, end);
            std::fill_n(end, span.after * pixel, padding);
        }
        const std::size_t all = (span.before + span.inside + span.after) * channels;
        for (std::size_t b = 0; b < all; b += step, from += step * images, to += bytes)
            copy_vector(from, to);
    }
    [[gnu::always_inline]] static void copy_vector(const std::int8_t* from,
                                                   std::int8_t* to) noexcept {
        if constexpr (simd::multiplies_bytes) {
            const reg all = vector::flip(vector::load(from), vector::all_bytes(-128));
            vector::store(to, vector::words(all));
        } else {
            copy_pairs<vector>(from, to);
        }
    }
    template <class Vector>
    [[gnu::always_inline]] static void copy_pairs(const std::int8_t* from,
                                                  std::int8_t* to) noexcept {
        if constexpr (requires { Vector::load_pairs(from, from); }) {
            Vector::store(to, Vector::add_16_bits(Vector::load_pairs(from, from + images),
                                                  Vector::all_of_16_bits(128)));
        } else {
            using eight = simd::integers<4>;
            const auto more = eight::all_of_16_bits(128);
            const auto wide = [&](const std::int8_t* at) CTNN_INLINED {
                return eight::add_16_bits(eight::load_wide(at), more);
            };
            CTNN_UNROLLED
            for (std::size_t n = 0; n < images; n += 8) {
                const auto a = wide(from + n), b = wide(from + images + n);
                eight::store(to + n * 4, eight::low_16_bits(a, b));
                if constexpr (images >= 8) eight::store(to + n * 4 + 16, eight::high_16_bits(a, b));
            }
        }
    }
    static void widen(const std::int8_t* w, std::int8_t* to) noexcept {
        for (std::size_t word = 0; word < packing.runs * words; ++word, w += packing.filters * 4)
            for (std::size_t n = 0; n < at_once.filters * 4; ++n, to += sizeof(std::int16_t)) {
                const std::int16_t weight = w[n];
                std::memcpy(to, &weight, sizeof weight);
            }
    }

    static constexpr bool is_joined = Conv.groups == 1 && columns.dilation == 1;
    static constexpr std::size_t run_columns = is_joined ? 1 : columns.taps;

    template <class Rounding>
    [[gnu::noinline]] static void tile(const std::int8_t* x, std::int8_t* y, const std::int8_t* w,
                                       const int8_operands<Rounding>& o, std::size_t group,
                                       std::size_t filter, std::size_t row, std::size_t column,
                                       std::size_t first_column) noexcept {
        constexpr std::size_t some = at_once.filters, sums = at_once.columns * some;
        const std::size_t f = group * filters + filter;
        x += row * output_rows.stride * row_size +
             (column * output_columns.stride * channels + group * Conv.group_channels()) / step *
                 bytes;
        y += ((row * width + first_column + column) * Conv.filters + f) * images;
        reg sum[sums];
        if constexpr (WindowRows * WindowColumns == 1) {
            add_taps(x, w, o.starts + f, sum);
        } else {
            CTNN_UNROLLED
            for (std::size_t s = 0; s < sums; ++s)
                sum[s] = vector::all(std::numeric_limits<std::int32_t>::min());
            for (std::size_t r = 0; r < WindowRows; ++r) {
                reg all[WindowColumns * sums];
                add_taps(x + r * rows.stride * row_size, w, o.starts + f, all);
                simd::unroll<WindowColumns * sums>([&](auto s) CTNN_INLINED {
                    constexpr std::size_t to = s / some / WindowColumns * some + s % some;
                    sum[to] = vector::maximum(sum[to], all[s]);
                });
            }
        }
        const reg zero = vector::all_of_16_bits(o.zero_y), low = vector::bound(o.low),
                  high = vector::bound(o.high);
        simd::unroll<at_once.columns>([&](auto q) CTNN_INLINED {
            simd::unroll<(some + 3) / 4>([&](auto four) CTNN_INLINED {
                const auto result = [&](auto n) CTNN_INLINED {
                    constexpr std::size_t s = std::min<std::size_t>(four * 4 + n, some - 1);
                    return times_in_lanes<vector>(sum[q * some + s], o.factors[f + s]);
                };
                const reg packed = vector::in_order(
                    vector::pack(result(number<0>{}), result(number<1>{}), result(number<2>{}),
                                 result(number<3>{}), zero, low, high));
                std::int8_t* const to = y + (q * Conv.filters + four * 4) * images;
                if constexpr (four * 4 + 4 <= some) {
                    vector::store(to, packed);
                } else {
                    std::int8_t all[bytes];
                    vector::store(all, packed);
                    std::memcpy(to, all, (some - four * 4) * images);
                }
            });
        });
    }
    template <std::size_t N>
    using number = std::integral_constant<std::size_t, N>;

    /// The sums of some filters for columns side by side.
    static constexpr std::size_t all_columns = at_once.columns * WindowColumns,
                                 all_sums = all_columns * at_once.filters;
    [[gnu::always_inline]] static void add_taps(const std::int8_t* x, const std::int8_t* w,
                                                const std::uint32_t* starts,
                                                reg (&sum)[all_sums]) noexcept {
        CTNN_UNROLLED
        for (std::size_t s = 0; s < all_sums; ++s)
            sum[s] = vector::all(static_cast<std::int32_t>(starts[s % at_once.filters]));
        for (std::size_t i = 0; i < rows.taps; ++i)
            for (std::size_t j = 0; j < run_columns; ++j) {
                const std::int8_t* from = x + i * (block::has_gaps ? 1 : rows.dilation) * row_size +
                                          j * columns.dilation * channels / step * bytes;
                if constexpr (simd::multiplies_bytes) {
                    for (std::size_t k = 0; k < words; ++k) {
                        add_word(from, w, sum);
                        from += 4 / step * bytes;
                        w += packing.filters * 4;
                    }
                } else {
                    constexpr std::size_t pairs = (packing.run_length + 1) / 2;
                    for (std::size_t k = 0; k < pairs / 2; ++k) {
                        add_pair(from, w, sum);
                        add_pair(from + 2 / step * bytes, w + 4, sum);
                        from += 4 / step * bytes;
                        w += at_once.filters * 8;
                    }
                    if constexpr (pairs % 2 == 1) {
                        add_pair(from, w, sum);
                        w += at_once.filters * 8;
                    }
                }
            }
    }

    static constexpr std::size_t next_column = columns.stride * channels / step * bytes;
    [[gnu::always_inline]] static reg broadcast(const std::int8_t* w) noexcept {
        std::int32_t four;
        std::memcpy(&four, w, sizeof four);
        return vector::all(four);
    }
    [[gnu::always_inline]] static void add_word(const std::int8_t* x, const std::int8_t* w,
                                                reg (&sum)[all_sums]) noexcept {
        simd::load_again();
        reg value[all_columns];
        CTNN_UNROLLED
        for (std::size_t q = 0; q < all_columns; ++q)
            value[q] = vector::in_register(vector::load(x + q * next_column));
        CTNN_UNROLLED
        for (std::size_t f = 0; f < at_once.filters; ++f) {
            reg weight = broadcast(w + f * 4);
            if constexpr (all_columns > 1) weight = vector::in_register(weight);
            CTNN_UNROLLED
            for (std::size_t q = 0; q < all_columns; ++q)
                sum[q * at_once.filters + f] = vector::in_register(
                    simd::dot<vector>(sum[q * at_once.filters + f], value[q], weight));
        }
    }
    [[gnu::always_inline]] static void add_pair(const std::int8_t* x, const std::int8_t* w,
                                                reg (&sum)[all_sums]) noexcept {
        simd::load_again();
        reg value[all_columns];
        CTNN_UNROLLED
        for (std::size_t q = 0; q < all_columns; ++q)
            value[q] = vector::in_register(vector::load(x + q * next_column));
        CTNN_UNROLLED
        for (std::size_t f = 0; f < at_once.filters; ++f) {
            const reg weight = broadcast(w + f * 8);
            CTNN_UNROLLED
            for (std::size_t q = 0; q < all_columns; ++q)
                sum[q * at_once.filters + f] = vector::in_register(
                    vector::add(sum[q * at_once.filters + f], vector::products(value[q], weight)));
        }
    }
};

}  // namespace ctnn::detail
