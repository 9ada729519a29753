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
    static constexpr std::size_t capacity = std::max<std::size_t>(1, Most);
    std::array<block, capacity> blocks{};
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
        const indices begins = in_order(true), ends = sorted([&](std::size_t a, std::size_t b) {
                                                   return blocks[a].last < blocks[b].last;
                                               });
        std::size_t most = 0, now = 0, ended = 0;
        for (std::size_t n = 0; n < count; ++n) {
            const block& b = blocks[begins[n]];
            for (; blocks[ends[ended]].last < b.first; ++ended) now -= blocks[ends[ended]].size;
            now += b.size;
            most = std::max(most, now);
        }
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
        // A try asks every block about every other, and clang evaluates a million steps for a
        // constant: deep networks get fewer.
        const std::size_t most_tries =
            std::clamp<std::size_t>(std::size_t{60'000} / (count * count + 1), 1, 12);
        for (const bool by_time : {true, false})
            for (const std::size_t bound : {least, least + line - 1}) {
                if (size <= bound || (bound > least && !are_aligned)) continue;
                arena attempt = *this;
                indices turn = attempt.in_order(by_time);
                for (std::size_t tries = 0; tries < most_tries && size > bound; ++tries) {
                    const std::size_t needed = attempt.place(turn, bound);
                    if (needed >= size) continue;
                    size = needed;
                    *this = attempt;
                }
            }
        return size;
    }

private:
    using indices = std::array<std::size_t, capacity>;
    static constexpr std::size_t line = 16;  // numbers in a cache line; or lines, of vectors

    template <class Before>
    [[nodiscard]] constexpr indices sorted(Before before) const noexcept {
        indices turn{};
        for (std::size_t b = 0; b < count; ++b) turn[b] = b;
        std::sort(turn.begin(), turn.begin() + static_cast<std::ptrdiff_t>(count), before);
        return turn;
    }
    [[nodiscard]] constexpr indices in_order(bool by_time) const noexcept {
        return sorted([&](std::size_t a, std::size_t b) {
            const block &x = blocks[a], &y = blocks[b];
            if (!by_time && x.size != y.size) return x.size > y.size;
            if (x.first != y.first) return x.first < y.first;
            if (x.is_aligned != y.is_aligned) return y.is_aligned;  // between the others
            return a < b;
        });
    }

    /// Places all in their turn; returns the size. The first that goes beyond `bound` moves to the
    /// front of `turn`.
    constexpr std::size_t place(indices& turn, std::size_t bound) noexcept {
        std::size_t size = 0, beyond = 0, others = 0;
        const block* placed[capacity]{};  // by offset
        for (std::size_t n = 0; n < count; ++n) {
            block& b = blocks[turn[n]];
            b.offset = offset_between(placed, others, b, bound);
            size = std::max(size, b.offset + b.size);
            if (size > bound && beyond == 0) beyond = n;
            if (b.size == 0) continue;
            std::size_t at = others++;
            for (; at > 0 && placed[at - 1]->offset > b.offset; --at) placed[at] = placed[at - 1];
            placed[at] = &b;
        }
        std::rotate(turn.begin(), turn.begin() + static_cast<std::ptrdiff_t>(beyond),
                    turn.begin() + static_cast<std::ptrdiff_t>(beyond) + 1);
        return size;
    }

    /// Where b lies between `others` blocks: as low as it goes; or, if that is not the very bottom,
    /// as high below `bound` as it goes.
    [[nodiscard]] static constexpr std::size_t offset_between(const block* const* placed,
                                                              std::size_t others, const block& b,
                                                              std::size_t bound) noexcept {
        const std::size_t step = b.is_aligned ? line : 1;
        std::size_t begin = 0, lowest = 0, highest = 0;
        bool has_lowest = false, has_highest = false;
        const auto try_gap = [&](std::size_t end) {  // from begin on
            const std::size_t low = (begin + step - 1) / step * step;
            if (low + b.size > end) return;
            if (!has_lowest) lowest = low;
            has_lowest = true;
            if (low + b.size > bound) return;
            highest = (std::min(end, bound) - b.size) / step * step;
            has_highest = true;
        };
        for (std::size_t m = 0; m < others; ++m) {
            const block& other = *placed[m];
            if (other.first > b.last || b.first > other.last) continue;  // one after the other
            try_gap(other.offset);
            begin = std::max(begin, other.offset + other.size);
        }
        try_gap(static_cast<std::size_t>(-1));
        return lowest > 0 && has_highest ? highest : lowest;
    }
};

}  // namespace ctnn::detail
