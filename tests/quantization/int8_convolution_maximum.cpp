// Convolutions in bytes that compute the largest of each window of outputs at once: what pooling their
// outputs gives.
#include <ctnn/quantization/int8_loops.hpp>

#include "support/int8_layers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>

namespace {

using namespace int8_layers;

template <convolution Conv, std::size_t Rows, std::size_t Columns>
void check_maxima() {
    using at_once = ctnn::detail::int8_convolution_and_maximum<Conv, Rows, Columns>;
    if constexpr (at_once::exists) {
        std::mt19937 random(3);
        constexpr std::size_t row = Conv.columns.output(), filters = Conv.filters,
                              height = Conv.rows.output() / Rows, width = row / Columns;
        for (const auto kind : {numbers::random, numbers::mixed}) {
            const layer<Conv, ctnn::rounding::tflite> l(random, kind, 5);
            const auto o = l.operands(-3, -120, 125);
            exactly<std::int8_t> all(Conv.rows.output() * row * filters),
                found(height * width * filters), scratch(at_once::scratch_size);
            std::fill(scratch.begin(), scratch.end(), std::int8_t{77});
            ctnn::detail::int8_convolve_plainly<Conv>(l.x.begin(), all.begin(), 0,
                                                      Conv.rows.output(), o);
            at_once::run(l.x.begin(), found.begin(), 0, height, o, scratch.begin());
            std::size_t wrong = 0;
            for (std::size_t h = 0; h < height; ++h)
                for (std::size_t w = 0; w < width; ++w)
                    for (std::size_t f = 0; f < filters; ++f) {
                        std::int8_t most = -128;
                        for (std::size_t i = 0; i < Rows; ++i)
                            for (std::size_t j = 0; j < Columns; ++j)
                                most = std::max(
                                    most,
                                    all.begin()[((h * Rows + i) * row + w * Columns + j) * filters +
                                                f]);
                        wrong += most != found.begin()[(h * width + w) * filters + f];
                    }
            CHECK(wrong == 0);
        }
    }
}
TEST_CASE("the largest of each window at once") {
    check_maxima<{same(28, 5), same(28, 5), 1, 6, 1, true}, 2, 2>();
    check_maxima<{plain(14, 5), plain(14, 5), 6, 16, 1, true}, 2, 2>();
    check_maxima<{same(7, 3), same(11, 3), 5, 40, 1, true}, 3, 2>();
    check_maxima<{{13, 3, 2, 1, 1, 1}, {29, 2, 3, 1, 0, 2}, 4, 17, 1, true}, 2, 3>();
    check_maxima<{plain(8, 1), plain(6, 1), 8, 20, 1, true}, 4, 1>();
    check_maxima<{pixel, same(90, 5), 3, 12, 1, true}, 1, 4>();
    check_maxima<{same(90, 5), pixel, 3, 8, 1, true}, 5, 1>();
    check_maxima<{same(6, 3), same(6, 3), 8, 10, 2, true}, 2, 2>();
    check_maxima<{same(6, 3), same(6'000, 3), 3, 6, 1, true}, 2, 2>();
}

}  // namespace
