#include "../examples/lenet5.hpp"

#include <ctnn/ctnn.hpp>
#include <ctnn/io/plan.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <string_view>

using namespace ctnn;
namespace simd = ctnn::simd;

namespace {

constexpr bool has_lanes = simd::native_lanes > 1;
constexpr layout hwc = has_lanes ? layout::hwc : layout::one_lane;
constexpr layout chw = has_lanes ? layout::chw : layout::one_lane;
constexpr layout hwcn = has_lanes ? layout::hwcn : layout::one_lane;

std::string names(const stage_plan& stage) {
    std::string text;
    for (std::size_t i = 0; i < stage.layers; ++i) text += std::string(stage.names[i]) + ' ';
    return text;
}

/// Sums that a tile keeps in vectors of at most `lanes` numbers.
constexpr std::size_t vectors(tile sums, std::size_t lanes, layout along) {
    const std::size_t columns =
        along == layout::chw ? (sums.columns + lanes - 1) / lanes : sums.columns;
    const std::size_t features =
        along == layout::hwc ? (sums.features + lanes - 1) / lanes : sums.features;
    return columns * features;
}

/// What holds for every plan: nothing is forgotten, and no tile needs more registers than there
/// are.
template <class Network>
void check(const network_plan<Network>& plan) {
    std::size_t multiply_adds = 0;
    for (const stage_plan& stage : plan.stages) {
        multiply_adds += stage.multiply_adds;
        CHECK(stage.layers >= 1);
        CHECK(stage.bytes > 0);
        CHECK(vectors(stage.one_image.sums, simd::native_lanes, stage.one_image.lanes) <=
              simd::registers);
        CHECK(vectors(stage.many_images.sums, simd::native_lanes, stage.many_images.lanes) <=
              simd::registers);
        CHECK(stage.many_images.lanes == hwcn);
        if (stage.output.where == detail::placement::moves)
            CHECK(stage.offset() + stage.bytes <= plan.workspace_bytes);
    }
    CHECK(multiply_adds == Network::multiply_adds);
    CHECK(plan.stages[plan.count - 1].output.where == detail::placement::leaves);
}

}  // namespace

TEST_CASE("plan_of<lenet5>: six stages, the maps before pooling are never stored") {
    constexpr auto& plan = plan_of<lenet5>;
    check(plan);
    REQUIRE(plan.count == 6);
    CHECK(names(plan.stages[0]) == "conv2d relu max_pool2d ");
    CHECK(names(plan.stages[1]) == "conv2d relu max_pool2d ");
    CHECK(names(plan.stages[2]) == "dense relu ");
    CHECK(names(plan.stages[3]) == "dense relu ");
    CHECK(names(plan.stages[4]) == "dense ");
    CHECK(names(plan.stages[5]) == "softmax ");
    CHECK(plan.stages[0].bytes == 14 * 14 * 6 * 4);
    CHECK(plan.stages[1].bytes == 5 * 5 * 16 * 4);
    // Six filters fill no vector, 14 columns nearly do; sixteen filters do.
    CHECK(plan.stages[0].one_image.lanes == chw);
    CHECK(plan.stages[1].one_image.lanes == hwc);
    CHECK(plan.stages[2].one_image.lanes == hwc);
    CHECK(plan.stages[5].one_image.lanes == layout::one_lane);
    CHECK(plan.workspace_bytes < 16 * 1024);
}

TEST_CASE("plan_of: layouts follow the true sizes") {
    using net = network<shape<32, 32, 3>, conv2d<16, kernel<3, 3>, same>, relu,
                        depthwise_conv2d<kernel<3, 3>, same>, conv2d<32, kernel<1, 1>>, relu,
                        max_pool2d<window<2, 2>>, conv2d<1, kernel<3, 3>>, global_average_pool2d>;
    constexpr auto& plan = plan_of<net>;
    check(plan);
    REQUIRE(plan.count == 5);
    CHECK(names(plan.stages[0]) == "conv2d relu ");
    CHECK(names(plan.stages[1]) == "depthwise_conv2d ");
    CHECK(names(plan.stages[2]) == "conv2d relu max_pool2d ");
    CHECK(names(plan.stages[3]) == "conv2d ");
    CHECK(plan.stages[0].one_image.lanes == hwc);
    CHECK(plan.stages[1].one_image.lanes == hwc);
    CHECK(plan.stages[2].one_image.lanes == hwc);
    CHECK(plan.stages[3].one_image.lanes == chw);  // one filter
}

TEST_CASE("plan_of: what may not be fused is not") {
    SUBCASE("pooling windows that overlap") {
        using net = network<shape<9, 9, 2>, conv2d<4, kernel<2, 2>>,
                            max_pool2d<window<3, 3>, stride<1, 1>>>;
        check(plan_of<net>);
        CHECK(plan_of<net>.count == 2);
    }
    SUBCASE("softmax is not elementwise") {
        using net = network<shape<4, 4, 2>, conv2d<4, kernel<2, 2>>, softmax>;
        check(plan_of<net>);
        CHECK(plan_of<net>.count == 2);
    }
    SUBCASE("layers that compute nothing are no stages") {
        using net = network<shape<4, 4, 2>, flatten, dense<3>, sigmoid>;
        check(plan_of<net>);
        REQUIRE(plan_of<net>.count == 1);
        CHECK(plan_of<net>.stages[0].first == 1);
        CHECK(names(plan_of<net>.stages[0]) == "dense sigmoid ");
    }
}

TEST_CASE("operator<<: a row for each stage") {
    std::ostringstream stream;
    stream << plan_of<lenet5>;
    const std::string text = stream.str();
    CHECK(std::count(text.begin(), text.end(), '\n') == 1 + 6 + 1);
    CHECK(text.find("stage") == 0);
    CHECK(text.find("conv2d + relu + max_pool2d ") != std::string::npos);
    CHECK(text.find("117,600") != std::string::npos);
    CHECK(text.find(std::string(name_of(hwcn)) + ' ') != std::string::npos);
    CHECK(text.find("caller\n") != std::string::npos);
    CHECK(text.find("bytes of workspace\n") != std::string::npos);
}
