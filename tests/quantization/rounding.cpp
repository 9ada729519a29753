#include <ctnn/quantization/rounding.hpp>

#include <doctest/doctest.h>

#include "support/random.hpp"

#include <algorithm>
#include <array>
#include <cfenv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

using namespace ctnn;
using namespace ctnn::detail;

namespace {

constexpr std::int32_t least = std::numeric_limits<std::int32_t>::min(),
                       most = std::numeric_limits<std::int32_t>::max();

/// A sum of any size, the extremes among them.
std::int32_t some_sum(generator& random) {
    const std::uint64_t bits = random.next();
    switch (bits >> 62U) {
    case 0:
        return bits % 2 == 0 ? least : most;
    default:
        return static_cast<std::int32_t>(static_cast<std::uint32_t>(bits)) >> (bits >> 32U) % 32;
    }
}

}  // namespace

TEST_CASE("tflite: a product of floats, halves to even") {
    CHECK(float_product(3, 0.5f) == 2);
    CHECK(float_product(5, 0.5f) == 2);
    CHECK(float_product(-3, 0.5f) == -2);
    CHECK(float_product(7, 0.0f) == 0);
    CHECK(float_product(least, 1.0f) == -(1 << 30));
    CHECK(float_product(16'777'217, 1.0f) == 16'777'216);  // a float has 24 bits
    static_assert(float_product(16'777'219, 1.0f) == 16'777'220);
    generator random(1);
    std::size_t halves = 0;
    for (int i = 0; i < 200'000; ++i) {
        const std::int32_t sum = some_sum(random);
        float factor = random.between(0.5f, 1.0f) *
                       std::ldexp(1.0f, static_cast<int>(random.next() % 44) - 40);
        if (i % 3 == 0)  // halves are then not rare
            factor = std::ldexp(static_cast<float>(1 + random.next() % 8), -1 - i % 9);
        // Double holds the product of floats exactly; what is rounded to a float is stored as one.
        const volatile float rounded =
            static_cast<float>(static_cast<double>(static_cast<float>(sum)) * factor);
        const double product = std::clamp(static_cast<double>(rounded), -0x1p30, 0x1p30);
        const auto expected = static_cast<std::int32_t>(std::nearbyint(product));
        halves += product - std::floor(product) == 0.5;
        REQUIRE(float_product_in_integers(sum, factor) == expected);
        REQUIRE(float_product(sum, factor) == expected);
    }
    CHECK(halves > 1000);
}

TEST_CASE("tflite_micro: 31 bits, rounded twice") {
    CHECK(fixed_factor::nearest(1.0) == fixed_factor{1 << 30, 1});
    CHECK(fixed_factor::nearest(0.75) == fixed_factor{3 << 29, 0});
    CHECK(fixed_factor::nearest(0.0) == fixed_factor{});
    CHECK(fixed_factor::nearest(std::ldexp(1.0, -33)) == fixed_factor{});
    CHECK(fixed_factor::nearest(1.0 - std::ldexp(1.0, -40)) == fixed_factor{1 << 30, 1});
    CHECK(high_product(least, least) == most);
    CHECK(rounded_shift(5, 1) == 3);
    CHECK(rounded_shift(-5, 1) == -3);
    CHECK(rounded_shift(-6, 2) == -2);
    CHECK(rounded_shift(most, 0) == most);
    CHECK(rounded_shift(most, 31) == 1);
    CHECK(rounded_shift(-most, 31) == -1);
    CHECK(rounded_shift((1 << 30) - 1, 31) == 0);
    CHECK(rounded_shift(1 - (1 << 30), 31) == 0);
    generator random(2);
    for (int i = 0; i < 200'000; ++i) {
        const std::int32_t sum = some_sum(random);
        const double factor = static_cast<double>(random.between(0.5f, 1.0f)) *
                              std::ldexp(1.0, -static_cast<int>(random.next() % 31));
        const fixed_factor fixed = fixed_factor::nearest(factor);
        REQUIRE(std::ldexp(static_cast<double>(fixed.q), fixed.shift - 31) ==
                doctest::Approx(factor).epsilon(1e-9));
        // Each rounding by its definition, in numbers that are exact.
        const long double product = static_cast<long double>(sum) * fixed.q / 0x1p31L;
        const long double high =
            product < 0 ? std::ceil(product - 0.5L) : std::floor(product + 0.5L);
        const long double low = high / std::ldexp(1.0L, -fixed.shift);
        const long double expected = low < 0 ? std::ceil(low - 0.5L) : std::floor(low + 0.5L);
        if (high != product + 0.5L && high != product - 0.5L)  // but for gemmlowp's negative halves
            REQUIRE(fixed.times(sum) == static_cast<std::int32_t>(expected));
    }
    CHECK(fixed_factor::nearest(4.0).times(1000) == 4000);
}

TEST_CASE("sums of values are near the true ones, and never more than a unit off") {
    generator random(3);
    const auto check = [&]<class Rules>(Rules) {
        for (int i = 0; i < 20'000; ++i) {
            std::array<byte_scale, 3> x{};
            for (auto& s : x)
                s = {random.between(0.01f, 1.0f),
                     static_cast<std::int32_t>(random.next() % 256) - 128};
            const float y = random.between(0.02f, 2.0f);
            const auto sum = Rules::template addition<3>::of(x, y);
            std::array<std::int32_t, 3> bytes{};
            double expected = 0.0;
            for (std::size_t k = 0; k < 3; ++k) {
                bytes[k] = static_cast<std::int32_t>(random.next() % 256) - 128;
                expected += static_cast<double>(x[k].scale) * (bytes[k] - x[k].zero) /
                            static_cast<double>(y);
            }
            REQUIRE(std::abs(sum(bytes) - expected) < 0.51);
        }
    };
    check(rounding::tflite{});
    check(rounding::tflite_micro{});
}

TEST_CASE("softmax is next to the true probabilities") {
    generator random(4);
    const auto check = [&]<class Rules>(Rules) {
        for (int i = 0; i < 2'000; ++i) {
            const float scale = random.between(0.001f, 0.5f);
            const std::size_t limit = i % 200 == 0 ? 10'000 : i % 20 == 0 ? 1'000 : 20;
            const std::size_t count = 1 + static_cast<std::size_t>(random.next()) % limit;
            std::vector<std::int8_t> x(count), y(count);
            for (auto& byte : x)
                byte = static_cast<std::int8_t>(static_cast<int>(random.next() % 256) - 128);
            Rules::softmax::of(scale, 1.0f / 256.0f)(x.data(), y.data(), count, -128);
            double sum = 0.0;
            for (const std::int8_t byte : x) sum += std::exp(static_cast<double>(scale) * byte);
            for (std::size_t k = 0; k < count; ++k) {
                const double expected = std::exp(static_cast<double>(scale) * x[k]) / sum * 256.0;
                REQUIRE(std::abs(y[k] + 128 - std::min(expected, 255.0)) < 0.51);
            }
        }
    };
    check(rounding::tflite{});
    check(rounding::tflite_micro{});
}
TEST_CASE("softmax of many equal values") {
    const auto check = [&]<class Rules>(Rules) {
        for (const auto count : {1UL, 2UL, 255UL, 257UL, 511UL, 512UL, 513UL, 4095UL, 4096UL,
                                 4097UL, 8300UL, 100'000UL}) {
            const std::vector<std::int8_t> x(count, 127);
            std::vector<std::int8_t> y(count);
            Rules::softmax::of(0.1f, 1.0f / 256.0f)(x.data(), y.data(), count, -128);
            const double expected = std::min(256.0 / static_cast<double>(count), 255.0);
            for (const std::int8_t byte : y) REQUIRE(std::abs(byte + 128 - expected) <= 0.51);
        }
    };
    check(rounding::tflite{});
    check(rounding::tflite_micro{});
}

TEST_CASE("one scale for all weights: its product with the input's is a float") {
    const float x = 0.1f, kernel = 0.3f;
    const auto as_float = rounding::tflite_micro::factor_of(x, kernel, 1.0f, true),
               exact = rounding::tflite_micro::factor_of(x, kernel, 1.0f, false);
    CHECK(as_float == detail::fixed_factor::nearest(static_cast<double>(x * kernel)));
    CHECK(exact ==
          detail::fixed_factor::nearest(static_cast<double>(x) * static_cast<double>(kernel)));
    CHECK(as_float.q != exact.q);
}

TEST_CASE("fixed-point functions") {
    for (std::int32_t x = -(31 << 26); x <= 0; x += 123'457)
        REQUIRE(std::abs(fixed_exp(x) * 0x1p-31 - std::exp(x * 0x1p-26)) <
                3e-7);  // its series ends at y^4
    for (std::int64_t x = 0; x < 0x80000000; x += 1'234'567)
        REQUIRE(std::abs(fixed_reciprocal_of_one_plus(static_cast<std::int32_t>(x)) * 0x1p-31 -
                         1.0 / (1.0 + static_cast<double>(x) * 0x1p-31)) < 1e-7);
    for (double x = 0.0; x > -110.0; x -= 0.01)
        REQUIRE(exp_of_negative(x) == doctest::Approx(std::exp(x)).epsilon(1e-7));
    CHECK(exp_of_negative(-1000.0) == 0.0f);
}
