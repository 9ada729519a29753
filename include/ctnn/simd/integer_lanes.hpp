// How many 32-bit integers a vector has, and how their products are computed.
#pragma once

#include <ctnn/simd/vector.hpp>

#include <cstddef>

namespace ctnn::simd {

/// `Lanes` integers of 32 bits in a register; or twice as many of 16; or four times as many bytes.
template <std::size_t Lanes>
struct integers;

// AVX512F alone has no vectors of bytes.
#if CTNN_HAS_XSIMD && defined(__AVX512BW__) && defined(__AVX512VL__)
inline constexpr std::size_t integer_lanes = 16;
#elif CTNN_HAS_XSIMD && defined(__AVX2__)
inline constexpr std::size_t integer_lanes = 8;
#elif CTNN_HAS_XSIMD
inline constexpr std::size_t integer_lanes = 4;
#else
inline constexpr std::size_t integer_lanes = 1;  // none
#endif

// Whether one instruction adds four products of bytes (`dot`). Otherwise one adds two of 16 bits:
// that for two of bytes saturates, 16 bits do not hold 2 x 255 x 127.
#if CTNN_HAS_XSIMD && defined(__AVX512VNNI__) && defined(__AVX512BW__) && defined(__AVX512VL__)
inline constexpr bool multiplies_bytes = true;
#elif CTNN_HAS_XSIMD && defined(__AVXVNNI__) && defined(__AVX2__) && !defined(__AVX512BW__)
inline constexpr bool multiplies_bytes = true;
#elif CTNN_HAS_XSIMD && (defined(__ARM_FEATURE_DOTPROD) || defined(__ARM_FEATURE_MATMUL_INT8))
inline constexpr bool multiplies_bytes = true;
#else
inline constexpr bool multiplies_bytes = false;
#endif

}  // namespace ctnn::simd
