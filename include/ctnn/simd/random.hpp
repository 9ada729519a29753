// Random numbers for images in the lanes that do not depend on how many lanes there are: each is a
// hash of a key, one for each image, and of a place in the image.
#pragma once

#include <ctnn/simd/vector.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace ctnn::detail {

/// All bits of the result depend on all of `x`. Steele, Lea, Flood, "Fast splittable pseudorandom
/// number generators", 2014 (SplitMix64's last step).
constexpr std::uint64_t mixed(std::uint64_t x) noexcept {
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31U);
}

/// The random numbers of a layer in one step, for one image in each lane of `T`.
template <class T>
struct random_lanes {
    static constexpr std::size_t lanes = simd::lanes_of<T>;
    std::array<std::uint32_t, lanes> keys{};

    /// Those of another layer.
    [[nodiscard]] constexpr random_lanes of_layer(std::size_t layer) const noexcept {
        random_lanes result;
        for (std::size_t n = 0; n < lanes; ++n)
            result.keys[n] = static_cast<std::uint32_t>(
                mixed(keys[n] + 0x9e3779b97f4a7c15U * (layer + 1)) >> 32U);
        return result;
    }
    /// 24 random bits at `place`, as numbers in [0, 1), a multiple of 2^-24. The hash is that of
    /// Wellons' "Prospecting for hash functions", 2018, with the constants of lowbias32.
    [[nodiscard]] constexpr T uniform(std::size_t place) const noexcept {
        float numbers[lanes]{};
        const auto at = static_cast<std::uint32_t>(place) * 0x9e3779b9U;
        for (std::size_t n = 0; n < lanes; ++n) {
            std::uint32_t x = keys[n] + at;
            x = (x ^ (x >> 16U)) * 0x7feb352dU;
            x = (x ^ (x >> 15U)) * 0x846ca68bU;
            x ^= x >> 16U;
            numbers[n] = static_cast<float>(static_cast<std::int32_t>(x >> 8U)) * 0x1p-24f;
        }
        return simd::load<T>(numbers);
    }
};

/// The key of an image in a step, from the seed.
constexpr std::uint32_t key_of(std::uint64_t seed, std::uint64_t step,
                               std::uint64_t image) noexcept {
    return static_cast<std::uint32_t>(mixed(mixed(mixed(seed + 1) ^ step) ^ image) >> 32U);
}

}  // namespace ctnn::detail
