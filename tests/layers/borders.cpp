#include <ctnn/layers/borders.hpp>

#include <ctnn/layers/reshape.hpp>
#include <ctnn/layers/up_sampling2d.hpp>
#include <ctnn/network.hpp>

#include "support/laws.hpp"

#include <doctest/doctest.h>

#include <type_traits>

using namespace ctnn;
using laws::W;

namespace {

constexpr laws::traits linear{.linear = true};

}  // namespace

static_assert(std::is_same_v<zero_padding2d<1>::output_on<shape<3, 4, 5>>, shape<5, 6, 5>>);
static_assert(std::is_same_v<zero_padding2d<1, 2>::output_on<shape<3, 4, 5>>, shape<5, 8, 5>>);
static_assert(
    std::is_same_v<zero_padding2d<1, 0, 2, 3>::output_on<shape<3, 4, 5>>, shape<4, 9, 5>>);
static_assert(std::is_same_v<cropping2d<1>::output_on<shape<3, 4, 5>>, shape<1, 2, 5>>);
static_assert(std::is_same_v<cropping2d<1, 0, 2, 1>::output_on<shape<3, 4, 5>>, shape<2, 1, 5>>);
static_assert(std::is_same_v<cropping2d<0, 2>::output_on<shape<3, 4, 5>>, shape<0, 0, 0>>);
static_assert(std::is_same_v<up_sampling2d<>::output_on<shape<3, 4, 5>>, shape<6, 8, 5>>);
static_assert(
    std::is_same_v<up_sampling2d<factor<1, 3>>::output_on<shape<3, 4, 5>>, shape<3, 12, 5>>);
static_assert(std::is_same_v<reshape<2, 5, 6>::output_on<shape<3, 4, 5>>, shape<2, 5, 6>>);
static_assert(reshape<60, 1, 1>::on<shape<3, 4, 5>>::facts.reshapes);

TEST_CASE("zero_padding2d") {
    laws::obeys<zero_padding2d<1>::on<shape<3, 2, W + 1>>>(reference::borders{1, 1, 1, 1}, linear);
    laws::obeys_in_every_width<zero_padding2d<2, 0, 0, 3>::on<shape<2, 3, 3>>>(
        reference::borders{2, 0, 0, 3}, linear);
}
TEST_CASE("cropping2d") {
    laws::obeys<cropping2d<1>::on<shape<3, 5, W + 1>>>(reference::borders{-1, -1, -1, -1},
                                                       {.linear = true, .least_share = 0.1});
    laws::obeys_in_every_width<cropping2d<1, 0, 0, 2>::on<shape<3, 4, 3>>>(
        reference::borders{-1, 0, 0, -2}, linear);
}
TEST_CASE("up_sampling2d: the nearest pixel") {
    laws::obeys<up_sampling2d<>::on<shape<3, 2, W + 1>>>(reference::up_sampling2d{{2, 2}}, linear);
    laws::obeys_in_every_width<up_sampling2d<factor<3, 1>>::on<shape<2, 3, 2>>>(
        reference::up_sampling2d{{3, 1}}, linear);
}
TEST_CASE("up_sampling2d: bilinear") {
    laws::obeys<up_sampling2d<bilinear>::on<shape<3, 4, W + 1>>>(
        reference::up_sampling2d{{2, 2}, true}, linear);
    laws::obeys<up_sampling2d<factor<3, 5>, bilinear>::on<shape<4, 2, 3>>>(
        reference::up_sampling2d{{3, 5}, true}, linear);
    laws::obeys<up_sampling2d<factor<1, 4>, bilinear>::on<shape<1, 1, 3>>>(
        reference::up_sampling2d{{1, 4}, true}, linear);
}
TEST_CASE("reshape") {
    laws::obeys<reshape<5, 2, W>::on<shape<2, W, 5>>>(
        reference::reshape{5, 2, static_cast<long>(W)}, linear);
}

// As TensorFlow: tf.image.resize([[1, 2], [3, 4]], (4, 4)), and UpSampling2D(interpolation=...).
constexpr bool as_elsewhere() {
    using net = network<features<4>, reshape<2, 2, 1>, up_sampling2d<bilinear>,
                        zero_padding2d<0, 1>, cropping2d<0, 0, 1, 1>>;
    const net::output y = net::predict(net::parameters{}, net::input{{1, 2, 3, 4}});
    const float expected[] = {1,    1.25f, 1.75f, 2,    1.5f, 1.75f, 2.25f, 2.5f,
                              2.5f, 2.75f, 3.25f, 3.5f, 3,    3.25f, 3.75f, 4};
    for (std::size_t i = 0; i < 16; ++i)
        if (y[i] != expected[i]) return false;
    return true;
}
TEST_CASE("in a network and a constant expression, TensorFlow's numbers") {
    static_assert(as_elsewhere());
    CHECK(as_elsewhere());
}
