// The laws that every layer obeys, stated once and applied to each:
//
//   1. forward is the reference;
//   2. backward is the central finite difference of the reference, in double;
//   3. a linear layer's backward is its transpose: <forward(x) - bias, d_y> = <x, d_x>, and
//      <forward(w, x), d_y> = <w, d_w>;
//   4. gradients add to what is there;
//   5. with images in the lanes every lane gives what its image gives alone, and d_w their sum;
//   6. a layer that may work in place gives the same there;
//   7. what depends on a number that is none is none, forward, backward, in its lane alone.
//
// Numbers lie in exactly sized heap memory, so that the address sanitizer sees the first read past
// the end, and results start as NaN, so that one that is not written is noticed.
#pragma once

#include "support/random.hpp"
#include "support/reference.hpp"

#include <ctnn/layer_concept.hpp>
#include <ctnn/network/layer_calls.hpp>
#include <ctnn/simd/lanes.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <set>
#include <vector>

namespace laws {

using floats = std::vector<float>;
using reference::map;
using reference::numbers;
using reference_function = std::function<map(const map&, const numbers&)>;

/// The width that sizes are chosen around: 1, W - 1, W, W + 1, 2 W + 1.
inline constexpr std::size_t W = std::max<std::size_t>(4, ctnn::simd::native_lanes);

/// The step of the finite differences. Inputs keep farther than this from every kink.
inline constexpr double step = 1e-5;

/// Numbers of both signs in (-2, 2) in random order, of which no two are closer than 4 / count and
/// none is closer to 0 than 0.4 / count: no tie for a maximum, no kink of a rectifier within
/// `step`. `shift`, in [0.6, 0.9], makes the numbers of different images different.
inline floats distinct(std::size_t count, double shift, generator& random) {
    REQUIRE(0.4 / static_cast<double>(count) > 2.0 * step);
    floats result(count);
    for (std::size_t i = 0; i < count; ++i)
        result[i] = static_cast<float>(
            4.0 * (static_cast<double>(i) + shift - static_cast<double>(count) / 2.0) /
            static_cast<double>(count));
    for (std::size_t i = count; i > 1; --i)
        std::swap(result[i - 1], result[static_cast<std::size_t>(random.next() % i)]);
    return result;
}

/// The largest difference of two arrays, measured by the expected one's largest magnitude (or by 1,
/// the size of the inputs, when a sum happens to cancel). Infinite where anything is not a number.
template <class Actual, class Expected>
double deviation(const Actual& actual, const Expected& expected) {
    if (std::size(actual) != std::size(expected)) return std::numeric_limits<double>::infinity();
    double scale = 1.0, worst = 0.0;
    for (const auto e : expected) scale = std::max(scale, std::abs(static_cast<double>(e)));
    auto e = std::begin(expected);
    for (const auto a : actual) {
        const double d = std::abs(static_cast<double>(a) - static_cast<double>(*e++));
        worst = d <= std::numeric_limits<double>::max() ? std::max(worst, d)
                                                        : std::numeric_limits<double>::infinity();
    }
    return worst / scale;
}

/// Whether they are not numbers at the same places.
template <class Actual, class Expected>
bool same_nans(const Actual& actual, const Expected& expected) {
    return std::equal(std::begin(actual), std::end(actual), std::begin(expected),
                      std::end(expected),
                      [](auto a, auto e) { return std::isnan(a) == std::isnan(e); });
}
/// The deviation of what is a number; infinite unless that is so at the same places.
template <class Actual, class Expected>
double deviation_of_numbers(const Actual& actual, const Expected& expected) {
    if (!same_nans(actual, expected)) return std::numeric_limits<double>::infinity();
    const auto numbers_of = [](const auto& all) {
        numbers result;
        for (const auto v : all) result.push_back(std::isnan(v) ? 0.0 : static_cast<double>(v));
        return result;
    };
    return deviation(numbers_of(actual), numbers_of(expected));
}

/// Floats against doubles: sums of a few hundred products, each rounded. Found: at most 6e-7.
inline constexpr double float_error = 2e-6;
/// Floats against floats: the same sums in another order, or with other roundings where a multiply
/// and an add are fused: 16 units in the last place of the array's largest number. Found: 3.
inline constexpr double lane_error = 16.0 * std::numeric_limits<float>::epsilon();

struct traits {
    bool linear = false;
    /// The least share of the expected d_x (and d_w) that is not 0: a check of zeros against zeros
    /// is none.
    double least_share = 0.2;
    double least_share_of_parameters = 0.9;
};

/// A layer behind function pointers, so that the laws are compiled once and not for every layer.
struct layer_calls {
    long height, width, channels;
    std::size_t inputs, outputs, parameters, multiply_adds;
    void (*forward)(const float* w, const float* x, float* y);
    void (*backward)(const float* w, const float* x, const float* d_y, float* d_x, float* d_w);
    void (*by_value)(const float* w, const float* x, const float* d_y, float* y, float* d_x,
                     float* d_w);
    void (*in_place)(const float* d_y, float* x_then_y, float* d_x);  // or nullptr
};

template <class Layer, class T>
void compute(const float* w, const T* x, T* y) {
    constexpr std::size_t size = Layer::template compute_scratch<T, ctnn::detail::no_pooling>();
    const auto scratch = std::make_unique<T[]>(size);
    ctnn::detail::compute<Layer>(ctnn::parameter_view<Layer, const float>(w),
                                 ctnn::tensor_view<typename Layer::input_shape, const T>(x),
                                 ctnn::tensor_view<typename Layer::output_shape, T>(y),
                                 scratch.get());
}
template <class Layer, class T>
void gradients(const float* w, const T* x, const T* d_y, T* d_x, float* d_w) {
    constexpr std::size_t size = Layer::template gradient_scratch<T, ctnn::detail::no_activation,
                                                                  ctnn::detail::no_pooling>();
    const auto scratch = std::make_unique<T[]>(size);
    const ctnn::tensor_view<typename Layer::input_shape, const T> from(x);
    const ctnn::tensor_view<typename Layer::output_shape, const T> d_to(d_y);
    ctnn::detail::parameter_gradient<Layer>(from, d_to, ctnn::parameter_view<Layer, float>(d_w),
                                            scratch.get());
    ctnn::detail::input_gradient<Layer>(ctnn::parameter_view<Layer, const float>(w), from, d_to,
                                        ctnn::tensor_view<typename Layer::input_shape, T>(d_x));
}

template <class Layer>
layer_calls calls_of() {
    using input = typename Layer::input_shape;
    using output = typename Layer::output_shape;
    layer_calls calls{static_cast<long>(input::height),
                      static_cast<long>(input::width),
                      static_cast<long>(input::channels),
                      input::size,
                      output::size,
                      Layer::parameter_count,
                      Layer::multiply_adds,
                      compute<Layer, float>,
                      gradients<Layer, float>,
                      nullptr,
                      nullptr};
    calls.by_value = [](const float* w, const float* x, const float* d_y, float* y, float* d_x,
                        float* d_w) {
        const auto from = std::make_unique<ctnn::tensor<input>>();
        const auto d_to = std::make_unique<ctnn::tensor<output>>();
        std::copy_n(x, input::size, from->data());
        std::copy_n(d_y, output::size, d_to->data());
        if constexpr (Layer::parameter_count > 0) {
            const auto parameters = std::make_unique<typename Layer::parameters>();
            const auto d_parameters = std::make_unique<typename Layer::parameters>();
            std::copy_n(w, Layer::parameter_count, parameters->values().begin());
            const auto to = Layer::forward(*parameters, *from);
            const auto d_from = Layer::backward(*parameters, *from, *d_to, *d_parameters);
            std::copy_n(to.data(), output::size, y);
            std::copy_n(d_from.data(), input::size, d_x);
            for (std::size_t i = 0; i < Layer::parameter_count; ++i)
                d_w[i] += d_parameters->values()[i];
        } else {
            const auto to = Layer::forward(*from);
            const auto d_from = Layer::backward(*from, *d_to);
            std::copy_n(to.data(), output::size, y);
            std::copy_n(d_from.data(), input::size, d_x);
        }
    };
    if constexpr (Layer::facts.in_place && !Layer::facts.needs_input)
        calls.in_place = [](const float* d_y, float* x_then_y, float* d_x) {
            compute<Layer, float>(nullptr, x_then_y, x_then_y);
            Layer::input_gradient_from_output(ctnn::tensor_view<input, const float>(x_then_y),
                                              ctnn::tensor_view<input, const float>(d_y),
                                              ctnn::tensor_view<input, float>(d_x));
        };
    return calls;
}

/// The numbers that one layer is tried on, and what it makes of each image alone.
struct problem {
    layer_calls layer;
    floats w;
    std::vector<floats> x, d_y, y, d_x, d_w;  // one per image

    problem(const layer_calls& calls, std::size_t images) : layer(calls) {
        generator random(1 + calls.inputs * 131 + calls.outputs * 17 + calls.parameters);
        w = random.vector(layer.parameters, -1.0f, 1.0f);
        for (std::size_t n = 0; n < images; ++n) {
            x.push_back(distinct(layer.inputs,
                                 0.6 + 0.3 * static_cast<double>(n) / static_cast<double>(images),
                                 random));
            if (n % 2 == 1)
                for (float& v : x[n]) v = -v;
            d_y.push_back(random.vector(layer.outputs, -1.0f, 1.0f));
        }
        run();
    }
    void run() {
        const float nan = std::numeric_limits<float>::quiet_NaN();
        y.assign(x.size(), floats(layer.outputs, nan));
        d_x.assign(x.size(), floats(layer.inputs, nan));
        d_w.assign(x.size(), floats(layer.parameters));
        for (std::size_t n = 0; n < x.size(); ++n) {
            layer.forward(w.data(), x[n].data(), y[n].data());
            layer.backward(w.data(), x[n].data(), d_y[n].data(), d_x[n].data(), d_w[n].data());
        }
    }
    [[nodiscard]] map image(std::size_t n) const {
        return {layer.height, layer.width, layer.channels, numbers(x[n].begin(), x[n].end())};
    }
    [[nodiscard]] numbers weights() const { return {w.begin(), w.end()}; }
};

/// Whether expected values are worth comparing with: enough are not 0, and those are not all alike.
inline bool varied(const numbers& expected, double least_share) {
    std::set<double> different;
    std::size_t count = 0;
    for (const double v : expected)
        if (std::abs(v) > 1e-4) {
            ++count;
            different.insert(v);
        }
    return count >= 1 &&
           static_cast<double>(count) >= least_share * static_cast<double>(expected.size()) &&
           different.size() >= std::min<std::size_t>(count, 2);
}

inline double dot(const floats& a, const numbers& b) {
    double sum = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b.at(i);
    return sum;
}
inline double dot(const floats& a, const floats& b) {
    return dot(a, numbers(b.begin(), b.end()));
}
inline double magnitudes(const floats& a, const floats& b) {
    double sum = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i)
        sum += std::abs(static_cast<double>(a[i]) * static_cast<double>(b[i]));
    return sum;
}

inline void forward_is_the_reference(const problem& p, const reference_function& f) {
    for (std::size_t n = 0; n < p.x.size(); ++n)
        CHECK(deviation(p.y[n], f(p.image(n), p.weights()).values) <= float_error);
}

/// Differentiates with respect to every number while that is cheap, otherwise to an even sample.
inline void backward_is_the_finite_difference(const problem& p, const reference_function& f,
                                              const traits& is) {
    const std::size_t evaluation = p.layer.multiply_adds + 20 * (p.layer.inputs + p.layer.outputs);
    std::size_t budget = 30'000'000 / evaluation;
    numbers d_x, d_w, expected_d_x, expected_d_w;
    const auto sample = [&](numbers& at, const floats& gradient, numbers& actual, numbers& expected,
                            const auto& loss) {
        const std::size_t every = 1 + at.size() / std::max<std::size_t>(64, budget / 4);
        for (std::size_t i = 0; i < at.size(); i += every) {
            const double here = at[i];
            at[i] = here + step;
            const double above = loss();
            at[i] = here - step;
            const double below = loss();
            at[i] = here;
            actual.push_back(static_cast<double>(gradient[i]));
            expected.push_back((above - below) / (2.0 * step));
            budget -= std::min<std::size_t>(budget, 2);
        }
    };
    for (std::size_t n = 0; n < p.x.size() && (n < 1 || budget > 0); ++n) {
        map x = p.image(n);
        numbers w = p.weights();
        const auto loss = [&] { return dot(p.d_y[n], f(x, w).values); };
        sample(x.values, p.d_x[n], d_x, expected_d_x, loss);
        sample(w, p.d_w[n], d_w, expected_d_w, loss);
    }
    CHECK(varied(expected_d_x, is.least_share));
    CHECK(deviation(d_x, expected_d_x) <= float_error);
    if (p.layer.parameters > 0) {
        CHECK(varied(expected_d_w, is.least_share_of_parameters));
        CHECK(deviation(d_w, expected_d_w) <= float_error);
    }
}

inline void backward_is_the_transpose(const problem& p) {
    floats bias(p.layer.outputs), without_bias(p.layer.outputs);
    const floats zero(p.layer.inputs);
    p.layer.forward(p.w.data(), zero.data(), bias.data());
    for (std::size_t n = 0; n < p.x.size(); ++n) {
        for (std::size_t i = 0; i < bias.size(); ++i) without_bias[i] = p.y[n][i] - bias[i];
        const double size = magnitudes(p.x[n], p.d_x[n]) + magnitudes(p.y[n], p.d_y[n]);
        CHECK(std::abs(dot(without_bias, p.d_y[n]) - dot(p.x[n], p.d_x[n])) <= 2e-6 * size);
        if (p.layer.parameters > 0)
            CHECK(std::abs(dot(p.y[n], p.d_y[n]) - dot(p.w, p.d_w[n])) <=
                  2e-6 * (size + magnitudes(p.w, p.d_w[n])));
    }
}

inline void gradients_add_up(const problem& p) {
    floats d_w(p.layer.parameters), d_x(p.layer.inputs), expected(p.layer.parameters);
    for (std::size_t i = 0; i < d_w.size(); ++i) {
        d_w[i] = 0.25f * static_cast<float>(i % 5) - 0.5f;
        expected[i] = d_w[i] + 2.0f * p.d_w[0][i];
    }
    for (int twice = 0; twice < 2; ++twice)
        p.layer.backward(p.w.data(), p.x[0].data(), p.d_y[0].data(), d_x.data(), d_w.data());
    CHECK(deviation(d_w, expected) <= lane_error);
    CHECK(d_x == p.d_x[0]);  // d_x does not add up
}

inline void by_value_is_the_same(const problem& p) {
    floats y(p.layer.outputs), d_x(p.layer.inputs), d_w(p.layer.parameters);
    p.layer.by_value(p.w.data(), p.x[0].data(), p.d_y[0].data(), y.data(), d_x.data(), d_w.data());
    CHECK(deviation(y, p.y[0]) <= lane_error);
    CHECK(deviation(d_x, p.d_x[0]) <= lane_error);
    CHECK(deviation(d_w, p.d_w[0]) <= lane_error);
}

inline void in_place_is_the_same(const problem& p) {
    for (std::size_t n = 0; n < p.x.size(); ++n) {
        floats x = p.x[n], d_x(p.layer.inputs, std::numeric_limits<float>::quiet_NaN());
        p.layer.in_place(p.d_y[n].data(), x.data(), d_x.data());
        CHECK(deviation(x, p.y[n]) <= lane_error);
        CHECK(deviation(d_x, p.d_x[n]) <= lane_error);
    }
}

template <class Shape>
std::unique_ptr<ctnn::tensor<Shape>> tensor_of(const floats& values) {
    auto result = std::make_unique<ctnn::tensor<Shape>>();
    std::copy(values.begin(), values.end(), result->begin());
    return result;
}

/// Batches of 1, one less than the lanes, as many, and one more: `T` holds one image per lane.
template <class Layer, class T>
void lanes_are_images(const problem& p) {
    using input = typename Layer::input_shape;
    using output = typename Layer::output_shape;
    constexpr std::size_t lanes = ctnn::simd::lanes_of<T>;
    const auto x = std::make_unique<T[]>(input::size), d_x = std::make_unique<T[]>(input::size);
    const auto y = std::make_unique<T[]>(output::size), d_y = std::make_unique<T[]>(output::size);
    CAPTURE(lanes);
    for (const std::size_t images : {std::size_t{1}, lanes - 1, lanes, lanes + 1}) {
        CAPTURE(images);
        REQUIRE(images <= p.x.size());
        floats d_w(Layer::parameter_count);
        numbers sum(Layer::parameter_count);
        for (std::size_t first = 0; first < images; first += lanes) {
            std::vector<std::unique_ptr<ctnn::tensor<input>>> inputs(lanes), d_inputs(lanes);
            std::vector<std::unique_ptr<ctnn::tensor<output>>> outputs(lanes), d_outputs(lanes);
            std::array<const ctnn::tensor<input>*, lanes> from{};
            std::array<ctnn::tensor<input>*, lanes> d_from{};
            std::array<const ctnn::tensor<output>*, lanes> d_to{};
            std::array<ctnn::tensor<output>*, lanes> to{};
            const std::size_t here = std::min(lanes, images - first);
            for (std::size_t n = 0; n < here; ++n) {
                from[n] = (inputs[n] = tensor_of<input>(p.x[first + n])).get();
                d_to[n] = (d_outputs[n] = tensor_of<output>(p.d_y[first + n])).get();
                d_from[n] = (d_inputs[n] = std::make_unique<ctnn::tensor<input>>()).get();
                to[n] = (outputs[n] = std::make_unique<ctnn::tensor<output>>()).get();
                for (std::size_t i = 0; i < sum.size(); ++i)
                    sum[i] += static_cast<double>(p.d_w[first + n][i]);
            }
            const T nan(std::numeric_limits<float>::quiet_NaN());
            std::fill_n(y.get(), output::size, nan);
            std::fill_n(d_x.get(), input::size, nan);
            ctnn::to_lanes<T, input>(from, ctnn::tensor_view<input, T>(x.get()));
            ctnn::to_lanes<T, output>(d_to, ctnn::tensor_view<output, T>(d_y.get()));
            compute<Layer, T>(p.w.data(), x.get(), y.get());
            gradients<Layer, T>(p.w.data(), x.get(), d_y.get(), d_x.get(), d_w.data());
            ctnn::from_lanes<T, output>(ctnn::tensor_view<output, const T>(y.get()), to);
            ctnn::from_lanes<T, input>(ctnn::tensor_view<input, const T>(d_x.get()), d_from);
            for (std::size_t n = 0; n < here; ++n) {
                CAPTURE(n);
                CHECK(deviation_of_numbers(*outputs[n], p.y[first + n]) <= lane_error);
                CHECK(deviation_of_numbers(*d_inputs[n], p.d_x[first + n]) <= lane_error);
            }
        }
        // In the lanes a weight meets zeros where one image alone leaves padding out, and 0 times
        // what is no number is none.
        if (std::any_of(sum.begin(), sum.end(), [](double v) { return std::isnan(v); }))
            for (std::size_t i = 0; i < sum.size(); ++i)
                if (std::isnan(d_w[i])) sum[i] = std::numeric_limits<double>::quiet_NaN();
        CHECK(deviation_of_numbers(d_w, sum) <= lane_error);
    }
}

/// With numbers that are none in one image's input, and in the gradient of another's output.
inline problem poisoned(problem p) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    p.x[1 % p.x.size()][p.layer.inputs / 2] = nan;
    p.d_y[2 % p.x.size()][p.layer.outputs / 2] = nan;
    p.run();
    return p;
}
inline void what_is_no_number_stays_none(const problem& healthy, const reference_function& f) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    problem p = healthy;
    p.x.resize(1);
    p.d_y.resize(1);
    for (std::size_t i = 0; i < p.layer.inputs; i += 1 + p.layer.inputs / 7) {
        p.x[0][i] = nan;
        p.run();
        CHECK(same_nans(p.y[0], f(p.image(0), p.weights()).values));
        // In place the layer has only y to go by.
        if (p.layer.in_place != nullptr) CHECK(std::isnan(p.d_x[0][i]));
        p.x[0][i] = healthy.x[0][i];
    }
    for (std::size_t o = 0; o < p.layer.outputs; o += 1 + p.layer.outputs / 7) {
        p.d_y[0].assign(p.layer.outputs, 0.0f);
        p.d_y[0][o] = 1.0f;
        p.run();
        const floats d_x = p.d_x[0], d_w = p.d_w[0];
        p.d_y[0][o] = nan;
        p.run();
        for (std::size_t i = 0; i < d_x.size(); ++i)
            CHECK((d_x[i] == 0.0f || std::isnan(p.d_x[0][i])));
        for (std::size_t i = 0; i < d_w.size(); ++i)
            CHECK((d_w[i] == 0.0f || std::isnan(p.d_w[0][i])));
    }
}

/// All laws, with one lane and with the widest register.
template <class Layer>
problem obeys(const reference_function& f, const traits& is = {}) {
    static_assert(ctnn::trainable_layer<Layer>);
    const problem p(calls_of<Layer>(), ctnn::simd::native_lanes + 1);
    forward_is_the_reference(p, f);
    backward_is_the_finite_difference(p, f, is);
    if (is.linear) backward_is_the_transpose(p);
    gradients_add_up(p);
    by_value_is_the_same(p);
    if (p.layer.in_place != nullptr) in_place_is_the_same(p);
    what_is_no_number_stays_none(p, f);
    if constexpr (ctnn::simd::native_lanes > 1) {
        lanes_are_images<Layer, ctnn::simd::native>(p);
        lanes_are_images<Layer, ctnn::simd::native>(poisoned(p));
    }
    return p;
}

/// A vector of `Lanes`, or the widest there is.
template <std::size_t Lanes>
using up_to = ctnn::simd::vector<std::min(Lanes, ctnn::simd::native_lanes)>;

/// All laws in every register that the processor has.
template <class Layer>
void obeys_in_every_width(const reference_function& f, const traits& is = {}) {
    const problem p = obeys<Layer>(f, is);
    const problem bad = poisoned(p);
    for (const problem& each : {p, bad}) {
        if constexpr (ctnn::simd::native_lanes > 4) lanes_are_images<Layer, up_to<4>>(each);
        if constexpr (ctnn::simd::native_lanes > 8) lanes_are_images<Layer, up_to<8>>(each);
    }
}

}  // namespace laws
