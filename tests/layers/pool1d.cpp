#include <ctnn/layers/pool1d.hpp>

#include "support/laws.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <type_traits>

using namespace ctnn;
using laws::W;

namespace {

constexpr laws::traits linear{.linear = true};

}  // namespace

template <class Spec, std::size_t Steps>
inline constexpr std::size_t steps = Spec::template output_on<sequence_shape<Steps, 3>>::width;
static_assert(steps<max_pool1d<>, 9> == 4 && steps<average_pool1d<>, 9> == 4);
static_assert(steps<max_pool1d<window<4>>, 9> == 2 && steps<max_pool1d<window<4>, same>, 9> == 3);
static_assert(steps<max_pool1d<window<4>, stride<1>>, 9> == 6);
static_assert(steps<max_pool1d<stride<1>>, 9> == 8);
static_assert(steps<average_pool1d<window<3>, padding<1, 2>>, 9> == 4);
static_assert(std::is_same_v<max_pool1d<>::output_on<shape<2, 8, 3>>, shape<0, 0, 0>>);
static_assert(std::is_same_v<global_max_pool1d::output_on<shape<2, 8, 3>>, shape<0, 0, 0>>);
static_assert(std::is_same_v<global_max_pool1d::output_on<sequence_shape<8, 3>>, features<3>>);
using input = sequence_shape<8, 3>;
static_assert(max_pool1d<>::on<input>::name == std::string_view("max_pool1d"));
static_assert(average_pool1d<>::on<input>::name == std::string_view("average_pool1d"));
static_assert(global_max_pool1d::on<input>::name == std::string_view("global_max_pool1d"));
static_assert(global_average_pool1d::on<input>::name == std::string_view("global_average_pool1d"));
// Computed along with a convolution before it.
static_assert(max_pool1d<>::on<input>::facts.pools_disjoint_windows &&
              max_pool1d<>::on<input>::window_rows == 1 &&
              max_pool1d<>::on<input>::window_columns == 2);

TEST_CASE("max_pool1d") {
    laws::obeys_in_every_width<max_pool1d<>::on<sequence_shape<9, W + 1>>>(
        reference::max_pool2d{.window = {1, 2}, .stride = {1, 2}});
    laws::obeys<max_pool1d<window<3>, stride<2>, same>::on<sequence_shape<2 * W, 2>>>(
        reference::max_pool2d{.window = {1, 3}, .stride = {1, 2}, .pad = reference::same});
    laws::obeys<max_pool1d<every_maximum, padding<0, 2>, window<4>>::on<sequence_shape<W - 1, 2>>>(
        reference::max_pool2d{
            .window = {1, 4}, .stride = {1, 4}, .pad = {reference::padding::by_hand, 0, 0, 0, 2}});
}
TEST_CASE("average_pool1d") {
    laws::obeys_in_every_width<average_pool1d<>::on<sequence_shape<9, W + 1>>>(
        reference::average_pool2d{.window = {1, 2}, .stride = {1, 2}}, linear);
    laws::obeys<average_pool1d<window<5>, stride<2>, same>::on<sequence_shape<2 * W, 2>>>(
        reference::average_pool2d{.window = {1, 5}, .stride = {1, 2}, .pad = reference::same},
        linear);
}
TEST_CASE("global_max_pool1d, global_average_pool1d") {
    laws::obeys<global_max_pool1d::on<sequence_shape<5, W + 1>>>(reference::global_max_pool2d{});
    laws::obeys<global_average_pool1d::on<sequence_shape<5, W + 1>>>(
        reference::global_average_pool2d{}, linear);
}
