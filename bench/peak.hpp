// What this core can do: multiply-adds a second from registers alone, measured beside every
// benchmark, because machines change their speed while one looks.
#pragma once

#include <ctnn/simd.hpp>

#include <chrono>
#include <cstddef>

namespace bench {

inline double seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

/// Fused multiply-adds a second, each lane counted, in the widest vectors that the build may use:
/// 12 independent chains hide the latency (4 cycles) of two units.
inline double measure_peak() {
    using ctnn::simd::native;
    constexpr std::size_t chains = 12, steps = 20'000;
    native sum[chains], factor(0.999f), term(0.001f);
    ctnn::simd::unroll<chains>([&](auto i) __attribute__((always_inline)) {
        sum[i] = native(static_cast<float>(i));
    });
    const double start = seconds();
    for (std::size_t n = 0; n < steps; ++n) {
        ctnn::simd::unroll<chains>([&](auto i) __attribute__((always_inline)) {
            sum[i] = ctnn::simd::fma(sum[i], factor, term);
        });
    }
    const double time = seconds() - start;
    native total(0.0f);
    ctnn::simd::unroll<chains>([&](auto i)
                                   __attribute__((always_inline)) { total = total + sum[i]; });
    const float kept = ctnn::simd::sum_of_lanes(total);
    asm volatile("" : : "m"(kept));
    return static_cast<double>(chains * steps * ctnn::simd::native_lanes) / time;
}

}  // namespace bench
