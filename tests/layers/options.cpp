#include <ctnn/layers/options.hpp>

#include "support/reference.hpp"

#include <ctnn/layers/average_pool2d.hpp>
#include <ctnn/layers/conv2d.hpp>
#include <ctnn/layers/depthwise_conv2d.hpp>
#include <ctnn/layers/max_pool2d.hpp>

#include <doctest/doctest.h>

#include <type_traits>

using namespace ctnn;
using ctnn::detail::axis;

// One number is both.
static_assert(kernel<3>::height == 3 && kernel<3>::width == 3 && kernel<3, 5>::width == 5);
static_assert(std::is_same_v<kernel<3>, kernel<3, 3>> && std::is_same_v<window<2>, window<2, 2>>);
static_assert(std::is_same_v<stride<2>, stride<2, 2>> &&
              std::is_same_v<dilation<2>, dilation<2, 2>>);

template <class Padding>
constexpr bool pads_are(std::size_t top, std::size_t bottom, std::size_t left, std::size_t right) {
    constexpr axis any{7, 3, 2, 1, 0, 0};
    const auto rows = Padding::rows(any), columns = Padding::columns(any);
    return rows.before == top && rows.after == bottom && columns.before == left &&
           columns.after == right;
}
static_assert(pads_are<padding<1, 2, 3, 4>>(1, 2, 3, 4));
static_assert(pads_are<padding<1, 2>>(1, 1, 2, 2));
static_assert(pads_are<padding<3>>(3, 3, 3, 3));
static_assert(pads_are<valid>(0, 0, 0, 0));

// In any order: the same shapes, windows and parameters.
template <class One, class Other>
constexpr bool alike() {
    constexpr auto equal = [](const axis& a, const axis& b) {
        return a.input == b.input && a.taps == b.taps && a.stride == b.stride &&
               a.dilation == b.dilation && a.before == b.before && a.after == b.after;
    };
    return std::is_same_v<typename One::output_shape, typename Other::output_shape> &&
           One::parameter_count == Other::parameter_count &&
           One::multiply_adds == Other::multiply_adds && equal(One::rows, Other::rows) &&
           equal(One::columns, Other::columns);
}
using in = shape<9, 8, 4>;
using one_order = conv2d<6, kernel<3, 2>, stride<2, 1>, dilation<1, 2>, groups<2>,
                         padding<1, 0, 2, 1>, use_bias<false>>;
using other_order = conv2d<6, use_bias<false>, padding<1, 0, 2, 1>, groups<2>, dilation<1, 2>,
                           stride<2, 1>, kernel<3, 2>>;
using third_order = conv2d<6, groups<2>, kernel<3, 2>, use_bias<false>, stride<2, 1>,
                           padding<1, 0, 2, 1>, dilation<1, 2>>;
static_assert(alike<one_order::on<in>, other_order::on<in>>());
static_assert(alike<one_order::on<in>, third_order::on<in>>());
static_assert(!alike<one_order::on<in>, conv2d<6, kernel<3, 2>>::on<in>>());
static_assert(one_order::on<in>::rows.before == 1 && one_order::on<in>::columns.before == 2 &&
              one_order::on<in>::columns.after == 1 && one_order::on<in>::columns.dilation == 2);
static_assert(alike<max_pool2d<window<3, 2>, stride<2, 1>, same, every_maximum>::on<in>,
                    max_pool2d<every_maximum, same, stride<2, 1>, window<3, 2>>::on<in>>());
static_assert(max_pool2d<same, every_maximum>::to_every_maximum && !max_pool2d<>::to_every_maximum);
static_assert(alike<average_pool2d<window<3, 2>, same>::on<in>,
                    average_pool2d<same, window<3, 2>>::on<in>>());
// A pooling's stride is its window, unless said otherwise; a convolution's is 1.
static_assert(average_pool2d<window<3, 2>>::on<in>::rows.stride == 3 &&
              average_pool2d<window<3, 2>>::on<in>::columns.stride == 2);
static_assert(conv2d<1, kernel<3, 2>>::on<in>::rows.stride == 1);
static_assert(alike<depthwise_conv2d<kernel<3>, same_size, stride<2>, use_bias<false>>::on<in>,
                    depthwise_conv2d<use_bias<false>, stride<2>, kernel<3>, same_size>::on<in>>());

TEST_CASE("the options of a layer in any order compute the same") {
    using a = one_order::on<in>;
    using b = other_order::on<in>;
    a::parameters w_a;
    b::parameters w_b;
    a::input x;
    for (std::size_t i = 0; i < a::parameter_count; ++i)
        w_a.values()[i] = w_b.values()[i] = static_cast<float>(i % 7) - 3.0f;
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 5) - 2.0f;
    const auto y_a = a::forward(w_a, x), y_b = b::forward(w_b, x);
    for (std::size_t i = 0; i < y_a.size(); ++i) CHECK(y_a[i] == y_b[i]);
}

TEST_CASE("same, same_size: the padding of every small window, by another formula") {
    for (std::size_t n = 1; n <= 12; ++n)
        for (std::size_t taps = 1; taps <= 5; ++taps)
            for (std::size_t s = 1; s <= 5; ++s)
                for (std::size_t d = 1; d <= 3; ++d) {
                    CAPTURE(n);
                    CAPTURE(taps);
                    CAPTURE(s);
                    CAPTURE(d);
                    const axis a{n, taps, s, d, 0, 0};
                    const long window =
                        reference::reach(static_cast<long>(taps), static_cast<long>(d));
                    const auto keras =
                        reference::keras_pads(static_cast<long>(n), window, static_cast<long>(s));
                    const auto pads_wanted = reference::symmetric_pads(static_cast<long>(n), window,
                                                                       static_cast<long>(s));
                    for (const auto& pads : {same::rows(a), same::columns(a)}) {
                        CHECK(static_cast<long>(pads.before) == keras.first);
                        CHECK(static_cast<long>(pads.after) == keras.second);
                        const axis padded{n, taps, s, d, pads.before, pads.after};
                        CHECK(padded.output() == (n + s - 1) / s);
                    }
                    for (const auto& pads : {same_size::rows(a), same_size::columns(a)}) {
                        CHECK(static_cast<long>(pads.before) == pads_wanted.first);
                        CHECK(static_cast<long>(pads.after) == pads_wanted.second);
                        const axis padded{n, taps, s, d, pads.before, pads.after};
                        const long total =
                            static_cast<long>((n - 1) * s) + window - static_cast<long>(n);
                        if (total >= 0 && total % 2 == 0) CHECK(padded.output() == n);
                    }
                }
    // Of nothing nothing comes, whatever the padding: no error here.
    for (const auto& pads : {same::rows({0, 3, 2, 1, 0, 0}), same_size::rows({0, 3, 2, 1, 0, 0})})
        CHECK(axis{0, 3, 2, 1, pads.before, pads.after}.output() == 0);
}
