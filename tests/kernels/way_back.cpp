// Transposed convolutions of one image against their definition.
#include <ctnn/ctnn.hpp>

#include "support/laws.hpp"
#include "support/random.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <memory>
#include <type_traits>
#include <vector>

using namespace ctnn;

namespace {

constexpr std::size_t lanes = simd::native_lanes;

/// With room for others between the pixels, which stays as it is.
template <class Layer>
void check_apart(const std::vector<float>& x, const std::vector<float>& w,
                 const std::vector<float>& y) {
    constexpr std::size_t channels = Layer::output_shape::channels, step = channels + 3;
    using loops = detail::way_back_of_one<Layer::conv.with_pixel_step(step), Layer::has_bias>;
    std::vector<float> scratch(loops::scratch_size), apart(y.size() / channels * step, 77.0f),
        expected = apart;
    for (std::size_t i = 0; i < y.size(); ++i) expected[i / channels * step + i % channels] = y[i];
    const float* const bias = w.data() + w.size() - (Layer::has_bias ? channels : 0);
    loops::run(x.data(), w.data(), Layer::has_bias ? bias : nullptr, apart.data(), scratch.data());
    CHECK(apart == expected);
}

template <class Input, class Layer>
void check() {
    using layer = typename Layer::template on<Input>;
    constexpr auto conv = layer::conv;
    using loops = detail::way_back_of_one<conv, layer::has_bias>;
    if constexpr (lanes == 1) {
        static_assert(!loops::exists && loops::scratch_size == 0);
        return;
    } else {
        static_assert(loops::exists);
        static_assert(layer::template compute_scratch<float, detail::no_pooling>() > 0 &&
                      layer::template compute_scratch<simd::native, detail::no_pooling>() == 0);
        generator random(3);
        const std::vector<float> x = random.vector(Input::size, -1.0f, 1.0f),
                                 w = random.vector(layer::parameter_count, -1.0f, 1.0f);
        const float* const bias = w.data() + w.size() - (layer::has_bias ? conv.channels : 0);
        constexpr float nan = std::numeric_limits<float>::quiet_NaN();
        std::vector<float> y(layer::output_shape::size, nan), expected = y,
                                                              scratch(loops::scratch_size, nan);
        loops::run(x.data(), w.data(), layer::has_bias ? bias : nullptr, y.data(), scratch.data());
        using definition = detail::convolution_with_images_in_lanes<conv>;
        if constexpr (layer::has_bias)
            definition::input_gradient(w.data(), x.data(), expected.data(), bias);
        else
            definition::input_gradient(w.data(), x.data(), expected.data());
        check_apart<layer>(x, w, y);
        CHECK(laws::varied({expected.begin(), expected.end()}, 0.1));
        for (std::size_t i = 0; i < y.size(); ++i)
            CHECK(y[i] == doctest::Approx(expected[i]).epsilon(1e-5).scale(1));
    }
}
template <class Layer>
constexpr bool has_loops =
    detail::way_back_of_one<Layer::template on<shape<4, 5, 3>>::conv, true>::exists;
// Where more is cut off than the first pixel gives, along either axis, or more than the last.
static_assert(!has_loops<conv2d_transpose<2, kernel<2>, stride<2>, padding<1, 0>>>);
static_assert(!has_loops<conv2d_transpose<2, kernel<2>, stride<2>, padding<0, 1>>>);
static_assert(!has_loops<conv2d_transpose<2, kernel<2>, stride<2>, padding<0, 2, 0, 0>>>);
static_assert(!has_loops<conv2d_transpose<2, kernel<4>, stride<2>, padding<3, 0, 0, 0>>>);
static_assert(has_loops<conv2d_transpose<2, kernel<4>, stride<2>, padding<1>>> == (lanes > 1));

// What the plan says.
template <class... Options>
constexpr auto choice =
    plan_of<network<shape<4, 5, 3>, conv2d_transpose<17, Options...>>>.stages[0].one_image;
static_assert(choice<kernel<2>, stride<2>, padding<1>> == loop_choice{});
static_assert((choice<kernel<3>, stride<2>> == loop_choice{}) == (lanes == 1));

}  // namespace

TEST_CASE("strides, paddings, dilations") {
    check<shape<3, 4, 3>, conv2d_transpose<5, kernel<2>, stride<2>>>();
    check<shape<3, 4, 3>, conv2d_transpose<5, kernel<3>, stride<2>, same>>();
    check<shape<4, 3, 2>, conv2d_transpose<3, kernel<4>, stride<2>, padding<1>, use_bias<false>>>();
    check<shape<4, 3, 2>, conv2d_transpose<3, kernel<3, 5>, dilation<2, 1>, padding<1, 2>>>();
    check<shape<5, 4, 2>, conv2d_transpose<3, kernel<3, 2>, stride<2, 3>, dilation<3, 1>>>();
    check<shape<2, 7, 4>, conv2d_transpose<2, kernel<3, 3>>>();
    check<shape<1, 9, 4>, conv2d_transpose<6, kernel<1, 5>, stride<1, 2>, padding<0, 0, 2, 1>>>();
}
TEST_CASE("places that no tap reaches: the bias") {
    check<shape<3, 4, 3>, conv2d_transpose<5, kernel<1>, stride<3, 2>>>();
    check<shape<3, 4, 3>, conv2d_transpose<5, kernel<2, 1>, stride<2, 3>, use_bias<false>>>();
}
TEST_CASE("channels and filters around the lanes: squares turned round, and their rest") {
    check<shape<4, 5, lanes>, conv2d_transpose<lanes, kernel<2>, stride<2>>>();
    check<shape<4, 5, 2 * lanes + 3>, conv2d_transpose<lanes + 5, kernel<3>, stride<2>, same>>();
    check<shape<3, 3, lanes + 1>, conv2d_transpose<1, kernel<3>, same>>();
    check<shape<3, 3, 1>, conv2d_transpose<3 * lanes, kernel<2>, stride<2>>>();
    check<shape<4, 40, 1>, conv2d_transpose<1, kernel<5>, same>>();
}
TEST_CASE("weights that no cache holds") {
    check<shape<2, 3, 1000>, conv2d_transpose<253, kernel<2>, stride<2>>>();
}
TEST_CASE("in a network: one image as many") {
    using net = network<shape<4, 5, 6>, conv2d_transpose<lanes + 2, kernel<3>, stride<2>, same>,
                        relu, conv2d_transpose<3, kernel<2>, stride<2>, padding<1, 0>>, sigmoid>;
    generator random(4);
    parameters<net> w;
    for (float& v : w.values()) v = random.between(-0.3f, 0.3f);
    std::vector<net::input> images(lanes + 1);
    for (auto& image : images)
        for (float& v : image) v = random.between(-1.0f, 1.0f);
    std::vector<net::output> many(images.size());
    const auto space = std::make_unique<net::batch_workspace>();
    net::predict(w, images, many, *space);
    for (std::size_t n = 0; n < images.size(); ++n) {
        const net::output one = net::predict(w, images[n]);
        for (std::size_t i = 0; i < one.size(); ++i)
            CHECK(one[i] == doctest::Approx(many[n][i]).epsilon(1e-5).scale(1));
    }
}
