// Where blocks of memory lie that are alive at different times: offsets, chosen by the compiler, so
// that no two that are alive at once overlap and the whole is as small as it can be, or nearly.
#pragma once

#include <ctnn/tensor.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace ctnn::detail {

/// Some numbers, alive from time `first` to time `last`, both included.
struct block {
    std::size_t size = 0, first = 0, last = 0;
    bool is_aligned = false;  // begins with a cache line
    std::size_t offset = 0;
};

/// In the place of a block that is not there.
inline constexpr std::size_t no_block = static_cast<std::size_t>(-1);

template <std::size_t Most>
struct arena {
    std::array<block, std::max<std::size_t>(1, Most)> blocks{};
    std::size_t count = 0;

    constexpr std::size_t add(block b) noexcept {
        blocks[count] = b;
        return count++;
    }
    /// Numbers that are alive at `time`.
    [[nodiscard]] constexpr std::size_t alive(std::size_t time) const noexcept {
        std::size_t sum = 0;
        for (std::size_t b = 0; b < count; ++b)
            if (blocks[b].first <= time && time <= blocks[b].last) sum += blocks[b].size;
        return sum;
    }
    /// The largest set of numbers that are alive at once: no placement needs less.
    [[nodiscard]] constexpr std::size_t largest_set() const noexcept {
        std::size_t most = 0;
        for (std::size_t b = 0; b < count; ++b) most = std::max(most, alive(blocks[b].first));
        return most;
    }

    /// Gives every block its offset; returns how many numbers the whole takes. Tried are, until the
    /// largest set is enough: blocks in the order of time, those of one moment alternately at the
    /// two ends of the memory (for a chain, that is the least), then the largest first (as TensorFlow
    /// Lite Micro's greedy memory planner); and each again some times, with the block that did not
    /// fit before all others.
    constexpr std::size_t place() noexcept {
        const std::size_t least = largest_set();
        bool are_aligned = false;
        for (std::size_t b = 0; b < count; ++b) are_aligned |= blocks[b].is_aligned;
        std::size_t size = static_cast<std::size_t>(-1);
        for (const bool by_time : {true, false})
            for (const std::size_t bound : {least, least + line - 1}) {
                if (size <= bound || (bound > least && !are_aligned)) continue;
                arena attempt = *this;
                indices turn = attempt.in_order(by_time);
                for (std::size_t tries = 0; tries < 12 && size > bound; ++tries) {
                    const std::size_t needed = attempt.place(turn, bound);
                    if (needed >= size) continue;
                    size = needed;
                    *this = attempt;
                }
            }
        return size;
    }

private:
    using indices = std::array<std::size_t, std::max<std::size_t>(1, Most)>;
    static constexpr std::size_t line = 16;  // numbers in a cache line; or lines, of vectors

    [[nodiscard]] constexpr indices in_order(bool by_time) const noexcept {
        indices turn{};
        for (std::size_t b = 0; b < count; ++b) turn[b] = b;
        std::sort(turn.begin(), turn.begin() + static_cast<std::ptrdiff_t>(count),
                  [&](std::size_t a, std::size_t b) {
                      const block &x = blocks[a], &y = blocks[b];
                      if (!by_time && x.size != y.size) return x.size > y.size;
                      if (x.first != y.first) return x.first < y.first;
                      if (x.is_aligned != y.is_aligned) return y.is_aligned;  // between the others
                      return a < b;
                  });
        return turn;
    }

    /// Places all in their turn; returns the size. The first that goes beyond `bound` moves to the
    /// front of `turn`.
    constexpr std::size_t place(indices& turn, std::size_t bound) noexcept {
        std::size_t size = 0, beyond = 0;
        for (std::size_t n = 0; n < count; ++n) {
            put(turn, n, bound);
            size = std::max(size, blocks[turn[n]].offset + blocks[turn[n]].size);
            if (size > bound && beyond == 0) beyond = n;
        }
        std::rotate(turn.begin(), turn.begin() + static_cast<std::ptrdiff_t>(beyond),
                    turn.begin() + static_cast<std::ptrdiff_t>(beyond) + 1);
        return size;
    }

    /// Places block turn[n] between those before it: as low as it goes; or, if that is not the very
    /// bottom, as high below `bound` as it goes.
    constexpr void put(const indices& turn, std::size_t n, std::size_t bound) noexcept {
        block& b = blocks[turn[n]];
        indices near{};  // alive at the same time, by offset
        std::size_t neighbours = 0;
        for (std::size_t m = 0; m < n; ++m) {
            const block& other = blocks[turn[m]];
            if (other.size > 0 && other.first <= b.last && b.first <= other.last)
                near[neighbours++] = turn[m];
        }
        std::sort(near.begin(), near.begin() + static_cast<std::ptrdiff_t>(neighbours),
                  [&](std::size_t lower, std::size_t upper) {
                      return blocks[upper].offset > blocks[lower].offset;
                  });
        const std::size_t step = b.is_aligned ? line : 1;
        std::size_t begin = 0, lowest = 0, highest = 0;
        bool has_lowest = false, has_highest = false;
        for (std::size_t m = 0; m <= neighbours; ++m) {
            const std::size_t low = (begin + step - 1) / step * step,
                              end = m < neighbours ? blocks[near[m]].offset : std::max(bound, low);
            if (low + b.size <= end || m == neighbours) {
                if (!has_lowest) lowest = low;
                has_lowest = true;
                if (low + b.size <= bound) {
                    highest = (std::min(end, bound) - b.size) / step * step;
                    has_highest = true;
                }
            }
            if (m < neighbours) begin = std::max(begin, end + blocks[near[m]].size);
        }
        b.offset = lowest > 0 && has_highest ? highest : lowest;
    }
};

}  // namespace ctnn::detail
