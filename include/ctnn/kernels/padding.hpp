// Which outputs of a tile find a pixel under a tap, rather than padding. The loops of one image
// read the image as it is and leave out what falls on padding: a loop for every case that occurs.
#pragma once

#include <ctnn/shape.hpp>
#include <ctnn/simd/loops.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>

namespace ctnn::detail {

/// Those of the outputs start ... start + count - 1 that are in `inside`, counted from `start`.
constexpr axis::range part_inside(axis::range inside, std::size_t start,
                                  std::size_t count) noexcept {
    const auto from_start = [&](std::size_t output) {
        return output > start ? std::min(output - start, count) : 0;
    };
    const std::size_t first = from_start(inside.first);
    return {first, std::max(first, from_start(inside.last))};
}

/// The outputs of an axis that are computed: `Total` of them, `AtOnce` side by side.
template <axis Axis, std::size_t Total, std::size_t AtOnce>
struct tiled_axis {
    static constexpr auto outputs_of_tap = [] {
        std::array<axis::range, Axis.taps> result{};
        for (std::size_t i = 0; i < Axis.taps; ++i) result[i] = Axis.outputs_inside(i);
        return result;
    }();
    /// Outputs that see nothing but pixels.
    static constexpr axis::range all_inside = [] {
        axis::range result{0, Total};
        for (const axis::range& outputs : outputs_of_tap) {
            result.first = std::max(result.first, outputs.first);
            result.last = std::min(result.last, outputs.last);
        }
        return result;
    }();
    static constexpr bool is_inside(std::size_t start) noexcept {
        return all_inside.first <= start && start + AtOnce <= all_inside.last;
    }
    static constexpr axis::range inside(std::size_t start, std::size_t tap) noexcept {
        return part_inside(outputs_of_tap[tap], start, AtOnce);
    }

    /// The first tap behind `tap` that finds pixels for other outputs of the tile.
    static constexpr std::size_t next_tap(std::size_t start, std::size_t tap) noexcept {
        const axis::range same = inside(start, tap);
        do ++tap;
        while (tap < Axis.taps && inside(start, tap).first == same.first &&
               inside(start, tap).last == same.last);
        return tap;
    }

    /// Where tile number n starts; the last ends where the outputs do, even if it computes some
    /// again.
    static constexpr std::size_t tiles = (Total + AtOnce - 1) / AtOnce;
    static constexpr std::size_t start_of(std::size_t n) noexcept {
        return std::min(n * AtOnce, Total - AtOnce);
    }
    /// How many outputs of the tile that starts there another one computes, too: its first ones.
    static constexpr std::size_t computed_twice(std::size_t start) noexcept {
        return start == start_of(tiles - 1) ? tiles * AtOnce - Total : 0;
    }

    /// Calls f(start) for every tile that sees padding.
    template <class F>
    static constexpr void for_edges(F&& f) noexcept {
        for (std::size_t n = 0; n < tiles; ++n) {
            if (is_inside(start_of(n)))
                n = std::max(n, all_inside.last / AtOnce - 1);
            else
                f(start_of(n));
        }
    }
    /// How many they are, and where they start.
    static constexpr std::size_t edges = [] {
        std::size_t count = 0;
        for_edges([&](std::size_t) { ++count; });
        return count;
    }();
    static constexpr auto edge_starts = [] {
        std::array<std::size_t, edges> result{};
        std::size_t count = 0;
        for_edges([&](std::size_t start) { result[count++] = start; });
        return result;
    }();

    /// Calls f(like, start) for every tile: the compile-time constant `like` is where a tile starts
    /// whose taps find the same pixels, this one or any that sees no padding.
    template <class F>
    [[gnu::always_inline]] static constexpr void for_tiles(F&& f) noexcept {
        if constexpr (edges < tiles)
            for (std::size_t n = 0; n < tiles; ++n)
                if (edges == 0 || is_inside(start_of(n)))
                    f(std::integral_constant<std::size_t, all_inside.first>{}, start_of(n));
        simd::unroll<edges>([&](auto n) CTNN_INLINED {
            constexpr std::size_t start = edge_starts[n];
            f(std::integral_constant<std::size_t, start>{}, start);
        });
    }

    /// Every inside(start, tap) of a tile, if none is empty, that differs from the others.
    struct part_list {
        std::size_t count = 0;
        std::array<axis::range, AtOnce*(AtOnce + 1) / 2> parts{};
        constexpr void add(axis::range part) noexcept {
            if (part.first == part.last) return;
            for (std::size_t n = 0; n < count; ++n)
                if (parts[n].first == part.first && parts[n].last == part.last) return;
            parts[count++] = part;
        }
    };
    static constexpr part_list parts = [] {
        part_list list;
        if (edges < tiles) list.add({0, AtOnce});
        for (const std::size_t start : edge_starts)
            for (std::size_t tap = 0; tap < Axis.taps; ++tap) list.add(inside(start, tap));
        return list;
    }();
};

}  // namespace ctnn::detail
