// What convolutions share: the definition, which needs no scratch memory, and the loops, which do,
// give the same, for every layout, forward and backward.
#include <ctnn/layers/convolution_layer.hpp>

#include "support/random.hpp"

#include <ctnn/layers/conv2d.hpp>
#include <ctnn/layers/depthwise_conv2d.hpp>
#include <ctnn/tensor.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <vector>

using namespace ctnn;

namespace {

using floats = std::vector<float>;

void check_equal(const floats& found, const floats& wanted) {
    REQUIRE(found.size() == wanted.size());
    const auto largest = [](const floats& all) {
        return *std::max_element(all.begin(), all.end());
    };
    CHECK(largest(wanted) > 0.1f);  // zeros would prove nothing
    for (std::size_t i = 0; i < found.size(); ++i)
        CHECK(found[i] == doctest::Approx(wanted[i]).epsilon(1e-4).scale(largest(wanted)));
}

template <class Layer>
void check() {
    using in = typename Layer::input_shape;
    using out = typename Layer::output_shape;
    generator random(out::size);
    const floats w = random.vector(Layer::parameter_count, -1.0f, 1.0f),
                 x = random.vector(in::size, -1.0f, 1.0f);
    const typename Layer::weights weights(w.data());
    const tensor_view<in, const float> input(x.data());

    floats y(out::size), defined(out::size);
    floats scratch(Layer::template compute_scratch<float, detail::no_pooling>() + 1);
    Layer::template compute<float>(weights, input, tensor_view<out, float>(y.data()),
                                   scratch.data());
    Layer::template compute<float>(weights, input, tensor_view<out, float>(defined.data()));
    check_equal(y, defined);

    const floats d_y = random.vector(out::size, -1.0f, 1.0f);
    const tensor_view<out, const float> gradient(d_y.data());
    floats d_w(Layer::parameter_count), d_defined(Layer::parameter_count);
    floats kept(
        Layer::template gradient_scratch<float, detail::no_activation, detail::no_pooling>() + 1);
    Layer::template parameter_gradient<float>(input, gradient,
                                              typename Layer::gradients(d_w.data()), kept.data());
    Layer::template parameter_gradient<float>(input, gradient,
                                              typename Layer::gradients(d_defined.data()));
    check_equal(d_w, d_defined);
}

}  // namespace

using few_filters = conv2d<3, kernel<5>, same>::on<shape<11, 37, 2>>;
using many_filters = conv2d<37, kernel<3>, stride<2, 1>>::on<shape<9, 7, 5>>;
using of_groups = conv2d<6, kernel<3, 2>, groups<3>, use_bias<false>>::on<shape<6, 5, 9>>;
using depthwise = depthwise_conv2d<kernel<3>, same>::on<shape<7, 6, 19>>;

TEST_CASE("the definition and the loops of one image") {
    check<few_filters>();
    check<many_filters>();
    check<of_groups>();
    check<depthwise>();
}

TEST_CASE("what fills the lanes") {
    if constexpr (simd::native_lanes > 1) {
        CHECK(few_filters::choice_for_one<detail::no_pooling>().lanes == layout::chw);
        CHECK(many_filters::choice_for_one<detail::no_pooling>().lanes == layout::hwc);
        CHECK(depthwise::choice_for_one<detail::no_pooling>().lanes == layout::hwc);
        CHECK(few_filters::compute_scratch<float, detail::no_pooling>() > 0);
    } else {
        CHECK(few_filters::choice_for_one<detail::no_pooling>().lanes == layout::one_lane);
    }
    CHECK(many_filters::choice_for_many<detail::no_pooling>().lanes ==
          (simd::native_lanes > 1 ? layout::hwcn : layout::one_lane));
}

static_assert(many_filters::facts.takes_positions && !depthwise::facts.takes_positions);
static_assert(many_filters::facts.fuses_activation && depthwise::facts.fuses_pooling);
