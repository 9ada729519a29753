// Headers that write_header wrote of parameters in bytes, compiled: every number is what was written.
#include "int8_bytes.h"        // written by write_int8_numbers.cpp
#include "int8_micro_bytes.h"  // the same

#include <ctnn/io.hpp>

#include "support/int8_networks.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace ctnn;
using int8_networks::all_kinds;

TEST_CASE("write_header: parameters in bytes, compiled, are what was written") {
    const auto images = int8_networks::random_images<all_kinds>(10, 4);
    const std::string folder = CTNN_BUILT_DATA;
    using int8 = quantized<all_kinds>;
    using micro = quantized<all_kinds, rounding::tflite_micro>;
    static_assert(numbers::bytes.fingerprint == int8::fingerprint);
    int8::parameters q{};
    micro::parameters q_micro{};
    load(q, folder + "/int8_bytes.safetensors");
    load(q_micro, folder + "/int8_micro_bytes.safetensors");
    CHECK(int8::weights(numbers::bytes).all.weights == q.weights);
    CHECK(int8::weights(numbers::bytes).all.factors == q.factors);
    CHECK(int8::weights(numbers::bytes).all.starts == q.starts);
    CHECK(int8::weights(numbers::bytes).all == q);
    CHECK(micro::weights(micro_bytes).all == q_micro);
    CHECK(
        std::ranges::equal(int8::predict(numbers::bytes, images[0]), int8::predict(q, images[0])));
    CHECK(*std::ranges::max_element(numbers::bytes.weights) == 127);
}
