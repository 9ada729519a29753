// What convolution_loops.cpp and convolution_sizes.cpp check of one convolution: its loops in every
// layout, whichever of them the plan would take: one image with filters and with columns in the
// lanes, and images in the lanes, forward (with an activation and pooling) and backward. Every
// buffer is exactly as long as its tensor, so that a sanitizer sees any step past it.
#pragma once

#include <ctnn/layers/convolution_layer.hpp>
#include <ctnn/layers/max_pool2d.hpp>
#include <ctnn/layers/relu.hpp>

#include "support/laws.hpp"
#include "support/reference.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>
#include <type_traits>
#include <vector>

using namespace ctnn;
using ctnn::detail::axis;
using ctnn::detail::convolution;
using ctnn::simd::native;
using laws::deviation;
using laws::deviation_of_numbers;
using laws::floats;
namespace simd = ctnn::simd;

namespace {

constexpr long to_long(std::size_t n) {
    return static_cast<long>(n);
}

template <convolution Conv>
struct sizes {
    static constexpr std::size_t x = Conv.rows.input * Conv.columns.input * Conv.channels;
    static constexpr std::size_t kernel = Conv.rows.taps * Conv.columns.taps * Conv.tap_size();
    static constexpr std::size_t height = Conv.rows.output(), width = Conv.columns.output();
    static constexpr std::size_t y = height * width * Conv.filters;
};

template <convolution Conv>
reference::map convolved(const floats& x, const floats& kernel, const floats& bias) {
    const reference::map image(to_long(Conv.rows.input), to_long(Conv.columns.input),
                               to_long(Conv.channels), {x.begin(), x.end()});
    reference::numbers weights(kernel.begin(), kernel.end());
    if (Conv.has_bias) weights.insert(weights.end(), bias.begin(), bias.end());
    return reference::conv2d{
        .filters = to_long(Conv.filters),
        .kernel = {to_long(Conv.rows.taps), to_long(Conv.columns.taps)},
        .stride = {to_long(Conv.rows.stride), to_long(Conv.columns.stride)},
        .dilation = {to_long(Conv.rows.dilation), to_long(Conv.columns.dilation)},
        .groups = to_long(Conv.groups),
        .pad = {reference::padding::by_hand, to_long(Conv.rows.before), to_long(Conv.rows.after),
                to_long(Conv.columns.before), to_long(Conv.columns.after)},
        .bias = Conv.has_bias}(image, weights);
}

/// `images` floats arrays, one per lane.
[[maybe_unused]] std::vector<native> in_lanes(const std::vector<floats>& images) {
    std::vector<native> result(images[0].size());
    for (std::size_t i = 0; i < result.size(); ++i) {
        float lanes[simd::native_lanes];
        for (std::size_t n = 0; n < simd::native_lanes; ++n) lanes[n] = images[n][i];
        result[i] = simd::load<native>(lanes);
    }
    return result;
}
[[maybe_unused]] floats lane(const std::vector<native>& vectors, std::size_t n) {
    floats result(vectors.size());
    for (std::size_t i = 0; i < result.size(); ++i) {
        float lanes[simd::native_lanes];
        simd::store(lanes, vectors[i]);
        result[i] = lanes[n];
    }
    return result;
}

template <convolution Conv>
struct problem {
    floats kernel, bias;
    std::vector<floats> x;  // one for each lane

    problem() {
        generator random(Conv.channels * 100 + Conv.filters * 10 + Conv.rows.input);
        kernel = random.vector(sizes<Conv>::kernel, -1.0f, 1.0f);
        bias = random.vector(Conv.has_bias ? Conv.filters : 0, -1.0f, 1.0f);
        for (std::size_t n = 0; n < simd::native_lanes; ++n)
            x.push_back(random.vector(sizes<Conv>::x, -1.0f, 1.0f));
    }
};

template <convolution Conv, bool Filters, class Activation, class Pooling>
void check_forward(const problem<Conv>& p, const std::vector<reference::numbers>& expected) {
    const std::size_t size = expected[0].size();
    REQUIRE(laws::varied(expected[0], 0.1));
    const auto one = [&](auto run) {
        floats y(size, 77.0f);
        run(p.x[0].data(), p.kernel.data(), p.bias.data(), y.data());
        return deviation_of_numbers(y, expected[0]);
    };
    using images = detail::convolution_with_images_in_lanes<Conv>;
    CHECK(one([](auto... a) { images::template forward<Activation, Pooling>(a...); }) <=
          laws::float_error);
#if CTNN_HAS_XSIMD
    if constexpr (Filters) {
        using filters = detail::convolution_with_filters_in_lanes<Conv, Activation, Pooling>;
        std::vector<float> scratch(filters::scratch_size);
        CHECK(one([&](auto... a) { filters::run(a..., scratch.data()); }) <= laws::float_error);
    }
    using columns = detail::convolution_with_columns_in_lanes<Conv, Activation, Pooling>;
    std::vector<float> scratch(columns::scratch_size);
    CHECK(one([&](auto... a) { columns::run(a..., scratch.data()); }) <= laws::float_error);
    if constexpr (detail::pays_in_blocks<Conv> && std::is_same_v<Pooling, detail::no_pooling>) {
        using blocks = detail::convolution_in_blocks<Conv, Activation>;
        CHECK(one([](auto... a) { blocks::run(a..., nullptr); }) <= laws::float_error);
    }
    if constexpr (Conv.is_depthwise()) {
        using channels = detail::convolution_with_channels_in_lanes<Conv, Activation, Pooling>;
        CHECK(one([&](auto... a) { channels::run(a..., nullptr); }) <= laws::float_error);
    }
#endif
    const std::vector<native> x = in_lanes(p.x);
    std::vector<native> y(size, native(77.0f));
    images::template forward<Activation, Pooling>(x.data(), p.kernel.data(), p.bias.data(),
                                                  y.data());
    for (std::size_t n = 0; n < simd::native_lanes; ++n)
        CHECK(deviation_of_numbers(lane(y, n), expected[n]) <= laws::float_error);
}

/// Outputs with room for others between their pixels, which stays as it is: bit for bit those of a
/// tensor.
template <convolution Conv, class Activation, class Pooling>
void check_apart() {
    constexpr std::size_t step = Conv.filters + 3,
                          pixels = (Conv.rows.output() / Pooling::window_rows) *
                                   (Conv.columns.output() / Pooling::window_columns);
    static constexpr convolution apart = Conv.with_output_step(step);
    static_assert(apart.output_step() == step && Conv.output_step() == Conv.filters);
    static_assert(apart.with_output_step(Conv.filters).step == 0);
    const problem<Conv> p;
    const auto check = [&](const auto& x, auto number, auto run_together, auto run_apart) {
        using T = decltype(number);
        std::vector<T> y(pixels * Conv.filters), between(pixels * step, T(77.0f));
        run_together(x.data(), p.kernel.data(), p.bias.data(), y.data());
        run_apart(x.data(), p.kernel.data(), p.bias.data(), between.data());
        std::vector<T> expected(between.size(), T(77.0f));
        for (std::size_t i = 0; i < y.size(); ++i)
            expected[i / Conv.filters * step + i % Conv.filters] = y[i];
        CHECK(std::memcmp(between.data(), expected.data(), between.size() * sizeof(T)) == 0);
    };
    const auto images = [&](const auto& x, auto number) {
        check(
            x, number,
            [](auto... a) {
                detail::convolution_with_images_in_lanes<Conv>::template forward<Activation,
                                                                                 Pooling>(a...);
            },
            [](auto... a) {
                detail::convolution_with_images_in_lanes<apart>::template forward<Activation,
                                                                                  Pooling>(a...);
            });
    };
    images(in_lanes(p.x), native{});
    images(p.x[0], float{});
    check(
        p.x[0], float{},
        [](auto... a) { detail::convolve_in_constant_expression<Activation, Pooling>(Conv, a...); },
        [](auto... a) {
            detail::convolve_in_constant_expression<Activation, Pooling>(apart, a...);
        });
#if CTNN_HAS_XSIMD
    const auto one = [&]<class Together, class Apart>(std::type_identity<Together>,
                                                      std::type_identity<Apart>) {
        std::vector<float> scratch(Together::scratch_size);
        static_assert(Together::scratch_size == Apart::scratch_size);
        check(
            p.x[0], float{}, [&](auto... a) { Together::run(a..., scratch.data()); },
            [&](auto... a) { Apart::run(a..., scratch.data()); });
    };
    one(std::type_identity<detail::convolution_with_filters_in_lanes<Conv, Activation, Pooling>>{},
        std::type_identity<
            detail::convolution_with_filters_in_lanes<apart, Activation, Pooling>>{});
    one(std::type_identity<detail::convolution_with_columns_in_lanes<Conv, Activation, Pooling>>{},
        std::type_identity<
            detail::convolution_with_columns_in_lanes<apart, Activation, Pooling>>{});
    if constexpr (detail::pays_in_blocks<Conv> && std::is_same_v<Pooling, detail::no_pooling>)
        one(std::type_identity<detail::convolution_in_blocks<Conv, Activation>>{},
            std::type_identity<detail::convolution_in_blocks<apart, Activation>>{});
    if constexpr (Conv.is_depthwise())
        one(std::type_identity<
                detail::convolution_with_channels_in_lanes<Conv, Activation, Pooling>>{},
            std::type_identity<
                detail::convolution_with_channels_in_lanes<apart, Activation, Pooling>>{});
#endif
}

/// Adds the gradients of kernel and bias to d_kernel and d_bias.
template <convolution Conv, class T, class OutputGradient>
void add_gradients(const T* x, const OutputGradient& gradient, floats& d_kernel, floats& d_bias) {
    using kernels = detail::kernel_gradient<Conv>;
    std::vector<T> scratch(kernels::template scratch_size<T, OutputGradient>());
    kernels::add(x, gradient, d_kernel.data(), d_bias.data(), scratch.data());
}

/// The transpose: <convolve(x), d_y> = <x, d_x>, with x the unit vectors, all at once.
template <convolution Conv>
reference::numbers transposed(const floats& kernel, const floats& d_y) {
    reference::numbers expected(sizes<Conv>::x);
    for (std::size_t h = 0; h < sizes<Conv>::height; ++h)
        for (std::size_t w = 0; w < sizes<Conv>::width; ++w)
            for (std::size_t f = 0; f < Conv.filters; ++f)
                for (std::size_t i = 0; i < Conv.rows.taps; ++i)
                    for (std::size_t j = 0; j < Conv.columns.taps; ++j)
                        for (std::size_t c = 0; c < Conv.group_channels(); ++c) {
                            const std::size_t row =
                                h * Conv.rows.stride + i * Conv.rows.dilation - Conv.rows.before;
                            const std::size_t column = w * Conv.columns.stride +
                                                       j * Conv.columns.dilation -
                                                       Conv.columns.before;
                            if (row >= Conv.rows.input || column >= Conv.columns.input) continue;
                            const std::size_t channel =
                                f / Conv.group_filters() * Conv.group_channels() + c;
                            expected[(row * Conv.columns.input + column) * Conv.channels +
                                     channel] +=
                                static_cast<double>(
                                    kernel[((i * Conv.columns.taps + j) * Conv.group_channels() +
                                            c) *
                                               Conv.filters +
                                           f]) *
                                static_cast<double>(
                                    d_y[(h * sizes<Conv>::width + w) * Conv.filters + f]);
                        }
    return expected;
}

/// Backward in lanes against one image after the other, whose loops are the definition.
template <convolution Conv>
void check_backward(const problem<Conv>& p) {
    using images = detail::convolution_with_images_in_lanes<Conv>;
    generator random(7);
    std::vector<floats> d_y;
    floats d_kernel(sizes<Conv>::kernel, 0.5f), d_bias(Conv.has_bias ? Conv.filters : 0, 0.5f);
    floats lanes_d_kernel = d_kernel, lanes_d_bias = d_bias;
    for (std::size_t n = 0; n < simd::native_lanes; ++n)
        d_y.push_back(random.vector(sizes<Conv>::y, -1.0f, 1.0f));

    const std::vector<native> x = in_lanes(p.x), lanes_d_y = in_lanes(d_y);
    std::vector<native> d_x(sizes<Conv>::x, native(std::numeric_limits<float>::quiet_NaN()));
    images::input_gradient(p.kernel.data(), lanes_d_y.data(), d_x.data());
    std::vector<native> added(x);
    images::input_gradient(p.kernel.data(), lanes_d_y.data(), added.data(),
                           detail::to_what_is_there{});
    add_gradients<Conv>(x.data(), detail::output_gradient_in_memory<Conv, native>{lanes_d_y.data()},
                        lanes_d_kernel, lanes_d_bias);
    floats without_scratch(d_kernel.size(), 0.5f), bias_without_scratch = d_bias;
    detail::kernel_gradient<Conv>::add_without_scratch(
        x.data(), detail::output_gradient_in_memory<Conv, native>{lanes_d_y.data()},
        without_scratch.data(), bias_without_scratch.data());
    for (std::size_t n = 0; n < simd::native_lanes; ++n) {
        if (n < 2) {
            reference::numbers expected = transposed<Conv>(p.kernel, d_y[n]);
            CHECK(deviation(lane(d_x, n), expected) <= laws::float_error);
            for (std::size_t i = 0; i < expected.size(); ++i)
                expected[i] += static_cast<double>(p.x[n][i]);
            CHECK(deviation(lane(added, n), expected) <= laws::float_error);
        }
        add_gradients<Conv>(p.x[n].data(),
                            detail::output_gradient_in_memory<Conv, float>{d_y[n].data()}, d_kernel,
                            d_bias);
    }
    CHECK(deviation(without_scratch, d_kernel) <= 10 * laws::float_error);
    CHECK(deviation(bias_without_scratch, d_bias) <= 10 * laws::float_error);
    CHECK(deviation(lanes_d_kernel, d_kernel) <= 10 * laws::float_error);
    CHECK(deviation(lanes_d_bias, d_bias) <= 10 * laws::float_error);
}

/// The parameters' gradient from the positions of the maxima against that from the map before
/// pooling, for images in the lanes or, with `float`, one.
template <convolution Conv, class Activation, class Pooling, class T>
void check_positions(const problem<Conv>& p, const std::vector<T>& x) {
    using images = detail::convolution_with_images_in_lanes<Conv>;
    constexpr std::size_t size = Pooling::output_shape::size;
    std::vector<T> y(size), d_y(size), map(sizes<Conv>::y);
    std::vector<std::uint8_t> positions(size * simd::lanes_of<T>);
    images::template forward<Activation, Pooling>(x.data(), p.kernel.data(), p.bias.data(),
                                                  y.data(), positions.data());
    const floats random = generator(9).vector(size, -1.0f, 1.0f);
    for (std::size_t i = 0; i < size; ++i) d_y[i] = T(random[i]);
    Pooling::template input_gradient_from_positions<Activation>(
        tensor_view<typename Pooling::output_shape, const T>(y.data()), positions.data(),
        tensor_view<typename Pooling::output_shape, const T>(d_y.data()),
        tensor_view<typename Pooling::input_shape, T>(map.data()));
    floats d_kernel(sizes<Conv>::kernel), d_bias(Conv.has_bias ? Conv.filters : 0);
    floats without_map = d_kernel, bias_without_map = d_bias;
    add_gradients<Conv>(x.data(), detail::output_gradient_in_memory<Conv, T>{map.data()}, d_kernel,
                        d_bias);
    add_gradients<Conv>(x.data(),
                        detail::output_gradient_at_maxima<Activation, Pooling, T>{
                            y.data(), positions.data(), d_y.data()},
                        without_map, bias_without_map);
    REQUIRE(laws::varied({d_kernel.begin(), d_kernel.end()}, 0.1));
    CHECK(deviation(without_map, d_kernel) <= laws::float_error);
    CHECK(deviation(bias_without_map, d_bias) <= laws::float_error);
}

/// `Filters`: also one image with the filters in the lanes, half of what the compiler does.
template <convolution Conv, bool Filters = true>
void check() {
    using output = shape<sizes<Conv>::height, sizes<Conv>::width, Conv.filters>;
    using activation = relu::on<output>;
    using pooling = typename max_pool2d<window<2, 2>>::template on<output>;
    problem<Conv> p;
    std::vector<reference::numbers> plain(simd::native_lanes), pooled(simd::native_lanes);
    const auto expect = [&](std::size_t n) {
        const reference::map y = convolved<Conv>(p.x[n], p.kernel, p.bias);
        plain[n] = y.values;
        pooled[n] = reference::max_pool2d{{2, 2}, {2, 2}}(reference::relu(y, {}), {}).values;
    };
    const auto check_all = [&] {
        check_forward<Conv, Filters, detail::no_activation, detail::no_pooling>(p, plain);
        check_forward<Conv, Filters, activation, pooling>(p, pooled);
    };
    for (std::size_t n = 0; n < simd::native_lanes; ++n) expect(n);
    check_all();
    check_backward(p);
    if constexpr (!Conv.is_depthwise()) {
        check_positions<Conv, activation, pooling>(p, in_lanes(p.x));
        check_positions<Conv, activation, pooling>(p, p.x[0]);
    }
    // What is no number stays none, in its lane alone.
    for (const std::size_t n : {std::size_t{0}, simd::native_lanes / 2}) {
        p.x[n][sizes<Conv>::x / 3] = std::numeric_limits<float>::quiet_NaN();
        expect(n);
    }
    check_all();
}

/// Where what is new does not concern filters in the lanes.
template <convolution Conv>
void check_without_filters() {
    check<Conv, false>();
}

/// An axis of `input` pixels.
constexpr axis along(std::size_t input, std::size_t taps, std::size_t before = 0,
                     std::size_t after = 0, std::size_t stride = 1, std::size_t dilation = 1) {
    return {input, taps, stride, dilation, before, after};
}

}  // namespace
