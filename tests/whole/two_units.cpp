// With two_units_other.cpp: two files of one program include everything; what headers define must
// not clash.
#include <ctnn/io.hpp>
#include <ctnn/training.hpp>

#include <doctest/doctest.h>

using unit_network = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::conv2d<2, ctnn::kernel<3, 3>>,
                                   ctnn::flatten, ctnn::dense<3>, ctnn::softmax>;

unit_network::output predict_in_the_other_unit(const unit_network::parameters& w,
                                               const unit_network::input& x);

TEST_CASE("two translation units, one program") {
    unit_network::parameters w;
    ctnn::initialize(w, ctnn::he_normal{.seed = 1});
    unit_network::input x{};
    x(1, 1, 0) = 1.0f;
    const auto here = unit_network::predict(w, x), there = predict_in_the_other_unit(w, x);
    for (std::size_t i = 0; i < here.size(); ++i) CHECK(here[i] == there[i]);
    CHECK(here[0] != here[1]);
}
