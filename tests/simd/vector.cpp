#include <ctnn/simd/bytes.hpp>
#include <ctnn/simd/elementary_functions.hpp>
#include <ctnn/simd/loops.hpp>
#include <ctnn/simd/maximum.hpp>
#include <ctnn/simd/vector.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

using namespace ctnn;
using floats = std::vector<float>;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

static_assert(simd::lanes_of<float> == 1 && simd::lanes_of<simd::native> == simd::native_lanes);
static_assert(std::is_same_v<simd::vector<1>, float>);

/// Calls `f` with a `T` of every width that the processor has, the widest first.
template <class F>
void every_width(F f) {
    f(simd::native{});
    if constexpr (simd::native_lanes > 8)
        f(simd::vector<std::min<std::size_t>(8, simd::native_lanes)>{});
    if constexpr (simd::native_lanes > 4)
        f(simd::vector<std::min<std::size_t>(4, simd::native_lanes)>{});
    if constexpr (simd::native_lanes > 1) f(1.0f);
}

/// A function on every number of a list, in vectors; the last vector is filled with zeros.
template <class T, class F>
floats map(const floats& x, F f) {
    constexpr std::size_t lanes = simd::lanes_of<T>;
    floats padded = x;
    padded.resize((x.size() + lanes - 1) / lanes * lanes);
    for (std::size_t i = 0; i < padded.size(); i += lanes)
        simd::store(&padded[i], T(f(simd::load<T>(&padded[i]))));
    padded.resize(x.size());
    return padded;
}

/// From `first` to `last`, evenly, and as many more that double towards 0.
floats range(float first, float last, std::size_t count) {
    floats x;
    for (std::size_t i = 0; i <= count; ++i)
        x.push_back(first + (last - first) * static_cast<float>(i) / static_cast<float>(count));
    for (float v = 1e-30f; v < 10.0f; v *= 1.01f) {
        if (v <= last) x.push_back(v);
        if (-v >= first) x.push_back(-v);
    }
    return x;
}

/// The largest relative error, against a function of double.
double relative_error(const floats& x, const floats& actual, double (*exact)(double)) {
    double worst = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double e = exact(static_cast<double>(x[i]));
        const double d = std::abs(static_cast<double>(actual[i]) - e);
        worst =
            std::max(worst, d <= std::numeric_limits<double>::max() ? e == 0.0 ? d : d / std::abs(e)
                                                                    : infinity);
    }
    return worst;
}

// A unit in the last place is 6e-8 to 1.2e-7 of a float. Each limit is a little above the error
// that was found, with and without fused multiply-adds.
const auto exp_of = [](auto x) { return simd::exp(x); };
const auto exp_minus_1_of = [](auto x) { return simd::exp_minus_1(x); };
const auto sigmoid_of = [](auto x) { return simd::sigmoid(x); };
const auto tanh_of = [](auto x) { return simd::tanh(x); };

TEST_CASE("exp, from -87.3 to 88") {
    const floats x = range(-87.3f, 88.0f, 400'000);
    every_width([&](auto width) {
        const double error = relative_error(x, map<decltype(width)>(x, exp_of), std::exp);
        CAPTURE(simd::lanes_of<decltype(width)>);
        CHECK(error <= 1e-7);
        CHECK(error >= 1e-9);  // it was computed at all
    });
}
TEST_CASE("exp_minus_1, from -20 to 0") {
    const floats x = range(-20.0f, 0.0f, 400'000);
    every_width([&](auto width) {
        const double error = relative_error(x, map<decltype(width)>(x, exp_minus_1_of), std::expm1);
        CAPTURE(simd::lanes_of<decltype(width)>);
        CHECK(error <= 3.5e-7);
    });
}
TEST_CASE("sigmoid, from -80 to 80") {
    const floats x = range(-80.0f, 80.0f, 400'000);
    every_width([&](auto width) {
        const double error = relative_error(x, map<decltype(width)>(x, sigmoid_of),
                                            [](double v) { return 1.0 / (1.0 + std::exp(-v)); });
        CAPTURE(simd::lanes_of<decltype(width)>);
        CHECK(error <= 1.8e-7);
    });
}
TEST_CASE("tanh, from -12 to 12") {
    const floats x = range(-12.0f, 12.0f, 400'000);
    every_width([&](auto width) {
        const double error = relative_error(x, map<decltype(width)>(x, tanh_of), std::tanh);
        CAPTURE(simd::lanes_of<decltype(width)>);
        CHECK(error <= 1.6e-7);
    });
}

// One lane may round a * b + c twice where vectors round once.
TEST_CASE("exp, exp_minus_1, sigmoid, tanh: every width gives nearly the same bits") {
    const floats x = range(-20.0f, 20.0f, 100'000);
    const floats below = range(-20.0f, 0.0f, 100'000);
    const auto nearly = [](const floats& a, const floats& b) {
        double worst = 0.0;
        for (std::size_t i = 0; i < a.size(); ++i)
            worst =
                std::max(worst, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])) /
                                    std::max(1e-30, std::abs(static_cast<double>(a[i]))));
        return worst;
    };
    const floats e = map<float>(x, exp_of), m = map<float>(below, exp_minus_1_of),
                 s = map<float>(x, sigmoid_of), t = map<float>(x, tanh_of);
    every_width([&](auto width) {
        using T = decltype(width);
        CHECK(nearly(e, map<T>(x, exp_of)) <= 2e-7);
        CHECK(nearly(m, map<T>(below, exp_minus_1_of)) <= 2e-7);
        CHECK(nearly(s, map<T>(x, sigmoid_of)) <= 3e-7);
        CHECK(nearly(t, map<T>(x, tanh_of)) <= 2e-7);
    });
}

TEST_CASE("exp, exp_minus_1, sigmoid, tanh: edges, in every lane of every width") {
    every_width([&](auto width) {
        using T = decltype(width);
        const auto at = [](float v, auto f) {  // other numbers in the other lanes
            float result = 0.0f;
            for (std::size_t lane = 0; lane < simd::lanes_of<T>; ++lane) {
                floats x(simd::lanes_of<T>, 0.5f);
                x[lane] = v;
                const floats y = map<T>(x, f);
                if (lane > 0) CHECK((y[lane] == result || (y[lane] != y[lane] && v != v)));
                result = y[lane];
            }
            return result;
        };
        CHECK(at(0.0f, exp_of) == 1.0f);
        CHECK(at(-0.0f, exp_of) == 1.0f);
        CHECK(at(-infinity, exp_of) == 0.0f);
        for (const float v : {-88.0f, -103.0f, -104.0f, -1e4f, -3e38f})
            CHECK(at(v, exp_of) == 0.0f);
        CHECK(at(-87.0f, exp_of) == doctest::Approx(1.6458115e-38).epsilon(1e-6));
        CHECK(at(87.0f, exp_of) == doctest::Approx(6.0760302e37).epsilon(1e-6));
        for (const float v : {88.0f, 88.8f, 104.0f, 1e4f, 3e38f, infinity})
            CHECK(at(v, exp_of) ==
                  doctest::Approx(1.6516363e38).epsilon(1e-6));  // the most, finite
        CHECK(std::isnan(at(not_a_number, exp_of)));

        CHECK(at(0.0f, exp_minus_1_of) == 0.0f);
        CHECK(at(-1e-30f, exp_minus_1_of) == -1e-30f);
        for (const float v : {-88.0f, -103.0f, -1e4f, -3e38f, -infinity})
            CHECK(at(v, exp_minus_1_of) == -1.0f);
        CHECK(std::isnan(at(not_a_number, exp_minus_1_of)));

        CHECK(at(0.0f, sigmoid_of) == 0.5f);
        for (const float v : {20.0f, 88.8f, 1e4f, 3e38f, infinity})
            CHECK(at(v, sigmoid_of) == 1.0f);
        for (const float v : {-88.8f, -103.0f, -1e4f, -3e38f, -infinity}) {
            CHECK(at(v, sigmoid_of) >= 0.0f);
            CHECK(at(v, sigmoid_of) <= 1e-38f);
        }
        CHECK(std::isnan(at(not_a_number, sigmoid_of)));

        CHECK(at(0.0f, tanh_of) == 0.0f);
        CHECK(at(-0.0f, tanh_of) == 0.0f);
        CHECK(at(-1e-30f, tanh_of) == -1e-30f);
        for (const float v : {10.0f, 88.8f, 1e4f, 3e38f, infinity}) {
            CHECK(at(v, tanh_of) == 1.0f);
            CHECK(at(-v, tanh_of) == -1.0f);
        }
        CHECK(std::isnan(at(not_a_number, tanh_of)));
    });
}

TEST_CASE("load, store: as many floats as lanes, from any address") {
    every_width([&](auto width) {
        using T = decltype(width);
        constexpr std::size_t lanes = simd::lanes_of<T>;
        for (std::size_t offset = 0; offset < 3; ++offset) {
            // Exactly sized, so that the address sanitizer sees a vector that is too wide.
            const auto from = std::make_unique<float[]>(lanes + offset);
            const auto to = std::make_unique<float[]>(lanes + offset);
            for (std::size_t n = 0; n < lanes; ++n) from[offset + n] = static_cast<float>(n + 1);
            simd::store(&to[offset], simd::load<T>(&from[offset]));
            for (std::size_t i = 0; i < offset; ++i) CHECK(to[i] == 0.0f);
            for (std::size_t n = 0; n < lanes; ++n)
                CHECK(to[offset + n] == static_cast<float>(n + 1));
        }
    });
}

TEST_CASE("sum_of_lanes: every lane once, in a fixed order") {
    every_width([&](auto width) {
        using T = decltype(width);
        constexpr std::size_t lanes = simd::lanes_of<T>;
        std::array<float, lanes> x{};
        for (std::size_t n = 0; n < lanes; ++n) x[n] = static_cast<float>(1U << n);
        CHECK(simd::sum_of_lanes(simd::load<T>(x.data())) == static_cast<float>((1U << lanes) - 1));
        // Halves on halves: the large numbers meet first and cancel, the small ones survive.
        if constexpr (lanes > 1) {
            x.fill(1.0f);
            x[0] = 1e8f;
            x[lanes / 2] = -1e8f;
            CHECK(simd::sum_of_lanes(simd::load<T>(x.data())) == static_cast<float>(lanes - 2));
        }
    });
}

TEST_CASE(
    "divide, max, min, select, abs, fma, nearest, scale_by_power_of_2, sqrt, log: lane by lane") {
    every_width([&](auto width) {
        using T = decltype(width);
        constexpr std::size_t lanes = simd::lanes_of<T>;
        std::array<float, lanes> a{}, b{}, y{};
        for (std::size_t n = 0; n < lanes; ++n) {
            a[n] = static_cast<float>(n % 3) - 1.25f;
            b[n] = static_cast<float>(n % 2) - 0.5f;
        }
        const T x = simd::load<T>(a.data()), z = simd::load<T>(b.data());
        const auto check = [&](T actual, auto expected) {
            simd::store(y.data(), actual);
            for (std::size_t n = 0; n < lanes; ++n) CHECK(y[n] == expected(a[n], b[n]));
        };
        check(simd::divide(x, T(3.0f)), [](float p, float) { return p / 3.0f; });
        check(simd::divide(z, x), [](float p, float q) { return q / p; });
        check(simd::max(x, z), [](float p, float q) { return p > q ? p : q; });
        check(simd::min(x, z), [](float p, float q) { return p < q ? p : q; });
        check(simd::select(x > z, x + T(10.0f), z),
              [](float p, float q) { return p > q ? p + 10.0f : q; });
        check(simd::abs(x), [](float p, float) { return std::fabs(p); });
        check(simd::fma(x, z, T(3.0f)), [](float p, float q) { return p * q + 3.0f; });  // exact
        check(simd::nearest(x * T(3.0f)), [](float p, float) { return std::round(p * 3.0f); });
        check(simd::scale_by_power_of_2(x, T(5.0f)), [](float p, float) { return p * 32.0f; });
        check(simd::scale_by_power_of_2(x, T(-126.0f)),
              [](float p, float) { return p * 0x1p-126f; });
        check(simd::sqrt(x * x), [](float p, float) { return std::fabs(p); });
        simd::store(y.data(), simd::log(x + T(2.0f)));
        for (std::size_t n = 0; n < lanes; ++n)
            CHECK(y[n] == doctest::Approx(std::log(a[n] + 2.0f)).epsilon(1e-6));
        // The second of two when either is not a number.
        check(simd::max(T(not_a_number), z), [](float, float q) { return q; });
        check(simd::min(T(not_a_number), z), [](float, float q) { return q; });
        simd::store(y.data(), simd::max(z, T(not_a_number)));
        for (const float v : y) CHECK(std::isnan(v));
    });
}

TEST_CASE("store_bytes, load_bytes: every whole number from 0 to 255") {
    const auto check = []<class T>(T) {
        constexpr std::size_t lanes = simd::lanes_of<T>;
        for (std::size_t first = 0; first < 256; first += lanes) {
            float numbers[lanes];
            for (std::size_t n = 0; n < lanes; ++n) numbers[n] = static_cast<float>(first + n);
            std::array<std::uint8_t, lanes> bytes{};
            simd::store_bytes(bytes.data(), simd::load<T>(numbers));
            float again[lanes];
            simd::store(again, simd::load_bytes<T>(bytes.data()));
            for (std::size_t n = 0; n < lanes; ++n) {
                CHECK(bytes[n] == first + n);
                CHECK(again[n] == numbers[n]);
            }
        }
    };
    check(float{});
    check(simd::native{});
}

/// Every index once, in order, in tiles of at most `Most` whose sizes differ by at most 1.
template <std::size_t Total, std::size_t Most>
constexpr bool covers_once() {
    std::size_t next = 0, smallest = Most, largest = 0, tiles = 0;
    bool right = true;
    simd::for_tiles<Total, Most>([&](std::size_t first, auto size) {
        constexpr std::size_t count = decltype(size)::value;
        right = right && first == next && count >= 1 && count <= Most;
        next += count;
        smallest = std::min(smallest, count);
        largest = std::max(largest, count);
        ++tiles;
    });
    return right && next == Total && (Total == 0 || largest - smallest <= 1) &&
           tiles == (Total + Most - 1) / Most;
}
template <std::size_t Most, std::size_t... Totals>
constexpr bool cover_once(std::index_sequence<Totals...>) {
    return (covers_once<Totals, Most>() && ...);
}
static_assert(cover_once<1>(std::make_index_sequence<5>{}));
static_assert(cover_once<4>(std::make_index_sequence<40>{}));
static_assert(cover_once<24>(std::make_index_sequence<80>{}));
static_assert(covers_once<400, 24>() && covers_once<1000, 7>());

constexpr bool test_unroll() {
    std::size_t indices = 0, count = 0;
    simd::unroll<5>([&](auto i) {
        constexpr std::size_t index = i;
        indices = indices * 10 + index;
        ++count;
    });
    simd::unroll<0>([&](auto) { ++count; });
    return indices == 1234 && count == 5;
}

// One lane works at compile time, and what it gives is what it gives at run time.
constexpr bool test_one_lane() {
    const auto close = [](float a, float b) { return simd::abs(a - b) <= 2e-7f * simd::abs(b); };
    return close(simd::exp(1.0f), 2.7182817f) && close(simd::exp(-80.0f), 1.8048514e-35f) &&
           simd::exp(-100.0f) == 0 && simd::exp(0.0f) == 1 &&
           close(simd::exp_minus_1(-1e-3f), -9.9950017e-4f) &&
           close(simd::exp_minus_1(-2.0f), -0.86466472f) && simd::sigmoid(0.0f) == 0.5f &&
           close(simd::sigmoid(-3.0f), 0.047425874f) && close(simd::tanh(0.5f), 0.46211716f) &&
           close(simd::tanh(-2.0f), -0.96402758f) && simd::sum_of_lanes(3.0f) == 3 &&
           simd::max(1.0f, 2.0f) == 2 && simd::min(1.0f, 2.0f) == 1 &&
           simd::select(true, 1.0f, 2.0f) == 1 && simd::nearest(-2.6f) == -3 &&
           simd::scale_by_power_of_2(3.0f, -1.0f) == 1.5f;
}
TEST_CASE("simd in a constant expression") {
    static_assert(test_unroll());
    CHECK(test_unroll());
    static_assert(test_one_lane());
    CHECK(test_one_lane());
    CHECK(cover_once<24>(std::make_index_sequence<80>{}));
}

namespace {

/// The functions of maximum.hpp for all triples of some numbers, against what they mean.
template <class T>
void finds_maxima() {
    const auto lane = [](T x) {
        float lanes[simd::lanes_of<T>];
        simd::store(lanes, x);
        for (const float other : lanes)
            CHECK((other == lanes[0] || (std::isnan(other) && std::isnan(lanes[0]))));
        return lanes[0];
    };
    const auto holds = [&](auto condition) {
        return lane(simd::select(condition, T(1.0f), T(0.0f))) == 1.0f;
    };
    for (const float a : {-infinity, -3.0f, 0.0f, 2.0f, infinity, not_a_number}) {
        CHECK(holds(simd::is_nan(T(a))) == std::isnan(a));
        CHECK((std::isnan(a) || simd::lowest <= a));
        for (const float b : {-infinity, -2.0f, 0.0f, 3.0f, infinity, not_a_number}) {
            const bool none = std::isnan(a) || std::isnan(b);
            CAPTURE(a);
            CAPTURE(b);
            const float largest = lane(simd::maximum(T(a), T(b)));
            CHECK((none ? std::isnan(largest) : largest == std::max(a, b)));
            CHECK(holds(simd::exceeds(T(a), T(b))) == (std::isnan(a) || a > b));
            if (!none || std::isnan(b))
                CHECK(holds(simd::is_maximum(T(a), T(largest))) == (std::isnan(a) || a == largest));
            const float second = lane(simd::max(T(a), T(b))), other = lane(simd::min(T(a), T(b)));
            CHECK((std::isnan(none ? b : 0.0f) ? std::isnan(second)
                                               : second == (none ? b : std::max(a, b))));
            CHECK((std::isnan(none ? b : 0.0f) ? std::isnan(other)
                                               : other == (none ? b : std::min(a, b))));
            for (const float c : {-infinity, -4.0f, 0.0f, 4.0f, infinity, not_a_number}) {
                const float of_three = lane(simd::maximum(T(a), T(b), T(c)));
                CAPTURE(c);
                CHECK((none || std::isnan(c) ? std::isnan(of_three)
                                             : of_three == std::max({a, b, c})));
            }
        }
    }
}

}  // namespace

TEST_CASE("maximum, max, min, exceeds, is_maximum, is_nan: every width") {
    finds_maxima<float>();
    finds_maxima<simd::native>();
    if constexpr (simd::native_lanes > 4)
        finds_maxima<simd::vector<std::min<std::size_t>(4, simd::native_lanes)>>();
    if constexpr (simd::native_lanes > 8)
        finds_maxima<simd::vector<std::min<std::size_t>(8, simd::native_lanes)>>();
}
