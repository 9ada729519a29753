// A header that write_header wrote, compiled: every bit is what was written.
#include "odd_numbers.h"  // written by write_odd_numbers.cpp

#include "support/odd_numbers.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

static_assert(odd_network::weights(odd::constant).values().data() == odd::constant.elements);

TEST_CASE("write_header: what is compiled is bit for bit what was written") {
    const odd_network::parameters written = odd_numbers();
    CHECK(sizeof written.elements == sizeof odd::constant.elements);
    CHECK(std::memcmp(odd::constant.elements, written.elements, sizeof written.elements) == 0);
    CHECK(std::signbit(odd::constant.elements[0]));
    CHECK(odd::constant.elements[1] == 0x1p-149f);
}
