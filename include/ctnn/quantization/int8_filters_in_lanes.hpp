// One image in bytes: the lanes belong to the filters of a convolution, four neighbouring bytes of
// x are broadcast to all of them.
#pragma once

#include <ctnn/quantization/int8_filter_sums.hpp>
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
    // Bytes of a vector of filters as 16 bits, and how many there may be: a quarter more than those of
    // the input and the output before pooling, so that small networks keep small workspaces.
    static constexpr std::size_t run_pairs = packing.runs * ((packing.run_length + 1) / 2),
                                 wide_vector = run_pairs * lanes * 4,
                                 most_wide =
                                     (Conv.rows.input * Conv.columns.input * channels +
                                      Conv.rows.output() * Conv.columns.output() * Conv.filters) *
                                     5 / 4;
    static constexpr int8_tile at_once =
        simd::multiplies_bytes
            ? int8_tile_of_words(all_columns, vectors, packing.runs* words, words, WindowColumns)
            : int8_tile_of_pairs(all_columns,
                                 std::clamp<std::size_t>(most_wide / wide_vector, 1, vectors),
                                 run_pairs, WindowColumns);
    static constexpr std::size_t units = at_once.vectors;
    using vector = simd::integers<lanes>;
    using reg = typename vector::reg;

    using block = int8_block<output_rows, output_columns, channels, at_once.columns>;
    static constexpr std::size_t image_size = block::size + 3;  // words at the end of a run

    // Runs of weights are rows of the kernel where its columns lie side by side.
    static constexpr bool is_joined = Conv.groups == 1 && Conv.columns.dilation == 1;
    static constexpr std::size_t run_columns = is_joined && !is_column ? 1 : columns.taps;
    using sums_of_filters =
        int8_filter_sums<int8_runs{packing.runs / run_columns, run_columns,
                                   (block::has_gaps ? 1 : rows.dilation) * block::row_size,
                                   columns.dilation* channels, packing.run_length, words,
                                   columns.stride* channels, padded},
                         units, at_once.chains>;
    template <bool Ends>
    static constexpr std::size_t filter(std::size_t u) noexcept {
        return sums_of_filters::template filter<Ends>(u);
    }
    // Weights become 16 bits once, if that is for more than two tiles and not too many.
    static constexpr bool widens_once =
        !simd::multiplies_bytes && units * wide_vector <= most_wide &&
        output_rows.output() * WindowRows *
                ((all_columns + at_once.columns - 1) / at_once.columns) >
            2;
    static constexpr std::size_t wide_size = widens_once ? sums_of_filters::wide_size : 0,
                                 alignment = widens_once ? sizeof(reg) : alignof(int8_number);

    template <class Rounding>
    static constexpr bool copies_outputs =
        padded != filters || !int8_factors<Rounding>::are_as_given;

public:
    /// Bytes of scratch memory.
    static constexpr std::size_t scratch_size =
        wide_size + image_size * sizeof(int8_number) +
        int8_outputs<rounding::tflite_micro>::bytes(Conv.groups * padded) + alignment;

    template <class Rounding>
    static void run(const std::int8_t* x, std::int8_t* y, std::size_t first, std::size_t last,
                    const int8_operands<Rounding>& o, std::int8_t* scratch) noexcept {
        scratch += (alignment - reinterpret_cast<std::uintptr_t>(scratch) % alignment) % alignment;
        std::int8_t* const wide = scratch;
        auto* const image = reinterpret_cast<int8_number*>(scratch += wide_size);
        auto outputs = int8_outputs<Rounding>::as_given(o, Conv.filters);
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
                compute(image, o.weights, wide,
                        y + ((h - r.first) * all_columns + column - c.first) * Conv.filters, some,
                        count, outputs);
            }
        }
    }

private:
    template <class Outputs>
    static void compute(const int8_number* x, const std::int8_t* weights, std::int8_t* wide,
                        std::int8_t* y, std::size_t row_count, std::size_t column_count,
                        const Outputs& outputs) noexcept {
        constexpr std::size_t last = vectors - units;
        constexpr bool is_uneven = padded % lanes != 0 || padded != filters;
        for (std::size_t g = 0; g < Conv.groups; ++g) {
            const auto some = [&](std::size_t v, auto is_last) CTNN_INLINED {
                constexpr bool ends = decltype(is_last)::value;
                const std::size_t f = sums_of_filters::first_of(v);
                const std::int8_t* w = weights + (g * packing.runs * words * padded + f) * 4;
                if constexpr (widens_once) {
                    sums_of_filters::template widen<ends>(w, wide);
                    w = wide;
                }
                tiles<ends>(x + g * Conv.group_channels(), w, y + g * filters + f, row_count,
                            column_count, outputs.from(g * padded + f));
            };
            for (std::size_t v = 0; v < last; v += units) some(v, std::false_type{});
            some(last, std::bool_constant<is_uneven>{});
        }
    }

    /// All outputs of some filters.
    template <bool Ends, class Outputs>
    [[gnu::noinline]] static void tiles(const int8_number* x, const std::int8_t* w, std::int8_t* y,
                                        std::size_t row_count, std::size_t column_count,
                                        const Outputs outputs) noexcept {
        for (std::size_t h = 0; h < row_count; ++h) {
            const int8_number* const row = x + h * output_rows.stride * block::row_size;
            std::int8_t* const into = y + h * all_columns * Conv.filters;
            const auto one_tile = [&](auto size, std::size_t q) CTNN_INLINED {
                constexpr std::size_t count = decltype(size)::value;
                const int8_number* const from = row + q * output_columns.stride * channels;
                if constexpr (simd::multiplies_bytes)
                    tile_apart<count, Ends>(from, w, into + q * Conv.filters, outputs);
                else
                    tile<count, Ends>(from, w, into + q * Conv.filters, outputs);
            };
            if constexpr (at_once.columns > fewest) {
                if (column_count < at_once.columns) {
                    for (std::size_t q = 0; q < column_count; ++q) one_tile(number<1>{}, q);
                    continue;
                }
            }
            for (std::size_t q = 0; q < column_count; q += at_once.columns)
                one_tile(number<at_once.columns>{}, std::min(q, column_count - at_once.columns));
        }
    }

    /// Not inlined: with more sums g++ 12 would keep those of the next tile in memory.
    template <std::size_t Columns, bool Ends, class Rounding>
    [[gnu::noinline]] static void tile_apart(const int8_number* x, const std::int8_t* w,
                                             std::int8_t* y, int8_outputs<Rounding> o) noexcept {
        tile<Columns, Ends>(x, w, y, o);
    }
    /// `Columns` outputs side by side, `units` vectors of filters.
    template <std::size_t Columns, bool Ends, class Rounding>
    [[gnu::always_inline]] static void tile(const int8_number* x, const std::int8_t* w,
                                            std::int8_t* y,
                                            const int8_outputs<Rounding>& o) noexcept {
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
                CTNN_UNROLLED
                for (std::size_t s = 0; s < sums; ++s) {
                    const std::size_t from = s / units * WindowColumns * units + s % units;
                    CTNN_UNROLLED
                    for (std::size_t n = 0; n < WindowColumns; ++n)
                        sum[s] = vector::maximum(sum[s], all[from + n * units]);
                }
            }
        } else {
            add_taps<Columns, Ends>(x, w, o.starts, sum);
        }

        CTNN_UNROLLED
        for (std::size_t four = 0; four < sums; four += 4) {
            const auto at = [&](std::size_t n)
                                CTNN_INLINED { return std::min<std::size_t>(four + n, sums - 1); };
            const reg bytes = vector::in_order(int8_pack<vector, Rounding>(
                o.range, [&](std::size_t n) CTNN_INLINED { return sum[at(n)]; },
                [&](std::size_t n, std::size_t array) CTNN_INLINED {
                    return vector::load(o.first_factors + array * o.step +
                                        filter<Ends>(at(n) % units) * 4);
                }));
            if (units * lanes == Conv.filters && four + 4 <= sums) {
                vector::store(y + four * lanes, bytes);
            } else {
                std::int8_t all[4 * lanes];
                vector::store(all, bytes);
                CTNN_UNROLLED
                for (std::size_t n = 0; n < 4; ++n) {
                    const std::size_t s = four + n, u = s % units;
                    if (s < sums)
                        std::memcpy(y + s / units * Conv.filters + filter<Ends>(u), all + n * lanes,
                                    Ends && u == units - 1 ? lanes - (padded - filters) : lanes);
                }
            }
        }
    }
    template <std::size_t Columns, bool Ends>
    [[gnu::always_inline]] static void add_taps(const int8_number* x, const std::int8_t* w,
                                                const std::int8_t* starts,
                                                reg (&sum)[Columns * units]) noexcept {
        sums_of_filters::template add_taps<Columns, Ends, widens_once>(x, w, starts, sum);
    }
    template <std::size_t N>
    using number = std::integral_constant<std::size_t, N>;
};

}  // namespace ctnn::detail
