// The convolution's loops at more sizes than convolution_loops.cpp has, on one compiler.
#include "support/convolution_check.hpp"

TEST_CASE("more filters, or channels of their own, than a tile holds") {
    check<convolution{along(4, 2), along(5, 2), 3, 83, 1, true}>();
    check<convolution{along(4, 3, 1, 1), along(5, 3, 1, 1), 53, 53, 53, true}>();
}
TEST_CASE("more columns than lanes, and some more") {
    check_without_filters<convolution{along(5, 3), along(43, 3), 2, 3, 1, true}>();
}
TEST_CASE("strides and dilations, with and without a common divisor: more") {
    check<convolution{along(17, 3, 1, 2, 3, 2), along(19, 2, 2, 2, 2, 3), 2, 4, 1, true}>();
}
TEST_CASE("a stride that is larger than the kernel leaves pixels out") {
    check<convolution{along(14, 2, 0, 0, 3), along(13, 1, 0, 0, 3), 2, 4, 1, true}>();
}
TEST_CASE("groups") {
    check<convolution{along(8, 3, 1, 1), along(9, 3, 1, 1), 6, 20, 2, true}>();
    check<convolution{along(5, 3, 1, 1), along(6, 3, 1, 1), 4, 12, 2, true}>();
}
TEST_CASE("depthwise: channels that fill a vector, and some more: more") {
    check_without_filters<convolution{along(9, 3, 1, 1, 2), along(12, 5, 2, 2, 2), 18, 18, 18,
                                      false}>();
    check_without_filters<convolution{along(9, 3, 0, 1, 2, 3), along(22, 3, 3, 2, 3, 2), 4, 4, 4,
                                      true}>();
}
TEST_CASE("depthwise: rows of the kernel that no registers hold, and such as see far") {
    check_without_filters<convolution{along(5, 2, 1, 0), along(31, 24, 20, 3), 35, 35, 35, true}>();
    check_without_filters<convolution{along(3, 2, 1, 1), along(83, 3, 33, 34, 2, 33), 5, 5, 5,
                                      true}>();
}
TEST_CASE("depthwise: strides along a row, rows that see padding alone") {
    check_without_filters<convolution{along(4, 3, 3, 4), along(43, 3, 1, 0, 2), 5, 5, 5, true}>();
}
TEST_CASE("1 x 1") {
    check<convolution{along(6, 1), along(6, 1), 31, 18, 1, true}>();
}
TEST_CASE("a row that is longer than a block: blocks of columns: more") {
    check_without_filters<convolution{along(4, 2), along(3002, 2, 0, 0, 2, 3), 3, 20, 1, false}>();
    check_without_filters<convolution{along(3, 2), along(1501, 3, 1, 1), 7, 7, 7, true}>();
}
TEST_CASE("wide strides and dilations: tiles of columns begin where they should") {
    check<convolution{along(5, 3, 1, 1), along(77, 3, 1, 1, 2), 3, 32, 1, true}>();
    check<convolution{along(5, 2), along(71, 4, 2, 2, 1, 3), 9, 17, 1, true}>();
    check<convolution{along(5, 2), along(9, 3, 1, 1, 2), 2, 3, 1, true}>();
}
TEST_CASE("padding beyond every pixel") {
    check<convolution{along(4, 3, 3, 4), along(5, 3, 4, 5), 2, 6, 1, true}>();
}
TEST_CASE("enough filters for the lanes: groups, rows in blocks, blocks of columns") {
    check_without_filters<convolution{along(23, 3, 2, 1, 2), along(31, 3, 1, 1), 18, 66, 2,
                                      true}>();
    check_without_filters<convolution{along(4, 2, 1, 1), along(203, 3, 1, 1, 1, 2), 9, 32, 1,
                                      true}>();
    check_without_filters<convolution{along(4, 2, 1, 1), along(203, 3, 1, 2, 2), 3, 16, 1, true}>();
}
TEST_CASE("outputs of several rows at once, some of them on padding") {
    check<convolution{along(6, 3, 1, 1), along(8, 3, 1, 1), 7, 16, 1, true}>();
    check<convolution{along(13, 3, 1, 1, 2), along(6, 3, 1, 1), 5, 16, 1, true}>();
    check<convolution{along(13, 3, 1, 1, 2), along(3, 3, 1, 1), 5, 16, 1, true}>();
    check<convolution{along(9, 4, 2, 1), along(8, 2, 1, 0), 5, 50, 1, true}>();
}
TEST_CASE("rows of many taps") {
    check<convolution{along(6, 2, 1, 0), along(45, 19, 9, 9), 5, 16, 1, true}>();
    check<convolution{along(6, 2, 1, 0), along(61, 17, 20, 15, 2, 2), 4, 34, 2, true}>();
    check<convolution{along(6, 2, 1, 1), along(50, 20, 12, 27, 2, 1), 18, 18, 18, true}>();
    check<convolution{along(6, 2), along(40, 18, 17, 17, 1, 2), 7, 7, 7, false}>();
}
