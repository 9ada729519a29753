// Loops for processors without vectors, against the definition: every byte.
#include <ctnn/quantization/int8_strip_loops.hpp>

#include <quantization/random_convolution.hpp>

#include <doctest/doctest.h>

namespace {

using ctnn::detail::convolution;

template <convolution Conv, bool InPairs>
void check() {
    using loops = ctnn::detail::int8_strip_loops_of<Conv, InPairs>;
    using namespace ctnn::rounding;
    CAPTURE(Conv.columns.input);
    CAPTURE(Conv.channels);
    CAPTURE(Conv.filters);
    CHECK(random_convolution::differences<Conv, loops, tflite>() == 0);
    CHECK(random_convolution::differences<Conv, loops, tflite_micro>() == 0);
}

}  // namespace

TEST_CASE("pairs of 16-bit numbers: every byte as defined") {
    random_convolution::for_each_shape([]<convolution Conv>() { check<Conv, true>(); });
}
TEST_CASE("bytes: every byte as defined") {
    random_convolution::for_each_shape([]<convolution Conv>() { check<Conv, false>(); });
}
