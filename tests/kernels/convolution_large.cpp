// The convolution's loops with more weights than a cache holds: optimized, as they compute much.
#include <ctnn/ctnn.hpp>
#include <ctnn/training.hpp>

#include "support/convolution_check.hpp"

TEST_CASE("weights that no cache holds") {
    check<convolution{along(6, 3, 1, 1), along(8, 3, 1, 1), 123, 264, 1, true}>();
}
TEST_CASE("rows of many taps, in groups") {
    check<convolution{along(4, 1), along(23, 17, 8, 8), 248, 264, 4, false}>();
}
TEST_CASE("blocks of weights: strides, dilations, taps that see padding alone") {
    check_without_filters<convolution{along(13, 3, 2, 2, 2, 2), along(3, 4, 4, 4, 4), 90, 374, 1,
                                      true}>();
}
TEST_CASE("blocks of weights: groups") {
    check_without_filters<convolution{along(6, 1, 0, 0, 2), along(4, 2, 1, 0), 900, 896, 2,
                                      false}>();
}
TEST_CASE("blocks of weights: one tap, whose rows follow each other; added to what is there") {
    constexpr convolution conv{along(3, 1), along(5, 1), 634, 634, 1, true};
    check_without_filters<conv>();
    const problem<conv> p;
    const std::vector<native> x = in_lanes(p.x);
    using output = shape<3, 5, 634>;
    const auto run = [&](auto activation, std::vector<native>& y) {
        detail::convolution_with_images_in_lanes<conv>::forward<decltype(activation),
                                                                detail::no_pooling>(
            x.data(), p.kernel.data(), p.bias.data(), y.data());
    };
    std::vector<native> added(output::size, native(0.75f)), plain(output::size);
    run(detail::adding<relu::on<output>>{}, added);
    run(detail::no_activation{}, plain);
    const auto expected = [&](std::size_t n) {
        reference::numbers result;
        for (const float y : lane(plain, n)) result.push_back(std::max(0.0, y + 0.75));
        return result;
    };
    for (std::size_t n = 0; n < simd::native_lanes; ++n)
        CHECK(deviation(lane(added, n), expected(n)) <= laws::float_error);
    floats one(output::size, 0.75f);
    detail::convolution_in_blocks<conv, detail::adding<relu::on<output>>>::run(
        p.x[0].data(), p.kernel.data(), p.bias.data(), one.data(), nullptr);
    CHECK(deviation(one, expected(0)) <= laws::float_error);
}
TEST_CASE("blocks of weights: outputs with room between them") {
    constexpr convolution conv{along(2, 2, 1, 0), along(5, 1), 450, 279, 1, true};
    check_apart<conv, relu::on<shape<2, 5, 279>>, detail::no_pooling>();
}
TEST_CASE("blocks of weights in a network: in their part of a concatenation; pooling is a stage of "
          "its own") {
    using net =
        network<shape<5, 4, 640>,
                concatenate<sequence<conv2d<632, kernel<1, 1>>, relu>, conv2d<401, kernel<1, 1>>>,
                max_pool2d<window<2, 2>>, conv2d<632, kernel<1, 1>>, relu,
                max_pool2d<window<2, 1>>>;
    static_assert(net::leaf<0>::facts.fuses_pooling == (simd::native_lanes == 1));
    parameters<net> w;
    initialize(w, he_normal{.seed = 3});
    std::vector<net::input> images(simd::native_lanes + 1);
    for (std::size_t n = 0; n < images.size(); ++n) {
        const floats numbers = generator(n + 1).vector(images[n].size(), -1.0f, 1.0f);
        std::copy(numbers.begin(), numbers.end(), images[n].begin());
    }
    std::vector<net::output> many(images.size());
    const auto space = std::make_unique<net::batch_workspace>();
    net::predict(w, images, many, *space);
    for (std::size_t n = 0; n < images.size(); ++n) {
        const net::output one = net::predict(w, images[n]);
        REQUIRE(laws::varied({one.begin(), one.end()}, 0.5));
        CHECK(deviation(floats(many[n].begin(), many[n].end()),
                        reference::numbers(one.begin(), one.end())) <= laws::float_error);
    }
}
