// Loops that the compiler cuts into tiles which fit into the registers.
#pragma once

#include <ctnn/simd/vector.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace ctnn::simd {

/// Calls `f` with 0, 1, ..., Count - 1 as compile-time constants: a loop that is always unrolled,
/// so that a local array of accumulators stays in registers.
template <std::size_t Count, class F>
[[gnu::always_inline]] constexpr void unroll(F&& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) CTNN_INLINED {
        (f(std::integral_constant<std::size_t, I>{}), ...);
    }
    (std::make_index_sequence<Count>{});
}

/// What was loaded before is loaded again behind it. Between the taps of a convolution: g++ at -O3
/// otherwise keeps the pixels that two taps have in common, more than there are registers.
[[gnu::always_inline]] constexpr void load_again() noexcept {
    if (!std::is_constant_evaluated()) asm volatile("" : : : "memory");
}

/// Asks for what lies `numbers` behind p, or beyond the end, where nothing is read.
template <class T>
[[gnu::always_inline]] inline void prefetch(const T* p, std::size_t numbers) noexcept {
    // As a number: p may not be moved beyond the end.
    const auto there = reinterpret_cast<std::uintptr_t>(p) + numbers * sizeof(T);
    __builtin_prefetch(reinterpret_cast<const void*>(there));  // NOLINT(*-no-int-to-ptr)
}
/// Of weights in rows of `Step` floats: asks for what lies 16 rows behind p. Where rows lie far apart,
/// processors do not foresee them: they are on other pages of memory before long.
template <std::size_t Step>
[[gnu::always_inline]] constexpr void prefetch_rows([[maybe_unused]] const float* p) noexcept {
    if constexpr (native_lanes > 1 && Step >= 64)  // small processors have no cache that waits
        if (!std::is_constant_evaluated()) prefetch(p, 16 * Step);
}

/// How many tiles `total` is cut into.
constexpr std::size_t tile_count(std::size_t total, std::size_t most) noexcept {
    return (total + most - 1) / most;
}
/// The size of the larger ones when `total` is cut into tiles of nearly equal size.
constexpr std::size_t tile_size(std::size_t total, std::size_t most) noexcept {
    const std::size_t count = tile_count(total, most);
    return count == 0 ? 0 : (total + count - 1) / count;
}

/// Cuts 0 ... Total - 1 into tiles of nearly equal size, at most `Most` each, and calls
/// `f(first, size)`; `size` is a compile-time constant, so that the tile can live in registers.
template <std::size_t Total, std::size_t Most = registers * 3 / 4, class F>
[[gnu::always_inline]] constexpr void for_tiles(F&& f) {
    if constexpr (Total > 0) {
        constexpr std::size_t count = tile_count(Total, Most);
        constexpr std::size_t larger = tile_size(Total, Most);  // `smaller` tiles have one less
        constexpr std::size_t smaller = larger * count - Total;
        for (std::size_t i = 0; i < count - smaller; ++i)
            f(i * larger, std::integral_constant<std::size_t, larger>{});
        if constexpr (smaller > 0)
            for (std::size_t i = 0; i < smaller; ++i)
                f((count - smaller) * larger + i * (larger - 1),
                  std::integral_constant<std::size_t, larger - 1>{});
    }
}

/// Goes through `Count` floats: calls `f(first, T{})` for a vector `T` of them as long as there are
/// enough, then with `float` for each of the rest. (Where there is no rest, g++ 12 would warn of
/// that loop.)
template <std::size_t Count, class F>
constexpr void for_vectors(F&& f) {
    constexpr std::size_t rest = Count % native_lanes;
    for (std::size_t i = 0; i < Count - rest; i += native_lanes) f(i, native{});
    if constexpr (rest > 0)
        for (std::size_t i = Count - rest; i < Count; ++i) f(i, float{});
}

/// V from p on: a T, or as many floats as it has lanes; and to where p points.
template <class V, class T>
[[gnu::always_inline]] constexpr V load_as(const T* p) noexcept {
    if constexpr (std::is_same_v<V, T>)
        return *p;
    else
        return load<V>(p);
}
template <class T, class V>
[[gnu::always_inline]] constexpr void store_as(T* p, V numbers) noexcept {
    if constexpr (std::is_same_v<V, T>)
        *p = numbers;
    else
        store(p, numbers);
}
/// Goes through `Count` T: calls `f(first, V{})`, V as in load_as: one by one, or of floats as many
/// at once as a vector has, but for the compiler.
template <std::size_t Count, class T, class F>
constexpr void for_numbers(F&& f) {
    if constexpr (std::is_same_v<T, float> && native_lanes > 1)
        if (!std::is_constant_evaluated()) return for_vectors<Count>(f);
    for (std::size_t i = 0; i < Count; ++i) f(i, T{});
}
/// y(i) = f(x(i)), `Count` times, as for_numbers goes; what fills no vector among zeros.
template <std::size_t Count, class T, class F>
constexpr void transform(const T* x, T* y, F&& f) {
    constexpr std::size_t rest =
        std::is_same_v<T, float> && native_lanes > 1 ? Count % native_lanes : 0;
    if constexpr (rest > 0)
        if (!std::is_constant_evaluated()) {
            float numbers[native_lanes]{};
            std::copy_n(x + Count - rest, rest, numbers);
            store(numbers, native(f(load<native>(numbers))));
            transform<Count - rest>(x, y, f);
            std::copy_n(numbers, rest, y + Count - rest);
            return;
        }
    for_numbers<Count, T>([&]<class V>(std::size_t i, V)
                              CTNN_INLINED { store_as(y + i, V(f(load_as<V>(x + i)))); });
}

}  // namespace ctnn::simd
