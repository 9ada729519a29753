#include "../examples/lenet5.hpp"

#include <ctnn/ctnn.hpp>
#include <ctnn/io/print_plan.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

using namespace ctnn;
namespace simd = ctnn::simd;

namespace {

constexpr bool has_lanes = simd::native_lanes > 1;
constexpr layout hwcn = has_lanes ? layout::hwcn : layout::one_lane;

using rows = std::vector<std::string>;

/// Every stage's layers, and the lanes for one image where there are lanes.
template <class Network>
rows stages(const network_plan<Network>& plan) {
    rows result;
    for (std::size_t n = 0; n < plan.count; ++n) {
        std::string text;
        for (std::size_t i = 0; i < plan.stages[n].layers; ++i)
            text += std::string(plan.stages[n].names[i]) + ' ';
        const layout lanes = plan.stages[n].one_image.lanes;
        CHECK((has_lanes || lanes == layout::one_lane));
        result.push_back(text + (has_lanes ? std::string(name_of(lanes)) : "any"));
    }
    return result;
}
/// What they should be; without lanes only the layers.
rows expected(rows wanted) {
    for (std::string& row : wanted)
        if (!has_lanes)
            row = row.substr(0, row.find(':')) + " any";
        else
            row.erase(row.find(':'), 1);
    return wanted;
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
        if (stage.output.where == detail::placement::memory)
            CHECK(stage.offset() + stage.bytes <= plan.workspace_bytes);
    }
    CHECK(multiply_adds == Network::multiply_adds);
    CHECK(plan.stages[plan.count - 1].output.where == detail::placement::result);
}

}  // namespace

TEST_CASE("plan_of<lenet5>: six stages, the maps before pooling are never stored") {
    constexpr auto& plan = plan_of<lenet5>;
    check(plan);
    // Six filters fill no vector, 14 columns nearly do; sixteen filters do.
    CHECK(stages(plan) ==
          expected({"conv2d relu max_pool2d: chw", "conv2d relu max_pool2d: hwc", "dense relu: hwc",
                    "dense relu: hwc", "dense: hwc", "softmax: one lane"}));
    CHECK(plan.stages[0].bytes == 14 * 14 * 6 * 4);
    CHECK(plan.stages[1].bytes == 5 * 5 * 16 * 4);
    CHECK(plan.workspace_bytes < 16 * 1024);
}

TEST_CASE("plan_of: layouts follow the true sizes") {
    using net = network<shape<32, 32, 3>, conv2d<16, kernel<3, 3>, same>, relu,
                        depthwise_conv2d<kernel<3, 3>, same>, conv2d<32, kernel<1, 1>>, relu,
                        max_pool2d<window<2, 2>>, conv2d<1, kernel<3, 3>>, global_average_pool2d>;
    constexpr auto& plan = plan_of<net>;
    check(plan);
    CHECK(stages(plan) ==
          expected({"conv2d relu: hwc", "depthwise_conv2d: hwc", "conv2d relu max_pool2d: hwc",
                    "conv2d: chw",  // one filter
                    "global_average_pool2d: one lane"}));
}

TEST_CASE("plan_of: what may not be fused is not") {
    SUBCASE("pooling windows that overlap") {
        using net = network<shape<9, 9, 2>, conv2d<4, kernel<2, 2>>,
                            max_pool2d<window<3, 3>, stride<1, 1>>>;
        check(plan_of<net>);
        CHECK(stages(plan_of<net>) == expected({"conv2d: hwc", "max_pool2d: one lane"}));
    }
    SUBCASE("softmax is not elementwise") {
        using net = network<shape<4, 4, 2>, conv2d<4, kernel<2, 2>>, softmax>;
        check(plan_of<net>);
        CHECK(stages(plan_of<net>) == expected({"conv2d: hwc", "softmax: one lane"}));
    }
    SUBCASE("layers that compute nothing are no stages") {
        using net = network<shape<4, 4, 2>, flatten, dense<3>, sigmoid>;
        check(plan_of<net>);
        CHECK(plan_of<net>.stages[0].first == 1);
        CHECK(stages(plan_of<net>) == expected({"dense sigmoid: one lane"}));
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
    const std::size_t offset = plan_of<lenet5>.stages[2].offset();  // in bytes, as all
    CHECK(text.find(' ' + detail::with_commas(offset) + '\n') != std::string::npos);
    CHECK(text.find("caller\n") != std::string::npos);
    CHECK(text.find("bytes of workspace\n") != std::string::npos);
}
