#include <ctnn/simd/transpose.hpp>

#include <doctest/doctest.h>

#include <vector>

namespace {

using ctnn::simd::native, ctnn::simd::native_lanes;

#if CTNN_HAS_XSIMD
TEST_CASE("lane n of many vectors becomes vector n") {
    std::vector<float> numbers(native_lanes * native_lanes), turned(numbers.size());
    std::vector<native> vectors(native_lanes);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i * i % 1013);
    for (std::size_t r = 0; r < native_lanes; ++r)
        vectors[r] = ctnn::simd::load<native>(&numbers[r * native_lanes]);
    std::size_t next = 0;
    ctnn::simd::transpose(vectors.data(), [&](std::size_t n, const native(&four)[4]) {
        CHECK(n == next);
        for (std::size_t i = 0; i < 4; ++i)
            ctnn::simd::store(&turned[(n + i) * native_lanes], four[i]);
        next = n + 4;
    });
    CHECK(next == native_lanes);
    for (std::size_t r = 0; r < native_lanes; ++r)
        for (std::size_t n = 0; n < native_lanes; ++n)
            CHECK(turned[n * native_lanes + r] == numbers[r * native_lanes + n]);
}
#endif

}  // namespace
