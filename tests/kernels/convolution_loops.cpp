// The convolution's loops at the sizes at which bands, blocks, tiles and lanes end unevenly; those
// that every compiler and processor is tried with. More: convolution_sizes.cpp.
#include "support/convolution_check.hpp"

TEST_CASE("5 x 5, same, six filters on one channel") {
    check<convolution{along(28, 5, 2, 2), along(28, 5, 2, 2), 1, 6, 1, true}>();
}
TEST_CASE("odd sizes, padding that differs on every side, no bias") {
    check<convolution{along(9, 3, 2, 0), along(11, 4, 1, 3), 3, 7, 1, false}>();
}
TEST_CASE("more filters than lanes, and some more") {
    check<convolution{along(7, 3, 1, 1), along(6, 3, 1, 1), 5, 37, 1, true}>();
}
TEST_CASE("strides and dilations, with and without a common divisor") {
    check<convolution{along(17, 3, 1, 2, 2, 2), along(19, 3, 2, 2, 4, 2), 2, 4, 1, true}>();
}
TEST_CASE("depthwise: channels that fill a vector, and some more") {
    check<convolution{along(6, 3, 1, 1), along(11, 3, 1, 1), 29, 29, 29, true}>();
}
TEST_CASE("a padded image that does not fit into a block as a whole: rows of it") {
    check_without_filters<convolution{along(45, 3, 1, 1, 2), along(33, 3, 1, 1), 10, 4, 1, true}>();
}
TEST_CASE("a row that is longer than a block: blocks of columns") {
    check_without_filters<convolution{along(2, 2, 1, 0), along(6002, 4, 2, 1, 3), 3, 5, 1, true}>();
}
TEST_CASE("enough filters for the lanes: channels and columns of the kernel in one tile") {
    check_without_filters<convolution{along(11, 3, 1, 1), along(13, 5, 2, 1, 2), 3, 20, 1, true}>();
    check_without_filters<convolution{along(9, 3, 1, 1, 2, 2), along(10, 3, 1, 2, 1, 2), 27, 54, 1,
                                      true}>();
}
TEST_CASE("outputs with room between their pixels") {
    using detail::no_activation, detail::no_pooling;
    constexpr convolution few{along(9, 3, 2, 0), along(11, 4, 1, 3), 3, 7, 1, false},
        many{along(6, 3, 1, 1), along(7, 3, 1, 1), 5, 37, 1, true},
        grouped{along(5, 3, 1, 1), along(6, 3, 1, 1), 4, 40, 2, true},
        depthwise{along(6, 3, 1, 1), along(37, 3, 1, 1), 29, 29, 29, true};
    check_apart<few, no_activation, no_pooling>();
    check_apart<many, no_activation, no_pooling>();
    check_apart<grouped, no_activation, no_pooling>();
    check_apart<depthwise, no_activation, no_pooling>();
    using map = shape<6, 7, 37>;
    check_apart<many, relu::on<map>, typename max_pool2d<window<2, 2>>::template on<map>>();
    using deep = shape<6, 37, 29>;
    check_apart<depthwise, relu::on<deep>, typename max_pool2d<window<2, 2>>::template on<deep>>();
}
TEST_CASE("one vector of filters: columns of the kernel that share pixels") {
    check_without_filters<convolution{along(6, 3, 1, 1), along(11, 3, 1, 1), 33, 28, 1, true}>();
    check_without_filters<convolution{along(3, 2, 0, 1), along(71, 5, 1, 3), 9, 24, 1, false}>();
    check_without_filters<convolution{along(4, 2), along(5, 4, 5, 2), 9, 24, 1, true}>();
}
