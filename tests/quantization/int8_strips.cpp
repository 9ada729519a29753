// Loops for processors without vectors, against the definition: every byte.
#include <ctnn/quantization/int8_strips.hpp>

#include <ctnn/ctnn.hpp>
#include <quantization/random_convolution.hpp>

#include <doctest/doctest.h>

namespace {

using namespace ctnn::detail;

template <convolution Conv>
void check() {
    CAPTURE(Conv.channels);
    CAPTURE(Conv.filters);
    CAPTURE(Conv.columns.input);
    CHECK(random_convolution::differences<Conv, int8_strip_loops<Conv, int8_in_pairs>,
                                          ctnn::rounding::tflite>() == 0);
    CHECK(random_convolution::differences<Conv, int8_strip_loops<Conv, int8_in_bytes>,
                                          ctnn::rounding::tflite_micro>() == 0);
}
}  // namespace
template <convolution Conv>
void check_depthwise() {
    CAPTURE(Conv.channels);
    CAPTURE(Conv.columns.input);
    CHECK(random_convolution::differences<Conv, int8_depthwise_strip_loops<Conv>,
                                          ctnn::rounding::tflite>() == 0);
    CHECK(random_convolution::differences<Conv, int8_depthwise_strip_loops<Conv>,
                                          ctnn::rounding::tflite_micro>() == 0);
}
TEST_CASE("depthwise") {
    random_convolution::for_each_depthwise_shape([]<convolution Conv> { check_depthwise<Conv>(); });
}
TEST_CASE("int8 convolutions of strips: every byte as defined") {
    random_convolution::for_each_shape([]<convolution Conv> { check<Conv>(); });
}
