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

}  // namespace ctnn::simd
