#include <ctnn/network/fingerprint.hpp>

#include <ctnn/ctnn.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <set>

using namespace ctnn;

namespace {

template <class... Layers>
constexpr std::uint64_t of = network<Layers...>::fingerprint;

// FNV-1a's own test vectors: of "" and, behind the eight bytes of its length, of "a".
static_assert(detail::fnv_1a().value() == 0xcbf29ce484222325U);
static_assert(detail::fnv_1a().add(std::uint64_t{0x61}).value() !=
              detail::fnv_1a().add("a").value());

// Computed by another program from the definition: input; then of each layer that computes
// something name, input, output, settings, and every array's name and six extents.
static_assert(of<features<2>, dense<1>> == 0x53d51ad5af7ece48U);
static_assert(of<features<2>, dense<1>, leaky_relu<negative_slope<1, 4>>> == 0x9619d87b82bed6a0U);
using lenet5 = network<shape<28, 28, 1>, conv2d<6, kernel<5, 5>, same>, relu, max_pool2d<>,
                       conv2d<16, kernel<5, 5>>, relu, max_pool2d<>, flatten, dense<120>, relu,
                       dense<84>, relu, dense<10>, softmax>;
static_assert(lenet5::fingerprint == 0xb56a67743293e0bcU);

// The same network, written otherwise.
using s6 = shape<6, 6, 2>;
using s9 = shape<9, 9, 1>;
static_assert(of<s6, conv2d<4, kernel<3, 3>, same, stride<1, 1>>, relu> ==
              of<s6, sequence<expect<s6>, conv2d<4, padding<1>, kernel<3>>>, relu>);
static_assert(of<s6, flatten, dense<3>> ==
              of<s6, flatten, network<features<72>, dense<3>, flatten>>);
static_assert(of<s6, leaky_relu<negative_slope<1, 4>>> == of<s6, leaky_relu<negative_slope<2, 8>>>);
static_assert(of<s6, elu<>> == of<s6, elu<alpha<1>>>);
static_assert(of<features<4>, add<sequence<dense<4>, relu>, flatten>> ==
              of<features<4>, residual<dense<4>, relu>>);
// Only training differs.
static_assert(of<s6, max_pool2d<>> == of<s6, max_pool2d<every_maximum>>);

}  // namespace

TEST_CASE("network<...>::fingerprint: every difference counts") {
    const std::uint64_t all[] = {
        of<s6>,
        of<shape<6, 2, 6>>,
        of<s6, relu>,
        of<s6, relu, relu>,
        of<s6, sigmoid>,
        of<s6, ctnn::tanh>,
        of<s6, softmax>,
        of<s6, elu<>>,
        of<s6, elu<alpha<1, 2>>>,
        of<s6, leaky_relu<>>,
        of<s6, leaky_relu<negative_slope<1, 2>>>,
        of<s6, relu, sigmoid>,
        of<s6, sigmoid, relu>,
        of<s6, max_pool2d<>>,
        of<s6, average_pool2d<>>,
        of<s6, global_max_pool2d>,
        of<s6, global_average_pool2d>,
        of<s6, max_pool2d<window<3, 3>>>,
        of<s6, max_pool2d<window<3, 3>, stride<2, 2>, padding<0, 1, 0, 1>>>,
        of<s6, max_pool2d<window<3, 3>, stride<2, 2>, padding<1, 0, 1, 0>>>,
        of<s6, max_pool2d<window<2, 2>, stride<3, 3>>>,
        of<s6, average_pool2d<window<3, 3>>>,
        of<s6, conv2d<4, kernel<3, 3>>>,
        of<s6, conv2d<4, kernel<3, 3>, use_bias<false>>>,
        of<s6, conv2d<4, kernel<3, 3>, groups<2>>>,
        of<s6, conv2d<4, kernel<3, 3>, same>>,
        of<s6, conv2d<4, kernel<3, 3>, dilation<2, 2>>>,
        of<s6, conv2d<4, kernel<3, 3>, dilation<2, 2>, same>>,
        of<s6, conv2d<4, kernel<3, 3>, stride<2, 2>>>,
        of<s6, conv2d<4, kernel<3, 3>, stride<3, 3>>>,
        of<s6, conv2d<4, kernel<3, 1>>>,
        of<s6, conv2d<4, kernel<1, 3>>>,
        of<s6, conv2d<2, kernel<3, 3>>>,
        of<s6, depthwise_conv2d<kernel<3, 3>>>,
        of<s6, depthwise_conv2d<kernel<3, 3>, use_bias<false>>>,
        of<s6, depthwise_conv2d<kernel<3, 3>, same>>,
        of<s6, flatten, dense<3>>,
        of<shape<6, 2, 6>, flatten, dense<3>>,
        of<features<72>, dense<3>>,
        of<features<72>, dense<3, use_bias<false>>>,
        of<features<72>, dense<3>, dense<3>>,
        lenet5::fingerprint,
        // The same shapes, and one number of the window's that differs.
        of<s9, conv2d<1, kernel<3, 3>, stride<4, 4>>>,
        of<s9, conv2d<1, kernel<3, 3>, stride<4, 4>, dilation<2, 1>>>,
        of<s9, conv2d<1, kernel<3, 3>, stride<4, 4>, dilation<1, 2>>>,
        of<s9, conv2d<1, kernel<3, 3>, stride<4, 5>>>,
        of<s9, conv2d<1, kernel<3, 3>, stride<5, 4>>>,
        of<s9, conv2d<1, kernel<3, 3>, stride<4, 4>, padding<1, 0, 0, 0>>>,
        of<s9, conv2d<1, kernel<3, 3>, stride<4, 4>, padding<0, 1, 0, 0>>>,
        of<s9, conv2d<1, kernel<3, 3>, stride<4, 4>, padding<0, 0, 1, 0>>>,
        of<s9, conv2d<1, kernel<3, 3>, stride<4, 4>, padding<0, 0, 0, 1>>>,
    };
    CHECK(std::set<std::uint64_t>(std::begin(all), std::end(all)).size() == std::size(all));
}
