#include <ctnn/constant_weights.hpp>

#include <ctnn/ctnn.hpp>

#include "data/two_inputs.hpp"  // written by write_header for network<features<2>, dense<1>>

#include <doctest/doctest.h>

#include <type_traits>

namespace {

using net = ctnn::network<ctnn::features<2>, ctnn::dense<1>>;
constexpr net::input x{{10.0f, 100.0f}};

static_assert(two_inputs.fingerprint == net::fingerprint);
static_assert(two_inputs.parameter_count == net::parameter_count);
static_assert(net::predict(two_inputs, x)[0] == 10.0f * 1.5f + 100.0f * -2.0f + 0.25f);
static_assert(net::weights(two_inputs).values().data() == two_inputs.elements);  // no copy
static_assert(alignof(decltype(two_inputs)) == alignof(net::parameters));
static_assert(sizeof two_inputs == sizeof(net::parameters));

// Not by accident: a copy has to be asked for.
static_assert(!std::is_convertible_v<decltype(two_inputs), net::parameters>);
static_assert(std::is_constructible_v<net::parameters, decltype(two_inputs)>);

}  // namespace

TEST_CASE("constant_weights: a copy to train") {
    net::parameters w(two_inputs);
    CHECK(w.elements != two_inputs.elements);
    CHECK(w.values()[0] == 1.5f);
    w.values()[0] = 2.0f;
    CHECK(two_inputs.elements[0] == 1.5f);
    CHECK(net::predict(w, x)[0] == 10.0f * 2.0f + 100.0f * -2.0f + 0.25f);
    CHECK(net::predict(two_inputs, x)[0] == 10.0f * 1.5f + 100.0f * -2.0f + 0.25f);
}

TEST_CASE("constant_weights: batches") {
    const net::input images[3] = {x, {{1.0f, 0.0f}}, {{0.0f, 1.0f}}};
    net::output outputs[3];
    net::batch_workspace scratch;
    net::predict(two_inputs, images, outputs, scratch);
    CHECK(outputs[1][0] == 1.75f);
    CHECK(outputs[2][0] == -1.75f);
}
