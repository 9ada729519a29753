#include <ctnn/training/losses.hpp>

#include <ctnn/training.hpp>

#include "support/random.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

using namespace ctnn;

namespace {

using numbers = std::vector<double>;

// The losses as their formulas say, in double.

double cross_entropy(const numbers& z, const numbers& t, std::size_t classes) {
    double loss = 0.0;
    for (std::size_t first = 0; first < z.size(); first += classes) {
        double sum = 0.0;
        for (std::size_t c = 0; c < classes; ++c) sum += std::exp(z[first + c]);
        for (std::size_t c = 0; c < classes; ++c)
            loss -= t[first + c] * std::log(std::exp(z[first + c]) / sum);
    }
    return loss / static_cast<double>(z.size() / classes);
}
double binary(const numbers& z, const numbers& t, std::size_t) {
    double loss = 0.0;
    for (std::size_t i = 0; i < z.size(); ++i) {
        const double p = 1.0 / (1.0 + std::exp(-z[i]));
        loss -= t[i] * std::log(p) + (1.0 - t[i]) * std::log(1.0 - p);
    }
    return loss / static_cast<double>(z.size());
}
double squared(const numbers& y, const numbers& t, std::size_t) {
    double loss = 0.0;
    for (std::size_t i = 0; i < y.size(); ++i) loss += (y[i] - t[i]) * (y[i] - t[i]);
    return loss / static_cast<double>(y.size());
}

/// Value and gradient against the formula and its central differences, another image in every lane.
template <class Loss, class Net, class T>
void agrees_with(double (*formula)(const numbers&, const numbers&, std::size_t), bool one_hot) {
    using loss = typename Loss::template on<Net>;
    using shape_type = typename Net::output_shape;
    constexpr std::size_t lanes = simd::lanes_of<T>;
    constexpr std::size_t classes = detail::channels_at_the_end<Net>;
    std::array<tensor<shape_type>, lanes> z, t, d_z;
    std::array<const tensor<shape_type>*, lanes> z_in, t_in;
    std::array<tensor<shape_type>*, lanes> d_z_out;
    for (std::size_t n = 0; n < lanes; ++n) {
        fill_random(z[n], 3 + n, 4.0f);
        fill_random(t[n], 100 + n, 0.5f);
        for (std::size_t i = 0; i < shape_type::size; ++i)
            t[n][i] = one_hot ? (i % classes == (n + i / classes) % classes ? 1.0f : 0.0f)
                              : t[n][i] + 0.5f;
        z_in[n] = &z[n];
        t_in[n] = &t[n];
        d_z_out[n] = &d_z[n];
    }
    tensor<shape_type, T> z_lanes, t_lanes, d_z_lanes;
    to_lanes<T>(z_in, tensor_view(z_lanes));
    to_lanes<T>(t_in, tensor_view(t_lanes));
    const T value =
        loss::evaluate(tensor_view<shape_type, const T>(z_lanes),
                       tensor_view<shape_type, const T>(t_lanes), tensor_view(d_z_lanes));
    from_lanes(tensor_view<shape_type, const T>(d_z_lanes), d_z_out);
    std::array<float, lanes> values;
    simd::store(values.data(), value);
    for (std::size_t n = 0; n < lanes; ++n) {
        numbers zs(z[n].begin(), z[n].end());
        const numbers ts(t[n].begin(), t[n].end());
        CHECK(static_cast<double>(values[n]) ==
              doctest::Approx(formula(zs, ts, classes)).epsilon(1e-6));
        CHECK(values[n] > 0.0f);
        CHECK(varied(d_z[n]));
        for (std::size_t i = 0; i < zs.size(); ++i) {
            const double here = zs[i], step = 1e-5;
            zs[i] = here + step;
            const double above = formula(zs, ts, classes);
            zs[i] = here - step;
            const double below = formula(zs, ts, classes);
            zs[i] = here;
            CHECK(static_cast<double>(d_z[n][i]) ==
                  doctest::Approx((above - below) / (2.0 * step)).epsilon(1e-5));
        }
    }
}

template <class Loss, class Net>
void agrees_with(double (*formula)(const numbers&, const numbers&, std::size_t), bool one_hot) {
    agrees_with<Loss, Net, float>(formula, one_hot);
    agrees_with<Loss, Net, simd::native>(formula, one_hot);
}

using classes_10 = network<features<3>, dense<10>, softmax>;
using classes_2 = network<features<3>, dense<2>, softmax, expect<features<2>>>;
using pixels = network<shape<2, 3, 1>, conv2d<4, kernel<1, 1>>, softmax>;
using flat_pixels = network<shape<2, 3, 1>, conv2d<4, kernel<1, 1>>, softmax, flatten>;
using yes_or_no = network<features<3>, dense<1>, sigmoid>;
using many_yes_or_no = network<features<3>, dense<7>, sigmoid>;
using numbers_out = network<shape<2, 3, 1>, conv2d<4, kernel<1, 1>>>;

static_assert(categorical_crossentropy::on<classes_10>::leaves ==
              1);  // the softmax is the loss's own
static_assert(categorical_crossentropy::on<classes_2>::leaves ==
              1);  // also with nothing to compute behind it
static_assert(categorical_crossentropy::on<flat_pixels>::classes == 4);
static_assert(binary_crossentropy::on<yes_or_no>::leaves == 1);
static_assert(mean_squared_error::on<classes_10>::leaves == 2);

/// In the first and in the last lane one number is none: in z, then in t. Their losses and the
/// gradients that depend on it must not be numbers either, nor may anything there count as right;
/// the lanes between are as they were.
template <class Loss, class Net, class T>
void keeps_what_is_no_number() {
    using loss = typename Loss::template on<Net>;
    using shape_type = typename Net::output_shape;
    using view = tensor_view<shape_type, const T>;
    constexpr std::size_t lanes = simd::lanes_of<T>;
    const auto floats_of = [](T x) {
        std::array<float, lanes> floats;
        simd::store(floats.data(), x);
        return floats;
    };
    std::array<float, lanes> spoilt{};
    spoilt.front() = spoilt.back() = std::numeric_limits<float>::quiet_NaN();
    for (std::size_t bad = 0; bad < shape_type::size; ++bad)
        for (const bool in_target : {false, true}) {
            CAPTURE(bad);
            CAPTURE(in_target);
            tensor<shape_type, T> z, t, d_z;
            for (std::size_t i = 0; i < shape_type::size; ++i) {
                z[i] = T(i % 3 == 1 ? 2.0f : -1.0f);
                t[i] = T(i % 3 == 1 ? 1.0f : 0.0f);
            }
            T& there = in_target ? t[bad] : z[bad];
            there = there + simd::load<T>(spoilt.data());
            const auto values = floats_of(loss::evaluate(view(z), view(t), tensor_view(d_z)));
            const auto slopes = floats_of(T(d_z[bad]));
            for (std::size_t n = 0; n < lanes; ++n) {
                const bool is_good = spoilt[n] == 0.0f;
                CHECK(std::isfinite(values[n]) == is_good);
                CHECK(std::isfinite(slopes[n]) == is_good);
            }
            if constexpr (loss::has_accuracy) {
                const auto right = floats_of(loss::accuracy(view(z), view(t)));
                for (std::size_t n = 0; n < lanes; ++n)
                    CHECK((right[n] == 1.0f) == (spoilt[n] == 0.0f));
            }
        }
}
template <class Loss, class Net>
void keeps_what_is_no_number() {
    keeps_what_is_no_number<Loss, Net, float>();
    keeps_what_is_no_number<Loss, Net, simd::native>();
    if constexpr (simd::native_lanes >= 4) keeps_what_is_no_number<Loss, Net, simd::vector<4>>();
    if constexpr (simd::native_lanes >= 8) keeps_what_is_no_number<Loss, Net, simd::vector<8>>();
}

}  // namespace

TEST_CASE("losses: what is not a number gives a loss and a gradient that are none, and is wrong") {
    using classes_3 = network<features<2>, dense<3>, softmax>;
    using pixels_3 = network<shape<2, 2, 1>, conv2d<3, kernel<1, 1>>, softmax>;
    using yes_3 = network<features<2>, dense<3>, sigmoid>;
    keeps_what_is_no_number<categorical_crossentropy, classes_3>();
    keeps_what_is_no_number<sparse_categorical_crossentropy, classes_3>();
    keeps_what_is_no_number<categorical_crossentropy, pixels_3>();
    keeps_what_is_no_number<binary_crossentropy, yes_3>();
    keeps_what_is_no_number<mean_squared_error, yes_3>();
}

TEST_CASE("categorical_crossentropy: the loss is that of what predict gives, also made flat") {
    const auto check = [](auto example) {
        using net = decltype(example);
        typename net::parameters w;
        fill_random(w, 1, 1.0f);
        typename net::input x;
        fill_random(x, 2, 2.0f);
        typename net::output t{};
        for (std::size_t p = 0; p < 6; ++p) t[4 * p + p % 4] = 1.0f;
        const typename net::output y = net::predict(w, x);
        double expected = 0.0, all = 0.0;
        for (std::size_t i = 0; i < y.size(); ++i) {
            expected -= static_cast<double>(t[i]) * std::log(static_cast<double>(y[i])) / 6.0;
            all += static_cast<double>(y[i]);
        }
        CHECK(all == doctest::Approx(6.0));  // 1 a pixel
        const dataset<typename net::input, typename net::output> one{{x}, {t}};
        CHECK(evaluate<categorical_crossentropy>(w, one).loss == doctest::Approx(expected));
    };
    check(pixels{});
    check(flat_pixels{});
}

TEST_CASE("categorical_crossentropy::on<network<..., softmax>>") {
    agrees_with<categorical_crossentropy, classes_10>(cross_entropy, true);
    agrees_with<categorical_crossentropy, classes_10>(cross_entropy,
                                                      false);  // soft targets, of any sum
    agrees_with<categorical_crossentropy, classes_2>(cross_entropy, true);
    agrees_with<categorical_crossentropy, pixels>(cross_entropy, true);
    agrees_with<categorical_crossentropy, flat_pixels>(cross_entropy, true);
    agrees_with<sparse_categorical_crossentropy, flat_pixels>(cross_entropy, false);
    agrees_with<sparse_categorical_crossentropy, classes_10>(cross_entropy, true);
}
TEST_CASE("binary_crossentropy::on<network<..., sigmoid>>") {
    agrees_with<binary_crossentropy, yes_or_no>(binary, false);
    agrees_with<binary_crossentropy, many_yes_or_no>(binary, false);
}
TEST_CASE("mean_squared_error::on<network<...>>") {
    agrees_with<mean_squared_error, numbers_out>(squared, false);
    agrees_with<mean_squared_error, classes_10>(squared, false);
}

TEST_CASE("losses of extreme outputs are numbers") {
    using loss = categorical_crossentropy::on<classes_2>;
    using yes = binary_crossentropy::on<yes_or_no>;
    for (const float z : {0.0f, 50.0f, 89.0f, 1e4f, 1e30f, -1e30f}) {
        tensor<features<2>> x{}, t{}, d_x{};
        x[0] = z;
        t[1] = 1.0f;
        const float value =
            loss::evaluate<float>(tensor_view<features<2>, const float>(x),
                                  tensor_view<features<2>, const float>(t), tensor_view(d_x));
        const double expected =
            z > 0.0f ? static_cast<double>(z) + std::log1p(std::exp(-static_cast<double>(z)))
                     : std::log1p(std::exp(static_cast<double>(z)));
        CHECK(static_cast<double>(value) == doctest::Approx(expected));
        CHECK(d_x[0] + d_x[1] == doctest::Approx(0.0f));
        CHECK(d_x[1] <= 0.0f);

        tensor<features<1>> one{}, target{}, d_one{};
        one[0] = z;
        const float binary_value =
            yes::evaluate<float>(tensor_view<features<1>, const float>(one),
                                 tensor_view<features<1>, const float>(target), tensor_view(d_one));
        CHECK(static_cast<double>(binary_value) == doctest::Approx(expected));
        CHECK(d_one[0] == doctest::Approx(z == 0.0f ? 0.5f : (z > 0.0f ? 1.0f : 0.0f)));
    }
}

TEST_CASE("categorical_crossentropy of outputs whose difference overflows") {
    using loss = categorical_crossentropy::on<classes_2>;
    tensor<features<2>> z{{3e38f, -3e38f}}, t{{1.0f, 0.0f}}, d_z{};
    CHECK(loss::evaluate<float>(tensor_view<features<2>, const float>(z),
                                tensor_view<features<2>, const float>(t),
                                tensor_view(d_z)) == 0.0f);
    CHECK(d_z[0] == 0.0f);
    CHECK(d_z[1] == 0.0f);
}

TEST_CASE("accuracy") {
    using shape_type = features<4>;
    using loss = categorical_crossentropy::on<network<features<3>, dense<4>, softmax>>;
    const auto accuracy = [](std::array<float, 4> z, std::array<float, 4> t) {
        tensor<shape_type> z_tensor{}, t_tensor{};
        std::copy(z.begin(), z.end(), z_tensor.begin());
        std::copy(t.begin(), t.end(), t_tensor.begin());
        return loss::accuracy<float>(tensor_view<shape_type, const float>(z_tensor),
                                     tensor_view<shape_type, const float>(t_tensor));
    };
    CHECK(accuracy({1, 2, 3, 0}, {0, 0, 1, 0}) == 1.0f);
    CHECK(accuracy({1, 2, 3, 0}, {0, 1, 0, 0}) == 0.0f);
    CHECK(accuracy({-3, -2, -5, -9}, {0, 1, 0, 0}) == 1.0f);
    CHECK(accuracy({2, 2, 0, 0}, {1, 0, 0, 0}) ==
          1.0f);  // the first of equals is what the network says
    CHECK(accuracy({2, 2, 0, 0}, {0, 1, 0, 0}) == 0.0f);
    CHECK(accuracy({2, 1, 2, 2}, {0.5f, 0, 0.5f, 0}) == 1.0f);  // and of equal targets
    CHECK(accuracy({1, 2, 3, 2}, {0.5f, 0, 0.5f, 0}) == 0.0f);
    CHECK(accuracy({1, 1, 1, 1}, {0.25f, 0.25f, 0.25f, 0.25f}) == 1.0f);
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    CHECK(accuracy({1, 2, 3, nan}, {0, 0, 1, 0}) == 0.0f);  // beside the right class
    CHECK(accuracy({nan, 2, 3, 0}, {0, 0, 1, 0}) == 0.0f);
    CHECK(accuracy({nan, 2, 3, 0}, {1, 0, 0, 0}) == 0.0f);
    CHECK(accuracy({nan, nan, nan, nan}, {1, 0, 0, 0}) == 0.0f);
    CHECK(accuracy({1, 2, 3, 0}, {nan, 0, 1, 0}) == 0.0f);
    constexpr float infinity = std::numeric_limits<float>::infinity();
    CHECK(accuracy({1, 2, infinity, 0}, {0, 0, 1, 0}) == 0.0f);  // softmax gives no numbers
    CHECK(accuracy({1, 2, 3, -infinity}, {0, 0, 1, 0}) == 1.0f);
    CHECK(accuracy({0, 0, 0, 5}, {0, 0, 0, 1}) == 1.0f);

    using yes = binary_crossentropy::on<network<features<3>, dense<4>, sigmoid>>;
    tensor<shape_type> z{{-1.0f, 1.0f, 3.0f, -4.0f}}, t{{0.0f, 1.0f, 0.0f, 0.0f}};
    CHECK(yes::accuracy<float>(tensor_view<shape_type, const float>(z),
                               tensor_view<shape_type, const float>(t)) == 0.75f);
    z = {{nan, nan, 3.0f, -4.0f}};
    CHECK(yes::accuracy<float>(tensor_view<shape_type, const float>(z),
                               tensor_view<shape_type, const float>(t)) == 0.25f);

    using map = categorical_crossentropy::on<pixels>;  // the share of the pixels that are right
    tensor<pixels::output_shape> z_map{}, t_map{};
    for (std::size_t p = 0; p < 6; ++p) {
        z_map[4 * p + p % 4] = 1.0f;
        t_map[4 * p + (p < 3 ? p % 4 : (p + 1) % 4)] = 1.0f;
    }
    CHECK(map::accuracy<float>(tensor_view<pixels::output_shape, const float>(z_map),
                               tensor_view<pixels::output_shape, const float>(t_map)) ==
          doctest::Approx(0.5f));
}
