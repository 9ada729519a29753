// Batch normalization behind a convolution or a dense layer, computed along with it.
#include <ctnn/ctnn.hpp>

#include "support/graph_reference.hpp"
#include "support/random.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <memory>
#include <vector>

using namespace ctnn;

namespace {

constexpr std::size_t lanes = simd::native_lanes;
using norm = batch_normalization<epsilon<1, 100>>;
template <class Input, class... Entries>
constexpr auto stages = network<Input, Entries...>::stage_lengths;

using map = shape<6, 5, 3>;
using c = conv2d<3, kernel<3>, same>;
static_assert(stages<map, c, norm> == std::array<std::size_t, 2>{2, 0});
static_assert(stages<map, c, norm, relu, max_pool2d<>> == std::array<std::size_t, 4>{4, 0, 0, 0});
static_assert(stages<map, c, scale_and_offset, average_pool2d<>> ==
              std::array<std::size_t, 3>{3, 0, 0});
static_assert(stages<features<3>, dense<4>, norm, sigmoid> == std::array<std::size_t, 3>{3, 0, 0});
static_assert(stages<map, norm, relu, norm> == std::array<std::size_t, 3>{2, 0, 1});
static_assert(stages<map, c, norm, norm> == std::array<std::size_t, 3>{2, 0, 1});
static_assert(stages<map, c, dropout<rate<1, 2>>, norm>[0] == 1);
// Another reader of what lies between.
static_assert(stages<map, c, add<norm, sequence<>>>[0] == 1);
static_assert(stages<map, c, norm, add<relu, sequence<>>>[0] == 2);
// A sum behind it, where the loops of one image can add.
template <std::size_t Filters>
using wide = conv2d<Filters, kernel<3>, same>;
using several = shape<5, 7, 2 * lanes>;
static_assert(stages<several, residual<wide<2 * lanes>, norm>, relu> ==
              std::array<std::size_t, 4>{4, 0, 0, 0});
static_assert(network<several, wide<2 * lanes>, residual<wide<2 * lanes>, norm>, relu,
                      global_average_pool2d>::plan.largest_set < 2 * several::size + 8 * lanes);
// It lies where its other term lay.
static_assert(network<several, wide<2 * lanes>,
                      add<conv2d<2 * lanes, kernel<1>>, sequence<wide<2 * lanes>, norm>>, relu,
                      global_average_pool2d>::plan.largest_set < 2 * several::size + 8 * lanes);

template <class Net>
void check() {
    const reference::graph graph = reference::graph_of<Net>();
    generator random(7);
    const auto w = std::make_unique<parameters<Net>>();
    for (const parameter_entry& array : Net::parameter_table)
        for (std::size_t i = 0; i < array.size; ++i)
            w->values()[array.offset + i] = array.array == "moving_variance"
                                                ? random.between(0.2f, 2.0f)
                                                : random.between(-0.6f, 0.6f);
    const reference::image numbers(w->values().begin(), w->values().end());
    std::vector<typename Net::input> images(lanes + 2);
    reference::batch x;
    for (auto& image : images) {
        for (float& v : image) v = random.between(-1.0f, 1.0f);
        x.emplace_back(image.begin(), image.end());
    }
    const reference::batch expected = graph.run(numbers, x, false);
    const auto agrees = [&](const typename Net::output& found, std::size_t n) {
        for (std::size_t i = 0; i < found.size(); ++i)
            CHECK(found[i] == doctest::Approx(expected[n][i]).epsilon(2e-5).scale(1));
    };
    std::vector<typename Net::output> outputs(images.size());
    const auto many = std::make_unique<typename Net::batch_workspace>();
    for (auto& number : many->scratch.memory) number = simd::native(NAN);  // nobody relies on zeros
    Net::predict(*w, images, outputs, *many);
    for (std::size_t n = 0; n < images.size(); ++n) agrees(outputs[n], n);
    const auto space = std::make_unique<typename Net::workspace>();
    for (float& number : space->memory) number = NAN;
    agrees(Net::predict(*w, images[0], *space), 0);
}

// In a constant expression: conv [2], bias 1, then 3 (x - 5) / sqrt(3 + 1) + 4, added to x.
constexpr bool is_right_for_the_compiler() {
    using net = network<shape<1, 2, 1>,
                        residual<conv2d<1, kernel<1>>, batch_normalization<epsilon<1>>>, relu>;
    const net::parameters w{{2, 1, 3, 4, 5, 3}};
    const net::output y = net::predict(w, net::input{{1, -2}});
    // 1: 1 + 4 + 1.5 (3 - 5); -2: -2 + 4 + 1.5 (-3 - 5)
    return y[0] == 2.0f && y[1] == 0.0f && net::predict(w, net::input{{3, 0}})[0] == 10.0f;
}
static_assert(is_right_for_the_compiler());

}  // namespace

TEST_CASE("filters in the lanes: fewer than a vector has, some twice, in groups") {
    CHECK(is_right_for_the_compiler());
    check<network<shape<7, 5, 4>, conv2d<lanes + 3, kernel<3, 2>>, norm, relu>>();
    check<network<shape<6, 7, 12>, conv2d<3, kernel<3>, stride<2>>, norm, sigmoid>>();
    check<network<shape<5, 6, 9>, conv2d<9, kernel<2>, groups<3>>, norm, max_pool2d<>>>();
    check<network<shape<5, 6, 2 * lanes>, conv2d<4 * lanes, kernel<3>, groups<2>, same>, norm>>();
}
TEST_CASE("columns in the lanes, windows of several rows") {
    check<network<shape<13, 29, 1>, conv2d<6, kernel<5>, same>, norm, relu, max_pool2d<>>>();
    check<network<shape<9, 18, 2>, conv2d<5, kernel<3>>, norm, average_pool2d<window<3, 2>>>>();
}
TEST_CASE("channels in the lanes") {
    check<network<shape<7, 6, lanes + 4>, depthwise_conv2d<kernel<3>, same>, norm, relu6>>();
    check<network<shape<6, 8, 2 * lanes>, depthwise_conv2d<kernel<3>, stride<2>>, norm, relu,
                  average_pool2d<window<2, 3>>>>();
}
TEST_CASE("outputs of dense layers in the lanes") {
    check<network<features<13>, dense<2 * lanes + 5>, norm, relu, dense<3>, scale_and_offset>>();
}
TEST_CASE("what is scaled is added to another branch: tiles that compute some outputs twice") {
    check<network<several, wide<2 * lanes>, residual<wide<2 * lanes>, norm>, relu,
                  residual<wide<2 * lanes>, norm>, global_average_pool2d>>();
    check<
        network<several, add<sequence<conv2d<lanes, kernel<1>>, norm>, sequence<wide<lanes>, norm>>,
                relu>>();
}
TEST_CASE("as a part of a concatenation") {
    check<network<map, concatenate<sequence<c, norm, relu>, sequence<conv2d<7, kernel<1>>, norm>>,
                  conv2d<4, kernel<1>>, norm>>();
}
TEST_CASE("large weights: blocks of channels for one image, a layer of its own where they pay") {
    check<network<shape<4, 6, 123>, conv2d<8 * lanes, kernel<3>, same>, norm, relu>>();
    using large = network<shape<2, 3, 123>, conv2d<384, kernel<3>, same>, norm, relu>;
    static_assert(large::stage_lengths[0] == (lanes > 1 ? 1 : 3));
    check<large>();
}
