// Every loop of a convolution in bytes gives the bytes of its definition: random layers, extremes,
// any rows of the output; exactly sized memory, for sanitizers.
#include <ctnn/quantization/int8_loops.hpp>

#include "support/int8_layers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

namespace {

using namespace int8_layers;

template <convolution Conv, class Rounding>
void check_with(std::mt19937& random, numbers kind, std::int32_t zero_x, std::int32_t zero_y,
                std::int32_t low, std::int32_t high, std::size_t first, std::size_t last,
                bool has_large_factors = true, bool has_large_sums = false) {
    constexpr std::size_t row = Conv.columns.output() * Conv.filters;
    const layer<Conv, Rounding> l(random, kind, zero_x, has_large_factors, has_large_sums);
    const auto o = l.operands(zero_y, low, high);
    exactly<std::int8_t> wanted((last - first) * row), found((last - first) * row);
    using loops = ctnn::detail::int8_convolution<Conv>;
    exactly<std::int8_t> scratch(loops::scratch_size);
    std::fill(scratch.begin(), scratch.end(), std::int8_t{77});
    ctnn::detail::int8_convolve_plainly<Conv>(l.x.begin(), wanted.begin(), first, last, o);
    loops::run(l.x.begin(), found.begin(), first, last, o, scratch.begin());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < wanted.size; ++i) wrong += wanted.begin()[i] != found.begin()[i];
    INFO(Conv.rows.input, " x ", Conv.columns.input, " x ", Conv.channels, ", kernel ",
         Conv.rows.taps, " x ", Conv.columns.taps, ", ", Conv.filters, " filters, ", Conv.groups,
         " groups, strides ", Conv.rows.stride, " ", Conv.columns.stride, ", dilation ",
         Conv.rows.dilation, " ", Conv.columns.dilation, ", padding ", Conv.rows.before, " ",
         Conv.columns.before, ", rows ", first, " to ", last);
    CHECK(wrong == 0);
}

template <convolution Conv, class Rounding>
void check_by(std::mt19937& random) {
    constexpr std::size_t rows = Conv.rows.output();
    static_assert(rows > 0 && Conv.columns.output() > 0);
    check_with<Conv, Rounding>(random, numbers::random, 3, -5, -128, 127, 0, rows);
    check_with<Conv, Rounding>(random, numbers::random, -128, -128, -128, 127, 0, rows);
    check_with<Conv, Rounding>(random, numbers::random, 127, 127, -90, 101, rows / 2, rows);
    check_with<Conv, Rounding>(random, numbers::mixed, -128, 127, 5, 6, 0, (rows + 1) / 2);
    check_with<Conv, Rounding>(random, numbers::lowest, 127, -128, -128, 127, rows - 1, rows);
    check_with<Conv, Rounding>(random, numbers::highest, -128, 0, -128, 127, 0, rows);
    // Factors below 1 and the bounds of a byte need less arithmetic.
    check_with<Conv, Rounding>(random, numbers::random, 3, -5, -128, 127, 0, rows, false);
    check_with<Conv, Rounding>(random, numbers::mixed, -7, 127, -128, 127, rows / 3, rows, false);
    check_with<Conv, Rounding>(random, numbers::random, 3, 9, -128, 127, 0, rows, false, true);
    check_with<Conv, Rounding>(random, numbers::random, 3, 9, -128, 127, 0, rows, true, true);
    check_with<Conv, Rounding>(random, numbers::random, 3, 9, -128, 126, 0, rows, false, true);
}
template <convolution... Convs>
void check() {
    std::mt19937 random(1);
    (check_by<Convs, ctnn::rounding::tflite>(random), ...);
    (check_by<Convs, ctnn::rounding::tflite_micro>(random), ...);
}

TEST_CASE("numbers of channels and filters") {
    check<{plain(5, 3), plain(7, 3), 1, 1, 1, true}, {plain(5, 3), plain(7, 3), 1, 6, 1, true},
          {same(5, 3), same(7, 3), 1, 8, 1, true}, {same(5, 3), same(7, 3), 2, 3, 1, true},
          {plain(5, 3), plain(7, 3), 3, 4, 1, true}, {same(5, 3), same(9, 3), 3, 5, 1, true},
          {same(5, 3), same(9, 3), 4, 16, 1, true}, {same(4, 3), same(9, 3), 5, 17, 1, true},
          {same(4, 3), same(5, 3), 16, 20, 1, true}, {same(3, 3), same(8, 3), 17, 40, 1, true},
          {same(3, 3), same(4, 3), 33, 64, 1, true}, {same(3, 3), same(3, 3), 16, 33, 1, true},
          {same(3, 3), same(13, 3), 8, 12, 1, true}, {same(3, 3), same(13, 3), 4, 31, 1, true},
          {same(3, 3), same(13, 3), 4, 100, 1, true}>();
}
TEST_CASE("kernels, strides, dilation, padding on all sides") {
    check<{plain(28, 5), plain(28, 5), 1, 6, 1, true}, {plain(14, 5), plain(14, 5), 6, 16, 1, true},
          {{49, 10, 2, 1, 4, 5}, {10, 4, 2, 1, 1, 2}, 1, 64, 1, true},
          {{9, 3, 2, 1, 0, 1}, {9, 3, 2, 1, 0, 1}, 5, 8, 1, true},
          {{9, 3, 1, 2, 2, 2}, {9, 3, 1, 3, 3, 3}, 3, 8, 1, true},
          {{12, 3, 1, 2, 2, 2}, {9, 3, 1, 1, 1, 1}, 4, 17, 1, true},
          {{3, 3, 1, 1, 2, 2}, {3, 5, 1, 1, 4, 4}, 2, 8, 1, true},
          {{4, 2, 3, 1, 5, 6}, {4, 1, 3, 1, 5, 0}, 3, 5, 1, true},
          {{11, 1, 3, 1, 0, 0}, {9, 1, 2, 1, 0, 0}, 16, 16, 1, true},
          {{7, 2, 4, 1, 0, 0}, {11, 2, 5, 1, 0, 0}, 7, 9, 1, true},
          {{2, 1, 1, 1, 1, 1}, {2, 1, 1, 1, 1, 1}, 4, 8, 1, true}>();
}
TEST_CASE("one by one, dense, one row, one column") {
    check<{plain(5, 1), plain(5, 1), 8, 16, 1, true}, {plain(3, 1), plain(5, 1), 64, 64, 1, true},
          {plain(25, 1), plain(5, 1), 16, 17, 1, true},
          {plain(3, 1), plain(3, 1), 33, 128, 1, true}, {plain(4, 1), plain(2, 1), 3, 3, 1, true},
          {pixel, pixel, 400, 120, 1, true}, {pixel, pixel, 84, 10, 1, true},
          {pixel, pixel, 3, 1, 1, true}, {pixel, pixel, 1, 5, 1, true},
          {pixel, pixel, 17, 33, 1, true}, {pixel, pixel, 10, 1000, 1, true},
          {pixel, pixel, 4099, 8, 1, true}, {pixel, same(40, 3), 5, 8, 1, true},
          {same(40, 3), pixel, 5, 8, 1, true}, {{40, 5, 2, 1, 2, 2}, pixel, 4, 24, 1, true},
          {{40, 3, 1, 2, 2, 2}, pixel, 3, 16, 1, true},
          {pixel, {41, 3, 3, 4, 2, 1}, 3, 16, 1, true}>();
}
TEST_CASE("groups, depthwise") {
    check<{same(4, 3), same(5, 3), 8, 8, 2, true}, {plain(4, 3), plain(5, 3), 6, 9, 3, true},
          {plain(4, 1), plain(5, 1), 12, 40, 2, true}, {same(4, 3), same(5, 3), 20, 40, 5, true},
          {same(5, 3), same(6, 3), 2, 2, 2, true}, {same(5, 3), same(6, 3), 3, 3, 3, true},
          {same(5, 3), same(6, 3), 8, 8, 8, true}, {same(7, 3), same(6, 3), 16, 16, 16, true},
          {same(4, 3), same(4, 3), 17, 17, 17, true}, {same(4, 3), same(9, 3), 32, 32, 32, true},
          {same(4, 3), same(9, 3), 40, 40, 40, true}, {same(25, 3), same(5, 3), 64, 64, 64, true},
          {same(4, 3), same(3, 3), 100, 100, 100, true},
          {same(4, 3), same(3, 3), 130, 130, 130, true}, {same(4, 5), same(9, 5), 8, 8, 8, true},
          {plain(9, 4), plain(9, 2), 16, 16, 16, true},
          {{9, 3, 2, 1, 0, 1}, {9, 3, 2, 1, 0, 1}, 8, 8, 8, true},
          {{9, 3, 2, 1, 1, 1}, {8, 3, 3, 1, 1, 1}, 64, 64, 64, true},
          {{9, 3, 1, 2, 2, 2}, {9, 3, 1, 3, 3, 3}, 6, 6, 6, true},
          {{9, 3, 2, 3, 2, 2}, {12, 3, 3, 2, 3, 3}, 16, 16, 16, true},
          {same(4, 3), same(5, 3), 5, 10, 5, true}, {same(4, 3), same(5, 3), 3, 24, 3, true},
          {plain(4, 1), plain(5, 1), 24, 24, 24, true}, {pixel, pixel, 70, 70, 70, true},
          {plain(25, 25), plain(5, 5), 64, 64, 64, true},
          {{14, 3, 3, 1, 1, 1}, {9, 3, 2, 2, 2, 1}, 8, 8, 8, true},
          {{14, 2, 3, 1, 1, 0}, {7, 3, 1, 3, 3, 3}, 24, 24, 24, true}>();
}
TEST_CASE("depthwise, rows that share words, and channels that share vectors") {
    check<{{10, 3, 2, 1, 0, 1}, {9, 3, 2, 1, 0, 1}, 16, 16, 16, true},
          {same(11, 5), same(7, 5), 16, 16, 16, true},
          {{13, 5, 2, 1, 2, 2}, {9, 5, 2, 1, 2, 2}, 48, 48, 48, true},
          {{17, 5, 4, 1, 0, 3}, {6, 2, 1, 2, 1, 1}, 16, 16, 16, true},
          {same(7, 2), same(5, 3), 16, 16, 16, true}, {same(7, 3), same(24, 3), 2, 2, 2, true},
          {same(7, 3), same(23, 3), 4, 4, 4, true}, {same(6, 3), same(48, 3), 8, 8, 8, true},
          {{8, 3, 1, 1, 5, 4}, {9, 3, 1, 1, 7, 8}, 16, 16, 16, true},
          {same(4, 3), same(700, 3), 16, 16, 16, true},
          {same(3, 3), same(3, 3), 528, 528, 528, true}>();
}
TEST_CASE("more than fits into scratch memory at once") {
    check<{plain(3, 3), plain(30'000, 3), 1, 4, 1, true},
          {same(60, 3), same(200, 3), 5, 8, 1, true}, {plain(1, 1), plain(9'000, 1), 5, 8, 1, true},
          {plain(9'000, 3), pixel, 5, 8, 1, true},
          {{40, 3, 1, 7, 7, 7}, {2'000, 3, 1, 9, 9, 9}, 3, 4, 1, true},
          {same(3, 3), same(9'001, 3), 4, 4, 4, true}, {same(4, 3), same(5'000, 3), 8, 8, 8, true},
          {same(60, 3), same(90, 3), 16, 16, 16, true}, {pixel, pixel, 70'000, 4, 1, true}>();
}

}  // namespace
