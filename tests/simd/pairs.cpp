#include <ctnn/simd/pairs.hpp>

#include <doctest/doctest.h>

#include <array>

namespace {

#if CTNN_HAS_XSIMD
template <std::size_t Lanes>
void check() {
    namespace simd = ctnn::simd;
    if constexpr (2 * Lanes <= simd::native_lanes) {
        using half = simd::vector<Lanes>;
        using wide = simd::vector<2 * Lanes>;
        std::array<float, 2 * Lanes> a{}, b{}, y{};
        for (std::size_t n = 0; n < y.size(); ++n)
            a[n] = static_cast<float>(n * n + 1), b[n] = static_cast<float>(100 * n + 7);

        simd::store(y.data(), simd::load_pair<wide>(&a[1]));
        for (std::size_t n = 0; n < y.size(); ++n) CHECK(y[n] == a[1 + n % 2]);

        simd::store(y.data(),
                    simd::in_pairs<wide>(simd::load<half>(a.data()), simd::load<half>(b.data())));
        for (std::size_t n = 0; n < Lanes; ++n) {
            CHECK(y[2 * n] == a[n]);
            CHECK(y[2 * n + 1] == b[n]);
        }

        half low, high;
        simd::add_pairs(simd::load<wide>(a.data()), simd::load<wide>(b.data()), low, high);
        simd::store(y.data(), low);
        simd::store(&y[Lanes], high);
        for (std::size_t n = 0; n < Lanes; ++n) {
            CHECK(y[n] == a[2 * n] + a[2 * n + 1]);
            CHECK(y[Lanes + n] == b[2 * n] + b[2 * n + 1]);
        }
    }
}
TEST_CASE("lanes in pairs") {
    check<4>();
    check<8>();
}
#endif

}  // namespace
