#include <ctnn/layers/scale_and_offset.hpp>

#include "support/laws.hpp"

#include <doctest/doctest.h>

using namespace ctnn;
using laws::W;

namespace {

reference::map scaled(const reference::map& x, const reference::numbers& w) {
    reference::map y = x;
    const auto channels = static_cast<std::size_t>(x.channels);
    for (std::size_t i = 0; i < y.values.size(); ++i)
        y.values[i] = w.at(i % channels) * x.values[i] + w.at(channels + i % channels);
    return y;
}

}  // namespace

TEST_CASE("scale_and_offset") {
    laws::obeys<scale_and_offset::on<shape<3, 4, W + 1>>>(scaled);
    laws::obeys_in_every_width<scale_and_offset::on<features<3>>>(scaled);
}
