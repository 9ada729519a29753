// What this core can do: multiply-adds a second from registers alone, measured beside every
// benchmark, because machines change their speed while one looks.
#pragma once

#include <ctnn/simd/loops.hpp>
#include <ctnn/simd/vector.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <span>

namespace bench {

inline double seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

/// Fused multiply-adds a second, each lane counted, in the widest vectors that the build may use:
/// 12 independent chains hide the latency (4 cycles) of two units. Named variables, because g++
/// keeps an array of sums in memory here; unrolled, because the jump back costs one cycle in 13. No
/// sum may start at term / (1 - factor), where it would stay: clang would not compute it.
inline double measure_peak() {
    using ctnn::simd::native;
    constexpr std::size_t chains = 12, steps = 20'000, unrolled = 8;
    const native factor(0.999f), term(0.5f);
    native a(0.0f), b(1.0f), c(2.0f), d(3.0f), e(4.0f), f(5.0f);
    native g(6.0f), h(7.0f), i(8.0f), j(9.0f), k(10.0f), l(11.0f);
    const auto step = [&](native& x) CTNN_INLINED { x = ctnn::simd::fma(x, factor, term); };
    const double start = seconds();
    for (std::size_t n = 0; n < steps; n += unrolled)
        ctnn::simd::unroll<unrolled>([&](auto) CTNN_INLINED {
            step(a), step(b), step(c), step(d), step(e), step(f);
            step(g), step(h), step(i), step(j), step(k), step(l);
        });
    const native total = a + b + c + d + e + f + g + h + i + j + k + l;
    const float kept = ctnn::simd::sum_of_lanes(total);
    asm volatile("" : : "m"(kept));
    const double time = seconds() - start;
    return static_cast<double>(chains * steps * ctnn::simd::native_lanes) / time;
}

/// Bytes a second that go in and out where `memory` lies: its first half is copied to its second.
inline double measure_bandwidth(std::span<float> memory) {
    using ctnn::simd::native;
    const std::size_t half =
        memory.size() / 2 / (4 * ctnn::simd::native_lanes) * 4 * ctnn::simd::native_lanes;
    const std::size_t repeats = 1 + (std::size_t{1} << 19U) / std::max<std::size_t>(half, 1);
    const double start = seconds();
    for (std::size_t n = 0; n < repeats; ++n) {
        for (std::size_t i = 0; i < half; i += 4 * ctnn::simd::native_lanes)
            ctnn::simd::unroll<4>([&](auto u) CTNN_INLINED {
                const std::size_t at = i + u * ctnn::simd::native_lanes;
                ctnn::simd::store(memory.data() + half + at,
                                  ctnn::simd::load<native>(memory.data() + at));
            });
        asm volatile("" : : : "memory");
    }
    return static_cast<double>(2 * half * sizeof(float) * repeats) / (seconds() - start);
}

}  // namespace bench
