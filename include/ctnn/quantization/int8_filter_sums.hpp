// The sums of a convolution in bytes whose filters are in the lanes: four neighbouring bytes of x, or
// two of 16 bits, are broadcast to all of them.
#pragma once

#include <ctnn/quantization/int8_rows.hpp>
#include <ctnn/simd/integer_vector.hpp>
#include <ctnn/simd/loops.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ctnn::detail {

/// Neighbouring weights and the numbers that they are multiplied with: how many such runs there are,
/// how far they are from each other, what each has; and how far it is to the next output's.
struct int8_runs {
    std::size_t rows, columns, height, width;
    std::size_t length, words;
    std::size_t next_output;
    std::size_t filters;  // of a group, with those that fill it up
};

template <int8_runs Runs, std::size_t Units, std::size_t Chains>
struct int8_filter_sums {
    static constexpr std::size_t filters = Runs.filters,
                                 lanes = std::min(simd::integer_lanes, std::bit_floor(filters)),
                                 vectors = (filters + lanes - 1) / lanes;
    using vector = simd::integers<lanes>;
    using reg = typename vector::reg;

    /// Where the filters of vector `v` begin: the last ends where the filters do, even if it computes
    /// some again. And that of a tile, from the tile's first one.
    static constexpr std::size_t first_of(std::size_t v) noexcept {
        return std::min(v * lanes, filters - lanes);
    }
    template <bool Ends>
    static constexpr std::size_t filter(std::size_t u) noexcept {
        return Ends ? first_of(vectors - Units + u) - first_of(vectors - Units) : u * lanes;
    }

    // Weights of 16 bits, for several tiles: [run][pair][vector].
    static constexpr std::size_t pairs = (Runs.length + 1) / 2;
    static constexpr std::size_t wide_size = Runs.rows * Runs.columns * pairs * Units * lanes * 4;
    template <bool Ends>
    static void widen(const std::int8_t* w, std::int8_t* to) noexcept {
        for (std::size_t run = 0; run < Runs.rows * Runs.columns; ++run)
            for (std::size_t pair = 0; pair < pairs; pair += 2, w += filters * 4)
                for (std::size_t u = 0; u < Units; ++u) {
                    const reg four = vector::load(w + filter<Ends>(u) * 4);
                    std::int8_t* const into = to + ((run * pairs + pair) * Units + u) * lanes * 4;
                    vector::store(into, vector::first_two(four));
                    if (pair + 1 < pairs)
                        vector::store(into + Units * lanes * 4, vector::last_two(four));
                }
    }

    /// The sums of `Columns` outputs side by side; `IsWide`: the weights are those that `widen` wrote.
    template <std::size_t Columns, bool Ends, bool IsWide>
    [[gnu::always_inline]] static void add_taps(const int8_number* x, const std::int8_t* w,
                                                const std::int8_t* starts,
                                                reg (&result)[Columns * Units]) noexcept {
        constexpr std::size_t sums = Columns * Units, rest = Runs.words % Chains;
        reg sum[Chains][sums];
        CTNN_UNROLLED
        for (std::size_t s = 0; s < sums; ++s)
            sum[0][s] = vector::load(starts + filter<Ends>(s % Units) * 4);
        CTNN_UNROLLED
        for (std::size_t n = 1; n < Chains; ++n) CTNN_UNROLLED
        for (std::size_t s = 0; s < sums; ++s) sum[n][s] = vector::zero();

        for (std::size_t i = 0; i < Runs.rows; ++i)
            for (std::size_t j = 0; j < Runs.columns; ++j) {
                const int8_number* from = x + i * Runs.height + j * Runs.width;
                if constexpr (!simd::multiplies_bytes) {
                    add_run<Columns, Ends, IsWide>(from, w, sum[0]);
                } else {
                    for (std::size_t n = 0; n < Runs.words / Chains; ++n, from += Chains * 4)
                        simd::unroll<Chains>([&](auto chain) CTNN_INLINED {
                            add_word<Columns, Ends>(from + chain * 4, w, sum[chain]);
                            w += filters * 4;
                        });
                    simd::unroll<rest>([&](auto chain) CTNN_INLINED {
                        add_word<Columns, Ends>(from + chain * 4, w, sum[chain]);
                        w += filters * 4;
                    });
                }
            }

        CTNN_UNROLLED
        for (std::size_t s = 0; s < sums; ++s) {
            result[s] = sum[0][s];
            CTNN_UNROLLED
            for (std::size_t n = 1; n < Chains; ++n) result[s] = vector::add(result[s], sum[n][s]);
        }
    }

private:
    [[gnu::always_inline]] static reg broadcast(const int8_number* four) noexcept {
        std::int32_t word;
        std::memcpy(&word, four, sizeof word);
        return vector::all(word);
    }

    /// Four neighbouring numbers of each of the tile's pixels.
    template <std::size_t Columns, bool Ends>
    [[gnu::always_inline]] static void add_word(const int8_number* x, const std::int8_t* w,
                                                reg (&sum)[Columns * Units]) noexcept {
        reg weights[Units];
        CTNN_UNROLLED
        for (std::size_t u = 0; u < Units; ++u) {
            weights[u] = vector::load(w + filter<Ends>(u) * 4);
            if constexpr (Columns > 1) weights[u] = vector::in_register(weights[u]);
        }
        CTNN_UNROLLED
        for (std::size_t p = 0; p < Columns; ++p) {
            const reg value = broadcast(x + p * Runs.next_output);
            CTNN_UNROLLED
            for (std::size_t u = 0; u < Units; ++u)
                sum[p * Units + u] =
                    vector::in_register(simd::dot<vector>(sum[p * Units + u], value, weights[u]));
        }
    }

    /// All pairs of a run.
    template <std::size_t Columns, bool Ends, bool IsWide>
    [[gnu::always_inline]] static void add_run(const int8_number* x, const std::int8_t*& w,
                                               reg (&sum)[Columns * Units]) noexcept {
        if constexpr (IsWide) {
            constexpr std::size_t bytes = Units * lanes * 4;
            const auto pair = [&](std::size_t n) CTNN_INLINED {
                reg weights[Units];
                CTNN_UNROLLED
                for (std::size_t u = 0; u < Units; ++u) {
                    weights[u] = vector::load(w + n * bytes + u * lanes * 4);
                    if constexpr (Columns > 1) weights[u] = vector::in_register(weights[u]);
                }
                add_pair<Columns>(x + n * 2, weights, sum);
            };
            for (std::size_t n = 0; n < pairs / 2; ++n, x += 4, w += 2 * bytes) pair(0), pair(1);
            if constexpr (pairs % 2 == 1) pair(0), w += bytes;
        } else {
            const auto word = [&](auto has_two) CTNN_INLINED {
                reg first[Units], last[Units];
                CTNN_UNROLLED
                for (std::size_t u = 0; u < Units; ++u) {
                    const reg four = vector::load(w + filter<Ends>(u) * 4);
                    first[u] = vector::first_two(four);
                    if constexpr (decltype(has_two)::value) last[u] = vector::last_two(four);
                }
                add_pair<Columns>(x, first, sum);
                if constexpr (decltype(has_two)::value) add_pair<Columns>(x + 2, last, sum);
                x += 4, w += filters * 4;
            };
            for (std::size_t n = 0; n < pairs / 2; ++n) word(std::true_type{});
            if constexpr (pairs % 2 == 1) word(std::false_type{});
        }
    }
    template <std::size_t Columns>
    [[gnu::always_inline]] static void add_pair(const int8_number* x, const reg (&weights)[Units],
                                                reg (&sum)[Columns * Units]) noexcept {
        simd::load_again();
        CTNN_UNROLLED
        for (std::size_t p = 0; p < Columns; ++p) {
            const reg two = broadcast(x + p * Runs.next_output);
            CTNN_UNROLLED
            for (std::size_t u = 0; u < Units; ++u)
                sum[p * Units + u] = vector::in_register(
                    vector::add(sum[p * Units + u], vector::products(two, weights[u])));
        }
    }
};

}  // namespace ctnn::detail
