// How many outputs of a convolution in bytes are computed at once, one image at a time.
#pragma once

#include <ctnn/simd/integer_vector.hpp>

#include <algorithm>
#include <cstddef>

namespace ctnn::detail {

/// Neighbouring outputs, vectors of filters of each; and how many sums each has, for words by turns.
struct int8_tile {
    std::size_t columns, vectors, chains;
};

/// The tile that takes the fewest cycles; with windows, of so many outputs in a row of them. A core
/// multiplies two vectors in a cycle or loads two, and a sum waits five for the one before it.
constexpr int8_tile int8_tile_of_words(std::size_t columns, std::size_t vectors, std::size_t words,
                                       std::size_t words_of_run, std::size_t window) noexcept {
    const auto tiles = [](std::size_t all, std::size_t size) { return (all + size - 1) / size; };
    int8_tile best{1, 1, 1};
    std::size_t least = static_cast<std::size_t>(-1);
    for (std::size_t v = 1; v <= std::min<std::size_t>(vectors, 28); ++v)
        for (std::size_t q = 1; q <= std::min<std::size_t>(columns, 28); ++q)
            for (std::size_t chains = 1; chains <= std::min<std::size_t>(words_of_run, 4);
                 ++chains) {
                const std::size_t all = window * q,
                                  sums = all * v * chains + (window > 1 ? q * v : 0);
                if (sums + (all > 1 ? v + 1 : 2) > simd::registers) break;
                // Halves of cycles.
                const std::size_t step = std::max({all * v, all + v, (9 + chains) / chains});
                const std::size_t cycles = tiles(vectors, v) * tiles(columns, q) *
                                           (step * words + 30 + 8 * q * v + (chains - 1) * q * v);
                if (cycles < least) least = cycles, best = {q, v, chains};
            }
    return best;
}
/// The same for pairs of 16 bits: a product and an addition for each, two of four that a core does in
/// a cycle.
constexpr int8_tile int8_tile_of_pairs(std::size_t columns, std::size_t vectors, std::size_t pairs,
                                       std::size_t window) noexcept {
    const auto tiles = [](std::size_t all, std::size_t size) { return (all + size - 1) / size; };
    int8_tile best{1, 1, 1};
    std::size_t least = static_cast<std::size_t>(-1);
    for (std::size_t v = 1; v <= std::min<std::size_t>(vectors, 12); ++v)
        for (std::size_t q = 1; q <= std::min<std::size_t>(columns, 12); ++q) {
            const std::size_t all = window * q, sums = all * v + (window > 1 ? q * v : 0);
            if (sums + v + 2 > simd::registers) break;
            // Halves of cycles.
            const std::size_t step = std::max(all * v, all + v);
            const std::size_t cycles =
                tiles(vectors, v) * tiles(columns, q) * (step * pairs + 30 + 5 * q * v);
            if (cycles < least) least = cycles, best = {q, v, 1};
        }
    return best;
}

}  // namespace ctnn::detail
