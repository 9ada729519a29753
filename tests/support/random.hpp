// Numbers for tests: pseudo-random, the same on every machine and in every run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

/// Splitmix64: the same numbers on every machine.
class generator {
public:
    explicit generator(std::uint64_t seed) : state(seed) {}
    std::uint64_t next() {
        std::uint64_t z = state += 0x9e3779b97f4a7c15U;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }
    float between(float low, float high) {
        return low + (high - low) * static_cast<float>(next() >> 40U) * 0x1p-24f;
    }
    std::vector<float> vector(std::size_t count, float low, float high) {
        std::vector<float> result(count);
        for (float& v : result) v = between(low, high);
        return result;
    }

private:
    std::uint64_t state;
};

/// Fills what has elements with numbers from [-limit, limit); `seed` gives a row of its own.
template <class Floats>
void fill_random(Floats& floats, std::uint64_t seed, float limit) {
    generator random(seed);
    for (float& value : floats.elements) value = random.between(-limit, limit);
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
