// Moving images into and out of the lanes of SIMD vectors: lane n of every vector belongs to image
// n.
#pragma once

#include <ctnn/simd/vector.hpp>
#include <ctnn/tensor.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>

namespace ctnn {

/// `x[i]` holds number i of every image, in lane n that of image n. A missing image (nullptr) is
/// zero.
template <class T, class Shape>
constexpr void to_lanes(const std::array<const tensor<Shape>*, simd::lanes_of<T>>& images,
                        tensor_view<Shape, T> x) noexcept {
    constexpr std::size_t lanes = simd::lanes_of<T>, block = 16, ahead = 6 * block;
    for (std::size_t first = 0; first < Shape::size; first += block) {
        const std::size_t count = std::min(block, Shape::size - first);
        float values[block][lanes]{};
        for (std::size_t n = 0; n < lanes; ++n) {
            if (images[n] == nullptr) continue;
            const float* from = images[n]->data() + first;
            // Shuffled images come from all over the memory, more of them than a processor follows.
            if (!std::is_constant_evaluated() && Shape::size - first > ahead)
                __builtin_prefetch(from + ahead);
            for (std::size_t i = 0; i < count; ++i) values[i][n] = from[i];
        }
        for (std::size_t i = 0; i < count; ++i) x[first + i] = simd::load<T>(values[i]);
    }
}

/// The reverse; lanes whose image is nullptr are dropped.
template <class T, class Shape>
constexpr void from_lanes(tensor_view<Shape, const T> x,
                          const std::array<tensor<Shape>*, simd::lanes_of<T>>& images) noexcept {
    constexpr std::size_t lanes = simd::lanes_of<T>;
    for (std::size_t i = 0; i < Shape::size; ++i) {
        float values[lanes]{};
        simd::store(values, x[i]);
        for (std::size_t n = 0; n < lanes; ++n)
            if (images[n] != nullptr) (*images[n])[i] = values[n];
    }
}

}  // namespace ctnn
