#include <ctnn/io/summary.hpp>

#include <ctnn/ctnn.hpp>

#include <doctest/doctest.h>

#include <string>

namespace {

using lenet5 =
    ctnn::network<ctnn::shape<28, 28, 1>, ctnn::conv2d<6, ctnn::kernel<5, 5>, ctnn::same>,
                  ctnn::relu, ctnn::max_pool2d<ctnn::window<2, 2>>,
                  ctnn::conv2d<16, ctnn::kernel<5, 5>>, ctnn::relu,
                  ctnn::max_pool2d<ctnn::window<2, 2>>, ctnn::flatten, ctnn::dense<120>, ctnn::relu,
                  ctnn::dense<84>, ctnn::relu, ctnn::dense<10>, ctnn::softmax>;

}  // namespace

TEST_CASE("summary: LeNet-5") {
    CHECK(ctnn::summary<lenet5>() == R"(layer             output  parameters  multiply-adds
input        28 x 28 x 1           0              0
conv2d       28 x 28 x 6         156        117,600
relu         28 x 28 x 6           0              0
max_pool2d   14 x 14 x 6           0              0
conv2d      10 x 10 x 16       2,416        240,000
relu        10 x 10 x 16           0              0
max_pool2d    5 x 5 x 16           0              0
flatten              400           0              0
dense                120      48,120         48,000
relu                 120           0              0
dense                 84      10,164         10,080
relu                  84           0              0
dense                 10         850            840
softmax               10           0              0
61,706 parameters, 416,520 multiply-adds an image
)");
}

TEST_CASE("summary: nested networks are dissolved, a flat input is one number") {
    using inner = ctnn::network<ctnn::features<3>, ctnn::dense<2>, ctnn::relu>;
    using outer = ctnn::network<ctnn::features<3>, inner, ctnn::dense<1>>;
    CHECK(ctnn::summary<outer>() == R"(layer  output  parameters  multiply-adds
input       3           0              0
dense       2           8              6
relu        2           0              0
dense       1           3              2
11 parameters, 8 multiply-adds an image
)");
}

TEST_CASE("summary: a network without layers") {
    CHECK(ctnn::summary<ctnn::network<ctnn::shape<1, 2, 3>>>() ==
          "layer     output  parameters  multiply-adds\n"
          "input  1 x 2 x 3           0              0\n"
          "0 parameters, 0 multiply-adds an image\n");
}

TEST_CASE("summary: thousands are separated") {
    using ctnn::detail::with_commas;
    CHECK(with_commas(0) == "0");
    CHECK(with_commas(999) == "999");
    CHECK(with_commas(1000) == "1,000");
    CHECK(with_commas(999'999) == "999,999");
    CHECK(with_commas(1'000'000) == "1,000,000");
    CHECK(with_commas(12'345'678'901) == "12,345,678,901");
}
