#include <ctnn/layers/pixel_window.hpp>

#include "support/random.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <vector>

using namespace ctnn;

namespace {

constexpr std::size_t lanes = simd::native_lanes;

// Not the same in another order, so that only row by row is right.
constexpr auto halve_and_add = []<class V>(V kept, V x) { return V(kept * V(0.5f) + x); };
constexpr auto less_one = []<class V>(V kept) { return V(kept - V(1.0f)); };

/// Windows of an image of 5 pixels a row; what lies behind the output stays as it is.
template <std::size_t Channels>
void check(std::size_t rows, std::size_t columns) {
    const detail::pixel_window<Channels> window{rows, columns, 5 * Channels};
    const std::vector<float> x = generator(Channels).vector(4 * 5 * Channels, -1.0f, 1.0f);
    std::vector<double> expected;
    for (std::size_t c = 0; c < Channels; ++c) {
        double kept = 0.0;
        for (std::size_t i = 0; i < rows; ++i)
            for (std::size_t j = 0; j < columns; ++j)
                kept = 0.5 * kept + static_cast<double>(x[(i * 5 + j) * Channels + c]);
        expected.push_back(kept - 1.0);
    }
    std::vector<float> y(Channels + 1, 77.0f);
    window.pool(x.data(), y.data(), halve_and_add, less_one);
    CHECK(y.back() == 77.0f);
    std::vector<simd::native> many, of_many(Channels);
    for (const float number : x) many.emplace_back(number);
    window.pool(many.data(), of_many.data(), halve_and_add, less_one);
    for (std::size_t c = 0; c < Channels; ++c) {
        CHECK(y[c] == doctest::Approx(expected[c]).epsilon(1e-6).scale(1));
        float in_lanes[lanes];
        simd::store(in_lanes, of_many[c]);
        for (const float number : in_lanes)
            CHECK(number == doctest::Approx(expected[c]).epsilon(1e-6).scale(1));
    }
}
template <std::size_t Channels>
void check_windows() {
    CAPTURE(Channels);
    check<Channels>(1, 1);
    check<Channels>(1, 5);
    check<Channels>(4, 1);
    check<Channels>(3, 2);
}

constexpr float by_the_compiler() {
    constexpr std::array<float, 6> x{1, 2, 4, 8, 16, 32};  // two channels
    std::array<float, 2> y{};
    detail::pixel_window<2>{1, 3, 6}.pool(x.data(), y.data(), halve_and_add, less_one);
    return y[1];  // (2 / 2 + 8) / 2 + 32 - 1
}
static_assert(by_the_compiler() == 35.5f);

}  // namespace

TEST_CASE("windows row by row, channels around the lanes") {
    check_windows<1>();
    check_windows<lanes + 1>();
    check_windows<lanes>();
    check_windows<2 * lanes - 1>();
    check_windows<9 * lanes + 3>();
    CHECK(by_the_compiler() == 35.5f);
}
