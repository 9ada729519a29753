#include <ctnn/shape.hpp>

#include "support/reference.hpp"

#include <doctest/doctest.h>

#include <type_traits>

using namespace ctnn;
using ctnn::detail::axis;

static_assert(shape<2, 3, 4>::height == 2 && shape<2, 3, 4>::width == 3 &&
              shape<2, 3, 4>::channels == 4 && shape<2, 3, 4>::size == 24);
static_assert(std::is_same_v<features<5>, shape<1, 1, 5>>);
static_assert(shape<0, 3, 4>::size == 0);

// input, taps, stride, dilation, before, after
static_assert(axis{28, 5, 1, 1, 0, 0}.output() == 24);
static_assert(axis{10, 3, 3, 1, 0, 0}.output() == 3);  // floor: a pixel is left
static_assert(axis{5, 5, 7, 1, 0, 0}.output() == 1);
static_assert(axis{7, 3, 1, 3, 0, 0}.reach() == 7 && axis{7, 3, 1, 3, 0, 0}.output() == 1);
static_assert(axis{2, 3, 1, 1, 1, 0}.output() == 1 && axis{2, 3, 1, 1, 1, 0}.padded() == 3);
// Total: nothing fits, 0 outputs, no error.
static_assert(axis{4, 5, 1, 1, 0, 0}.output() == 0);
static_assert(axis{0, 1, 1, 1, 2, 2}.output() == 0);
static_assert(axis{4, 0, 1, 1, 0, 0}.output() == 0 && axis{4, 0, 1, 1, 0, 0}.reach() == 0);
static_assert(axis{4, 1, 0, 1, 0, 0}.output() == 0);

/// Compares every answer of an axis with laying the window down tap by tap.
void agrees(const axis& a) {
    const auto at = [&](std::size_t o, std::size_t i) {
        return static_cast<long>(o * a.stride + i * a.dilation) - static_cast<long>(a.before);
    };
    const auto inside = [&](long pixel) {
        return pixel >= 0 && pixel < static_cast<long>(a.input);
    };
    const long window = reference::reach(static_cast<long>(a.taps), static_cast<long>(a.dilation));
    CHECK(static_cast<long>(a.reach()) == window);
    const auto outputs = static_cast<std::size_t>(reference::positions(
        static_cast<long>(a.before + a.input + a.after), window, static_cast<long>(a.stride)));
    CHECK(a.output() == outputs);
    for (std::size_t o = 0; o < outputs; ++o) {
        const auto taps = a.taps_inside(o);
        CHECK(taps.first <= taps.last);
        CHECK(taps.last <= a.taps);
        for (std::size_t i = 0; i < a.taps; ++i) {
            const bool seen = taps.first <= i && i < taps.last;
            CHECK(seen == inside(at(o, i)));
            if (seen) CHECK(static_cast<long>(a.pixel(o, i)) == at(o, i));
        }
    }
    for (std::size_t i = 0; i < a.taps; ++i) {
        const auto seen = a.outputs_inside(i);
        CHECK(seen.first <= seen.last);
        CHECK(seen.last <= outputs);
        for (std::size_t o = 0; o < outputs; ++o)
            CHECK((seen.first <= o && o < seen.last) == inside(at(o, i)));
    }
}

TEST_CASE("axis: every window of a small input, tap by tap") {
    for (const std::size_t input : {1U, 2U, 5U, 6U})
        for (const std::size_t taps : {1U, 2U, 3U, 5U})
            for (const std::size_t stride : {1U, 2U, 3U, 7U})
                for (const std::size_t dilation : {1U, 2U, 3U})
                    for (const std::size_t before : {0U, 1U, 4U})
                        for (const std::size_t after : {0U, 2U, 3U})
                            agrees({input, taps, stride, dilation, before, after});
}
