// Headers that write_header wrote of parameters in bytes, compiled: every number is what was written.
#include "int8_bytes.h"        // written by write_int8_numbers.cpp
#include "int8_micro_bytes.h"  // the same

#include "support/int8_networks.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace ctnn;
using int8_networks::all_kinds;

TEST_CASE("write_header: parameters in bytes, compiled, are what was written") {
    const auto w = int8_networks::random_weights<all_kinds>(3);
    const auto images = int8_networks::random_images<all_kinds>(10, 4);
    using int8 = quantized<all_kinds>;
    using micro = quantized<all_kinds, rounding::tflite_micro>;
    static_assert(numbers::bytes.fingerprint == int8::fingerprint);
    const auto q = quantize(w, images);
    CHECK(int8::weights(numbers::bytes).all == q);
    CHECK(micro::weights(micro_bytes).all == quantize<rounding::tflite_micro>(w, images));
    CHECK(
        std::ranges::equal(int8::predict(numbers::bytes, images[0]), int8::predict(q, images[0])));
    CHECK(*std::ranges::max_element(numbers::bytes.weights) == 127);
}
