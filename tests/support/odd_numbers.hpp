// Parameters that are hard to write down: what write_odd_numbers.cpp writes as a header, and
// header_compiled.cpp finds in it.
#pragma once

#include <ctnn/ctnn.hpp>

#include "support/random.hpp"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

using odd_network = ctnn::network<ctnn::shape<6, 6, 2>, ctnn::conv2d<5, ctnn::kernel<3, 3>>,
                                  ctnn::relu, ctnn::flatten, ctnn::dense<7>>;

/// -0, the smallest and largest numbers of every kind, and finite numbers of random bits.
inline odd_network::parameters odd_numbers() {
    odd_network::parameters w{};
    std::size_t i = 0;
    for (const std::uint32_t bits :
         {0x80000000U, 0x00000001U, 0x80000001U, 0x007FFFFFU, 0x00800000U, 0x7F7FFFFFU, 0xFF7FFFFFU,
          0x3F800001U, 0x3DCCCCCDU})
        w.elements[i++] = std::bit_cast<float>(bits);
    for (generator random(1); i < odd_network::parameter_count;) {
        const auto number = std::bit_cast<float>(static_cast<std::uint32_t>(random.next()));
        if (std::isfinite(number)) w.elements[i++] = number;
    }
    return w;
}
