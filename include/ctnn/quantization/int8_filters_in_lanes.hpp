// One image in bytes: the lanes belong to the filters of a convolution, four neighbouring bytes of
// x are broadcast to all of them.
#pragma once

#include <ctnn/quantization/int8_finish.hpp>
#include <ctnn/quantization/int8_rows.hpp>
#include <ctnn/quantization/int8_tile.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

namespace ctnn::detail {

/// With windows, their largest outputs are what is computed: before a sum becomes a byte, because a
/// larger sum never gives a smaller byte.
template <convolution Conv, std::size_t WindowRows = 1, std::size_t WindowColumns = 1>
struct int8_filters_in_lanes {
private:
    static constexpr int8_packing packing = int8_packing::of(Conv);

    // Where columns lie side by side without a gap, all rows are one row.
    static constexpr axis one{1, 1, 1, 1, 0, 0};
    static constexpr bool is_plain(const axis& a) noexcept {
        return a.taps == 1 && a.stride == 1 && a.before + a.after == 0;
    }
    static constexpr bool has_windows = WindowRows * WindowColumns > 1;
    static constexpr bool is_column =
                              !has_windows && is_plain(Conv.columns) && Conv.columns.input == 1,
                          is_flat = !has_windows && is_plain(Conv.rows) && is_plain(Conv.columns),
                          is_line = is_column || is_flat;
    static constexpr axis rows = is_line ? one : Conv.rows,
                          columns = is_flat
                                        ? axis{Conv.rows.input * Conv.columns.input, 1, 1, 1, 0, 0}
                                    : is_column ? Conv.rows
                                                : Conv.columns;
    static constexpr axis output_rows = windows_of(rows, WindowRows),
                          output_columns = windows_of(columns, WindowColumns);
    // Outputs of a row of the image, of a row here; the fewest that are asked for at once.
    static constexpr std::size_t width = Conv.columns.output(),
                                 all_columns = output_columns.output(),
                                 fewest = is_line ? width : all_columns;

    static constexpr std::size_t channels = Conv.channels, words = packing.words,
                                 filters = Conv.group_filters(), padded = packing.filters;
    static constexpr std::size_t lanes = std::min(simd::integer_lanes, std::bit_floor(padded)),
                                 vectors = (padded + lanes - 1) / lanes;
    static constexpr int8_tile at_once =
        int8_tile_of(all_columns, vectors, packing.runs* words, words, WindowColumns);
    static constexpr std::size_t units = at_once.vectors, chains = at_once.chains;
    using vector = simd::integers<lanes>;
    using reg = typename vector::reg;

    using block = int8_block<output_rows, output_columns, channels, at_once.columns>;
    static constexpr std::size_t image_size = block::size + 3;  // words at the end of a run

    template <class Rounding>
    static constexpr bool copies_outputs =
        padded != filters || !int8_factors<Rounding>::are_as_given;

public:
    /// Bytes of scratch memory.
    static constexpr std::size_t scratch_size =
        image_size * sizeof(int8_number) +
        int8_outputs<rounding::tflite_micro>::bytes(Conv.groups * padded) + alignof(int8_number);

    template <class Rounding>
    static void run(const std::int8_t* x, std::int8_t* y, std::size_t first, std::size_t last,
                    const int8_operands<Rounding>& o, std::int8_t* scratch) noexcept {
        scratch += reinterpret_cast<std::uintptr_t>(scratch) % alignof(int8_number);
        auto* const image = reinterpret_cast<int8_number*>(scratch);
        auto outputs = int8_outputs<Rounding>::as_given(o);
        if constexpr (copies_outputs<Rounding>)
            outputs = int8_outputs<Rounding>::copied(
                o, Conv.groups * padded, Conv.filters,
                [](std::size_t n) {
                    return n % padded < filters ? n / padded * filters + n % padded : Conv.filters;
                },
                scratch + image_size * sizeof(int8_number));
        const axis::range r = is_line ? axis::range{0, 1} : axis::range{first, last},
                          c = is_line ? axis::range{first * width, last * width}
                                      : axis::range{0, all_columns};
        const std::size_t count = std::min(c.last - c.first, block::columns);
        for (std::size_t w = c.first; w < c.last; w += count) {
            const std::size_t column = std::min(w, c.last - count);
            const int8_span span = block::span(column, count);
            for (std::size_t h = r.first; h < r.last; h += block::rows) {
                const std::size_t some = std::min(block::rows, r.last - h);
                block::for_rows(x, columns.input * channels, h, some,
                                [&](const std::int8_t* row, std::size_t i) {
                                    copy_row(row, span, channels, o.zero_x,
                                             image + i * block::row_size);
                                });
                compute(image, o.weights,
                        y + ((h - r.first) * all_columns + column - c.first) * Conv.filters, some,
                        count, outputs);
            }
        }
    }

private:
    template <class Outputs>
    static void compute(const int8_number* x, const std::int8_t* weights, std::int8_t* y,
                        std::size_t row_count, std::size_t column_count,
                        const Outputs& outputs) noexcept {
        constexpr std::size_t last = vectors - units;
        constexpr bool is_uneven = padded % lanes != 0 || padded != filters;
        for (std::size_t g = 0; g < Conv.groups; ++g) {
            const auto some = [&](std::size_t v, auto is_last) CTNN_INLINED {
                constexpr bool ends = decltype(is_last)::value;
                const std::size_t f = first_of(v);
                const std::int8_t* const w = weights + (g * packing.runs * words * padded + f) * 4;
                std::int8_t* const to = y + g * filters + f;
                const int8_number* const from = x + g * Conv.group_channels();
                for (std::size_t h = 0; h < row_count; ++h) {
                    const int8_number* const row = from + h * output_rows.stride * block::row_size;
                    std::int8_t* const into = to + h * all_columns * Conv.filters;
                    const auto one_tile = [&](auto size, std::size_t q) CTNN_INLINED {
                        tile<decltype(size)::value, ends>(
                            row + q * output_columns.stride * channels, w, into + q * Conv.filters,
                            outputs.from(g * padded + f));
                    };
                    using whole = std::integral_constant<std::size_t, at_once.columns>;
                    if constexpr (at_once.columns > fewest) {
                        if (column_count < at_once.columns) {
                            for (std::size_t q = 0; q < column_count; ++q)
                                one_tile(std::integral_constant<std::size_t, 1>{}, q);
                            continue;
                        }
                    }
                    for (std::size_t q = 0; q < column_count; q += at_once.columns)
                        one_tile(whole{}, std::min(q, column_count - at_once.columns));
                }
            };
            for (std::size_t v = 0; v < last; v += units) some(v, std::false_type{});
            some(last, std::bool_constant<is_uneven>{});
        }
    }

    // Runs of weights: rows and columns of them, and how far these are from each other.
    static constexpr bool is_joined = Conv.groups == 1 && Conv.columns.dilation == 1;
    static constexpr std::size_t run_columns = is_joined && !is_column ? 1 : columns.taps,
                                 run_rows = packing.runs / run_columns,
                                 run_height =
                                     (block::has_gaps ? 1 : rows.dilation) * block::row_size,
                                 run_width = columns.dilation * channels;

    /// Where the filters of vector `v` begin: the last ends where the filters do, even if it computes
    /// some again. And that of a tile, from the tile's first one.
    static constexpr std::size_t first_of(std::size_t v) noexcept {
        return std::min(v * lanes, padded - lanes);
    }
    template <bool Ends>
    static constexpr std::size_t filter(std::size_t u) noexcept {
        return Ends ? first_of(vectors - units + u) - first_of(vectors - units) : u * lanes;
    }

    /// `Columns` outputs side by side, `units` vectors of filters. Not inlined: g++ 12 would keep
    /// the sums of the next tile in memory.
    template <std::size_t Columns, bool Ends, class Rounding>
    [[gnu::noinline]] static void tile(const int8_number* x, const std::int8_t* w, std::int8_t* y,
                                       int8_outputs<Rounding> o) noexcept {
        constexpr std::size_t sums = Columns * units;
        reg sum[sums];
        if constexpr (has_windows) {
            CTNN_UNROLLED
            for (std::size_t s = 0; s < sums; ++s)
                sum[s] = vector::all(std::numeric_limits<std::int32_t>::min());
            for (std::size_t row = 0; row < WindowRows; ++row) {
                reg all[WindowColumns * sums];
                add_taps<WindowColumns * Columns, Ends>(x + row * rows.stride * block::row_size, w,
                                                        o.starts, all);
                simd::unroll<sums>([&](auto s) CTNN_INLINED {
                    constexpr std::size_t from = s / units * WindowColumns * units + s % units;
                    simd::unroll<WindowColumns>([&](auto n) CTNN_INLINED {
                        sum[s] = vector::maximum(sum[s], all[from + n * units]);
                    });
                });
            }
        } else {
            add_taps<Columns, Ends>(x, w, o.starts, sum);
        }

        const reg zero = vector::all_of_16_bits(o.zero), low = vector::bound(o.low),
                  high = vector::bound(o.high);
        simd::unroll<(sums + 3) / 4>([&](auto four) CTNN_INLINED {
            const auto result = [&](auto n) CTNN_INLINED {
                constexpr std::size_t s = std::min<std::size_t>(four * 4 + n, sums - 1);
                return int8_factors<Rounding>::template times<vector>(
                    sum[s], [&](std::size_t array) CTNN_INLINED {
                        return vector::load(o.first_factors + array * o.step +
                                            filter<Ends>(s % units) * 4);
                    });
            };
            const reg bytes = vector::in_order(
                vector::pack(result(number<0>{}), result(number<1>{}), result(number<2>{}),
                             result(number<3>{}), zero, low, high));
            if constexpr (units * lanes == Conv.filters && four * 4 + 4 <= sums) {
                vector::store(y + four * 4 * lanes, bytes);
            } else {
                std::int8_t all[4 * lanes];
                vector::store(all, bytes);
                simd::unroll<std::min<std::size_t>(4, sums - four * 4)>([&](auto n) CTNN_INLINED {
                    constexpr std::size_t s = four * 4 + n, u = s % units,
                                          count = Ends && u == units - 1
                                                      ? lanes - (padded - filters)
                                                      : lanes;
                    std::memcpy(y + s / units * Conv.filters + filter<Ends>(u), all + n * lanes,
                                count);
                });
            }
        });
    }
    template <std::size_t N>
    using number = std::integral_constant<std::size_t, N>;

    /// The sums of `Columns` outputs side by side.
    template <std::size_t Columns, bool Ends>
    [[gnu::always_inline]] static void add_taps(const int8_number* x, const std::int8_t* w,
                                                const std::int8_t* starts,
                                                reg (&result)[Columns * units]) noexcept {
        constexpr std::size_t sums = Columns * units, rest = words % chains;
        reg sum[chains][sums];
        CTNN_UNROLLED
        for (std::size_t s = 0; s < sums; ++s)
            sum[0][s] = vector::load(starts + filter<Ends>(s % units) * 4);
        CTNN_UNROLLED
        for (std::size_t n = 1; n < chains; ++n) CTNN_UNROLLED
        for (std::size_t s = 0; s < sums; ++s) sum[n][s] = vector::zero();

        for (std::size_t i = 0; i < run_rows; ++i)
            for (std::size_t j = 0; j < run_columns; ++j) {
                const int8_number* from = x + i * run_height + j * run_width;
                for (std::size_t n = 0; n < words / chains; ++n, from += chains * 4)
                    simd::unroll<chains>([&](auto chain) CTNN_INLINED {
                        add_word<Columns, Ends>(from + chain * 4, w, sum[chain]);
                        w += padded * 4;
                    });
                simd::unroll<rest>([&](auto chain) CTNN_INLINED {
                    add_word<Columns, Ends>(from + chain * 4, w, sum[chain]);
                    w += padded * 4;
                });
            }

        CTNN_UNROLLED
        for (std::size_t s = 0; s < sums; ++s) {
            result[s] = sum[0][s];
            CTNN_UNROLLED
            for (std::size_t n = 1; n < chains; ++n) result[s] = vector::add(result[s], sum[n][s]);
        }
    }

    /// Four neighbouring numbers of each of the tile's pixels.
    template <std::size_t Columns, bool Ends>
    [[gnu::always_inline]] static void add_word(const int8_number* x, const std::int8_t* w,
                                                reg (&sum)[Columns * units]) noexcept {
        constexpr std::size_t step = columns.stride * channels;
        const auto broadcast = [](const int8_number* four) CTNN_INLINED {
            std::int32_t word;
            std::memcpy(&word, four, sizeof word);
            return vector::all(word);
        };
        if constexpr (simd::multiplies_bytes) {
            reg weights[units];
            CTNN_UNROLLED
            for (std::size_t u = 0; u < units; ++u) {
                weights[u] = vector::load(w + filter<Ends>(u) * 4);
                if constexpr (Columns > 1) weights[u] = vector::in_register(weights[u]);
            }
            CTNN_UNROLLED
            for (std::size_t p = 0; p < Columns; ++p) {
                const reg value = broadcast(x + p * step);
                CTNN_UNROLLED
                for (std::size_t u = 0; u < units; ++u)
                    sum[p * units + u] = vector::in_register(
                        simd::dot<vector>(sum[p * units + u], value, weights[u]));
            }
        } else {
            reg first[units], last[units];
            CTNN_UNROLLED
            for (std::size_t u = 0; u < units; ++u) {
                const reg weights = vector::load(w + filter<Ends>(u) * 4);
                first[u] = vector::first_two(weights);
                last[u] = vector::last_two(weights);
            }
            CTNN_UNROLLED
            for (std::size_t p = 0; p < Columns; ++p) {
                const reg a = broadcast(x + p * step), b = broadcast(x + p * step + 2);
                CTNN_UNROLLED
                for (std::size_t u = 0; u < units; ++u) {
                    const reg products =
                        vector::add(vector::products(a, first[u]), vector::products(b, last[u]));
                    sum[p * units + u] =
                        vector::in_register(vector::add(sum[p * units + u], products));
                }
            }
        }
    }
};

}  // namespace ctnn::detail
