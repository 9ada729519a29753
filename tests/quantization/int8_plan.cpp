#include <ctnn/quantization/int8_plan.hpp>

#include "../examples/lenet5.hpp"

#include <ctnn/ctnn.hpp>
#include <ctnn/io/print_plan.hpp>
#include <ctnn/io/report.hpp>
#include <ctnn/io/summary.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <sstream>
#include <string>

using namespace ctnn;

namespace {

using net = network<shape<8, 8, 2>, conv2d<4, kernel<3, 3>, same>, batch_normalization<>, relu,
                    max_pool2d<window<2, 2>>, flatten, dense<5>, softmax>;
using int8 = quantized<net>;
constexpr auto& plan = plan_of<int8>;

// Small networks stay small, whatever the loops keep beside values.
static_assert(quantized<lenet5>::workspace_bytes <= 8 * 1024);
static_assert(quantized<lenet5>::parameter_bytes <= 72 * 1024);

static_assert(plan.stages.size() == 3);  // convolution, relu and pooling; dense; softmax
static_assert(plan.stages[0].layers == 3);
static_assert(plan.stages[0].names[2] == "max_pool2d");
static_assert(plan.stages[0].bytes == 4 * 4 * 4);
static_assert(plan.stages[0].multiply_adds == 8 * 8 * 4 * 18);
static_assert(plan.stages[1].flash == 64 * 8 + 5 * 8 + 2);  // filters to a multiple of four
static_assert(plan.stages[2].output.where == detail::placement::result);
static_assert(plan.workspace_bytes == int8::workspace_bytes);
static_assert(plan.largest_set <= plan.workspace_bytes);
static_assert(int8::parameter_bytes == sizeof(int8::parameters));

}  // namespace

TEST_CASE("what a network in bytes costs, as a table") {
    const std::string text = report<int8>();
    CAPTURE(text);
    CHECK(text.find("1 conv2d, relu, max_pool2d") != std::string::npos);
    CHECK(text.find(" bytes of flash, ") != std::string::npos);
    CHECK(text.find("4 x 4 x 4") != std::string::npos);
    std::ostringstream stream;
    stream << plan;
    CHECK(stream.str().find("conv2d + relu + max_pool2d") != std::string::npos);
    CHECK(summary<int8>().find("401 parameters") != std::string::npos);
}
