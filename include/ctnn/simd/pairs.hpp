// Lanes in pairs: two numbers for all of them, and the sums of pairs.
#pragma once

#include <ctnn/simd/vector.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace ctnn::simd {

/// The two numbers from `memory` on, in every pair of lanes.
template <class T>
[[gnu::always_inline]] inline T load_pair(const float* memory) noexcept {
#if CTNN_HAS_XSIMD
    using integers = xsimd::batch<std::int64_t, typename T::arch_type>;
    std::int64_t two;
    std::memcpy(&two, memory, sizeof two);
    return T(
        std::bit_cast<typename T::register_type>(typename integers::register_type(integers(two))));
#else
    return T(*memory);  // no lanes, no pairs
#endif
}

/// a(0), b(0), a(1), b(1), ...
template <class T, class Half>
[[gnu::always_inline]] inline T in_pairs(Half a, Half b) noexcept {
    constexpr std::size_t half = lanes_of<Half>;
    static_assert(2 * half == lanes_of<T>);
    const typename Half::register_type from_a = a, from_b = b;
    return [&]<std::size_t... N>(std::index_sequence<N...>) CTNN_INLINED {
        return T(__builtin_shufflevector(from_a, from_b, (N / 2 + N % 2 * half)...));
    }
    (std::make_index_sequence<2 * half>{});
}

/// low(n) = a(2 n) + a(2 n + 1), high(n) = b(2 n) + b(2 n + 1).
template <class T, class Half>
[[gnu::always_inline]] inline void add_pairs(T a, T b, Half& low, Half& high) noexcept {
    constexpr std::size_t half = lanes_of<Half>;
    static_assert(2 * half == lanes_of<T>);
    using reg = typename T::register_type;
    [&]<std::size_t... N>(std::index_sequence<N...>) CTNN_INLINED {
        const reg from_a = a, from_b = b,
                  sums = T(__builtin_shufflevector(from_a, from_b, (2 * N)...,
                                                   (2 * half + 2 * N)...)) +
                         T(__builtin_shufflevector(from_a, from_b, (2 * N + 1)...,
                                                   (2 * half + 2 * N + 1)...));
        low = Half(__builtin_shufflevector(sums, sums, N...));
        high = Half(__builtin_shufflevector(sums, sums, (half + N)...));
    }
    (std::make_index_sequence<half>{});
}

}  // namespace ctnn::simd
