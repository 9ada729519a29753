// Vectors of 32-bit sums, and what is done with bytes to get there and back: products of neighbours,
// rounded factors, saturated packing. `integers<Lanes>` has the same functions for every processor.
#pragma once

#include <ctnn/simd/integers_512.hpp>
#include <ctnn/simd/integers_neon.hpp>

namespace ctnn::simd {

/// Vector::dot, for templates that leave it alone unless `multiplies_bytes`.
template <class Vector>
[[gnu::always_inline]] inline typename Vector::reg
dot(typename Vector::reg sum, typename Vector::reg x, typename Vector::reg w) noexcept {
    return Vector::dot(sum, x, w);
}

template <class Vector>
struct four_vectors {
    typename Vector::reg of[4];
};
/// Four rows of bytes as words with one of each, in the order of low_bytes and high_bytes.
template <class Vector>
[[gnu::always_inline]] inline four_vectors<Vector>
words_of_rows(typename Vector::reg a, typename Vector::reg b, typename Vector::reg c,
              typename Vector::reg d) noexcept {
    const auto ab = Vector::low_bytes(a, b), more_ab = Vector::high_bytes(a, b),
               cd = Vector::low_bytes(c, d), more_cd = Vector::high_bytes(c, d);
    return {{Vector::low_16_bits(ab, cd), Vector::high_16_bits(ab, cd),
             Vector::low_16_bits(more_ab, more_cd), Vector::high_16_bits(more_ab, more_cd)}};
}

}  // namespace ctnn::simd
