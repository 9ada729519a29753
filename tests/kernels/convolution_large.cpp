// The convolution's loops with more weights than a cache holds: optimized, as they compute much.
#include "support/convolution_check.hpp"

TEST_CASE("weights that no cache holds: blocks of channels") {
    check<convolution{along(6, 3, 1, 1), along(8, 3, 1, 1), 123, 264, 1, true}>();
}
TEST_CASE("rows of many taps, in groups") {
    check<convolution{along(4, 1), along(23, 17, 8, 8), 248, 264, 4, false}>();
}
