#include <ctnn/io/report.hpp>

#include <ctnn/ctnn.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace ctnn;

namespace {

using lenet5 = network<shape<28, 28, 1>, conv2d<6, kernel<5, 5>, same>, relu, max_pool2d<>,
                       conv2d<16, kernel<5, 5>>, relu, max_pool2d<>, expect<shape<5, 5, 16>>,
                       flatten, dense<120>, relu, dense<84>, relu, dense<10>, softmax>;

template <class Net>
void adds_up() {
    std::size_t flash = 0, ram = 0, multiply_adds = 0;
    for (const stage_plan& stage : plan_of<Net>.stages) {
        flash += stage.flash;
        ram = std::max(ram, stage.ram);
        multiply_adds += stage.multiply_adds;
    }
    CHECK(flash == Net::parameter_count * sizeof(float));
    CHECK(ram == Net::plan.size * sizeof(float));
    CHECK(ram <= Net::workspace_bytes);  // which is a whole number of cache lines
    CHECK(Net::workspace_bytes < ram + 64);
    CHECK(multiply_adds == Net::multiply_adds);
}

}  // namespace

// Flash: 4 bytes for (5 x 5 x 1 + 1) x 6, (5 x 5 x 6 + 1) x 16, 401 x 120, 121 x 84, 85 x 10
// numbers. RAM: the image and the probabilities are the caller's; between them lie 1176, 1176 +
// 400, 400 + 120, 120 + 84, 84 + 10 and 10 numbers. With SIMD the first convolution copies 32
// padded rows of 2 x 18 columns.
TEST_CASE("report: LeNet-5") {
    const bool has_lanes = simd::native_lanes > 1;
    const std::string first = has_lanes ? "9,312    4,608" : "4,704        0";
    const std::string total = has_lanes ? "9,344 of RAM (stage 1, of it 4,608 of scratch for " +
                                              std::to_string(simd::native_lanes) + " lanes)"
                                        : "6,336 of RAM (stage 2)";
    CHECK(report<lenet5>() ==
          "stage                            output    flash    RAM  scratch  multiply-adds\n"
          "1 conv2d, relu, max_pool2d  14 x 14 x 6      624  " +
              first +
              "        117,600\n"
              "2 conv2d, relu, max_pool2d   5 x 5 x 16    9,664  6,304        0        240,000\n"
              "3 dense, relu                       120  192,480  2,080        0         48,000\n"
              "4 dense, relu                        84   40,656    816        0         10,080\n"
              "5 dense                              10    3,400    376        0            840\n"
              "6 softmax                            10        0     40        0              0\n"
              "246,824 bytes of flash, " +
              total + ", 416,520 multiply-adds an image\n");
    adds_up<lenet5>();
}

TEST_CASE(
    "report: what works in place needs its numbers once, the last stage writes to the caller") {
    using net = network<shape<8, 8, 3>, relu, softmax, conv2d<4, kernel<3, 3>>, softmax, relu,
                        flatten, dense<2>, flatten>;
    CHECK(report<net>() == R"(stage         output  flash    RAM  scratch  multiply-adds
1 relu     8 x 8 x 3      0    768        0              0
2 softmax  8 x 8 x 3      0    768        0              0
3 conv2d   6 x 6 x 4    448  1,344        0          3,888
4 softmax  6 x 6 x 4      0    576        0              0
5 relu     6 x 6 x 4      0    576        0              0
6 dense            2  1,160    576        0            288
1,608 bytes of flash, 1,344 of RAM (stage 3), 4,176 multiply-adds an image
)");
    adds_up<net>();
    adds_up<network<features<3>, dense<7>, sequence<relu, dense<9>>, dense<8>, ctnn::tanh>>();
}

TEST_CASE("report: the stage that needs most, not one that needs more than its neighbour") {
    using net = network<features<10>, dense<200>, dense<5>, dense<30>, dense<40>, dense<7>>;
    CHECK(report<net>().find(" of RAM (stage 2") != std::string::npos);
}

// Its workspace is an array, which cannot be empty.
TEST_CASE("report: a network that computes nothing") {
    CHECK(report<network<shape<1, 2, 3>, flatten>>() ==
          "stage  output  flash  RAM  scratch  multiply-adds\n"
          "0 bytes of flash, 4 of RAM, 0 multiply-adds an image\n");
}
