// Numbers for tests: pseudo-random, the same on every machine and in every run.
#pragma once

#include <cstddef>
#include <cstdint>

/// Fills what has elements with numbers from [-limit, limit); `seed` gives a row of its own.
template <class Floats>
void fill_random(Floats& floats, std::uint64_t seed, float limit) {
    std::uint64_t state = seed * 0x9E3779B97F4A7C15U + 0x632BE59BD9B4E019U;
    for (float& value : floats.elements) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        value = limit * (static_cast<float>(state >> 40U) / 8388608.0f - 1.0f);
    }
}

/// Whether a check on these numbers can fail: they are not all zero and not all equal.
template <class Floats>
bool varied(const Floats& floats) {
    for (std::size_t i = 0; i < floats.size(); ++i)
        if (floats[i] != 0.0f &&
            (floats.size() == 1 || floats[i] != floats[(i + 1) % floats.size()]))
            return true;
    return false;
}
