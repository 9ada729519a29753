// Few filters: one image with filters in the lanes, whose weights are copied for it, and where two lanes
// are one filter.
#include "support/convolution_check.hpp"

#include <cmath>
#include <limits>

namespace {

/// Whether they are in pairs where a register has so many lanes.
template <convolution Conv, std::size_t Lanes>
constexpr bool are_paired_with =
    simd::native_lanes >= Lanes ? detail::copied_weights<Conv>::are_paired
                                : !detail::copied_weights<Conv>::are_paired;

#if CTNN_HAS_XSIMD
template <convolution Conv, class Activation, class Pooling>
floats run(const problem<Conv>& p, floats y, const float* scale = nullptr) {
    using filters = detail::convolution_with_filters_in_lanes<Conv, Activation, Pooling>;
    std::vector<float> scratch(filters::scratch_size, std::numeric_limits<float>::quiet_NaN());
    filters::run(p.x[0].data(), p.kernel.data(), p.bias.data(), y.data(), scratch.data(), scale);
    return y;
}

/// Scaled, and added to what is there, where filters fill a vector.
template <convolution Conv>
void check_in_place(const problem<Conv>& p, const reference::numbers& plain) {
    using scaled = detail::adding<detail::scaling<detail::no_activation>>;
    using added = detail::adding<detail::no_activation>;
    generator random(5);
    const floats scale = random.vector(2 * Conv.filters + 2 * simd::native_lanes, -1.0f, 1.0f),
                 before = random.vector(plain.size(), -1.0f, 1.0f);
    reference::numbers sums = plain, scaled_sums = plain;
    for (std::size_t i = 0; i < plain.size(); ++i) {
        const std::size_t f = i % Conv.filters;
        sums[i] += static_cast<double>(before[i]);
        scaled_sums[i] = plain[i] * static_cast<double>(scale[f]) +
                         static_cast<double>(scale[Conv.filters + f]) +
                         static_cast<double>(before[i]);
    }
    CHECK(deviation_of_numbers(run<Conv, added, detail::no_pooling>(p, before), sums) <=
          laws::float_error);
    CHECK(deviation_of_numbers(run<Conv, scaled, detail::no_pooling>(p, before, scale.data()),
                               scaled_sums) <= laws::float_error);
}
#endif

template <convolution Conv>
void check_few([[maybe_unused]] problem<Conv> p = {}) {
#if CTNN_HAS_XSIMD
    using output = shape<sizes<Conv>::height, sizes<Conv>::width, Conv.filters>;
    using activation = relu::on<output>;
    using pooling = typename max_pool2d<window<2, 2>>::template on<output>;
    const reference::map plain = convolved<Conv>(p.x[0], p.kernel, p.bias);
    REQUIRE(laws::varied(plain.values, 0.1));
    const floats nothing(plain.values.size(), 77.0f);
    CHECK(deviation_of_numbers(run<Conv, detail::no_activation, detail::no_pooling>(p, nothing),
                               plain.values) <= laws::float_error);
    const reference::numbers pooled =
        reference::max_pool2d{{2, 2}, {2, 2}}(reference::relu(plain, {}), {}).values;
    CHECK(deviation_of_numbers(run<Conv, activation, pooling>(p, floats(pooled.size(), 77.0f)),
                               pooled) <= laws::float_error);
    if constexpr (detail::convolution_with_filters_in_lanes<Conv, detail::no_activation,
                                                            detail::no_pooling>::adds_once)
        check_in_place<Conv>(p, plain.values);
#endif
}

/// An infinite number and one that is none, in the last channel of a row of pixels each.
template <convolution Conv>
void check_special() {
#if CTNN_HAS_XSIMD
    constexpr float infinity = std::numeric_limits<float>::infinity();
    problem<Conv> p;
    constexpr std::size_t row = Conv.columns.input * Conv.channels;
    p.x[0][3 * row - 1] = infinity;
    p.x[0][6 * row - 1] = std::numeric_limits<float>::quiet_NaN();
    p.x[0][4 * row + Conv.channels - 1] = -infinity;
    const reference::numbers expected = convolved<Conv>(p.x[0], p.kernel, p.bias).values;
    const floats y =
        run<Conv, detail::no_activation, detail::no_pooling>(p, floats(expected.size(), 77.0f));
    std::size_t infinite = 0, none = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
        const bool is_finite = std::isfinite(expected[i]);
        CHECK(std::isfinite(y[i]) == is_finite);
        CHECK(std::isnan(y[i]) == std::isnan(expected[i]));
        CHECK((is_finite || std::signbit(y[i]) == std::signbit(expected[i]) || std::isnan(y[i])));
        infinite += std::isinf(y[i]);
        none += std::isnan(y[i]);
    }
    CHECK((infinite > 0 && none > 0 && infinite + none < y.size() / 2));
#endif
}

constexpr axis ten = along(10, 3, 1, 1), eleven = along(11, 3, 1, 1);
constexpr convolution eight{ten, eleven, 4, 8, 1, true}, eight_of_three{ten, eleven, 3, 8, 1, true},
    four{ten, eleven, 4, 4, 1, true}, three_of_five{ten, eleven, 5, 3, 1, false};

TEST_CASE("two lanes are a filter where filters fill half a register at most") {
    static_assert(are_paired_with<eight, 16> && are_paired_with<eight_of_three, 16> &&
                  are_paired_with<four, 8> && are_paired_with<three_of_five, 8>);
    // One more, one channel, few numbers, few outputs.
    static_assert(
        !detail::adds_in_pairs(convolution{ten, eleven, 4, 9, 1, true}) &&
        !detail::adds_in_pairs(convolution{ten, eleven, 1, 4, 1, true}) &&
        !detail::adds_in_pairs(convolution{along(10, 1), along(11, 1), 15, 4, 1, true}) &&
        !detail::adds_in_pairs(convolution{along(7, 3, 1, 1), along(9, 3, 1, 1), 4, 4, 1, true}));
}
TEST_CASE("few filters: all numbers of a row have a neighbour, or one has none") {
    check_few<eight>();
    check_few<eight_of_three>();
    check_few<four>();
    check_few<three_of_five>();
    check_few<convolution{along(10, 1), along(11, 1), 17, 8, 1, true}>();
    check_few<convolution{along(10, 1), along(11, 1), 18, 1, 1, true}>();
}
TEST_CASE("few filters: long rows, and long columns") {
    check_few<convolution{along(2, 1), along(67, 5, 2, 2), 4, 7, 1, true}>();
    check_few<convolution{along(67, 5, 2, 2), along(2, 1), 4, 8, 1, true}>();
}
TEST_CASE("few filters: groups, strides, dilations") {
    check_few<convolution{along(10, 3, 1, 1), along(12, 4, 2, 1), 6, 8, 2, true}>();
    check_few<convolution{along(9, 2, 1, 0), along(10, 4, 2, 1), 12, 24, 3, false}>();
    check_few<convolution{along(19, 3, 1, 1, 2), along(23, 3, 0, 1, 2), 3, 8, 1, true}>();
    check_few<convolution{along(10, 3, 2, 2, 1, 2), along(12, 3, 3, 3, 1, 3), 3, 6, 1, true}>();
    check_few<convolution{along(4, 2), along(60, 18, 8, 9), 3, 4, 1, true}>();
    check_few<convolution{along(4, 2), along(70, 18, 17, 17, 1, 2), 3, 8, 1, true}>();
}
TEST_CASE("few filters: infinite numbers and such as are none") {
    check_special<eight>();
    check_special<eight_of_three>();
    check_special<three_of_five>();
}

}  // namespace
