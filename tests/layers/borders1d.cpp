#include <ctnn/layers/borders1d.hpp>

#include "support/laws.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <type_traits>

using namespace ctnn;
using laws::W;

namespace {

constexpr laws::traits linear{.linear = true};

}  // namespace

using input = sequence_shape<7, 3>;
static_assert(std::is_same_v<zero_padding1d<2>::output_on<input>, sequence_shape<11, 3>>);
static_assert(std::is_same_v<zero_padding1d<2, 1>::output_on<input>, sequence_shape<10, 3>>);
static_assert(std::is_same_v<cropping1d<2>::output_on<input>, sequence_shape<3, 3>>);
static_assert(std::is_same_v<cropping1d<2, 1>::output_on<input>, sequence_shape<4, 3>>);
static_assert(std::is_same_v<up_sampling1d<>::output_on<input>, sequence_shape<14, 3>>);
static_assert(std::is_same_v<up_sampling1d<factor<3>>::output_on<input>, sequence_shape<21, 3>>);
static_assert(std::is_same_v<up_sampling1d<>::output_on<shape<2, 7, 3>>, shape<0, 0, 0>>);
static_assert(zero_padding1d<2>::on<input>::name == std::string_view("zero_padding1d"));
static_assert(cropping1d<2>::on<input>::name == std::string_view("cropping1d"));
static_assert(up_sampling1d<>::on<input>::name == std::string_view("up_sampling1d"));

TEST_CASE("zero_padding1d") {
    laws::obeys_in_every_width<zero_padding1d<2>::on<sequence_shape<5, W + 1>>>(
        reference::borders{0, 0, 2, 2}, linear);
    laws::obeys<zero_padding1d<0, 3>::on<sequence_shape<5, 2>>>(reference::borders{0, 0, 0, 3},
                                                                linear);
}
TEST_CASE("cropping1d") {
    laws::obeys_in_every_width<cropping1d<1>::on<sequence_shape<5, W + 1>>>(
        reference::borders{0, 0, -1, -1}, linear);
    laws::obeys<cropping1d<0, 2>::on<sequence_shape<5, 3>>>(reference::borders{0, 0, 0, -2},
                                                            linear);
}
TEST_CASE("up_sampling1d") {
    laws::obeys_in_every_width<up_sampling1d<>::on<sequence_shape<5, W + 1>>>(
        reference::up_sampling2d{{1, 2}}, linear);
    laws::obeys<up_sampling1d<factor<3>, bilinear>::on<sequence_shape<5, 2>>>(
        reference::up_sampling2d{{1, 3}, true}, linear);
}
