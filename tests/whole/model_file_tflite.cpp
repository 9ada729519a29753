#include <ctnn/model_file.hpp>

#include <ctnn/io/safetensors_file.hpp>

#include "support/tflite_files.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

using namespace ctnn;

namespace {

// As a person would write them.
template <std::size_t Filters, class... More>
using c3 = conv2d<Filters, kernel<3, 3>, More...>;
template <std::size_t Filters, class... More>
using c1 = conv2d<Filters, kernel<1, 1>, More...>;

using resnet =
    network<shape<8, 7, 3>, c3<4, same>, relu, residual<c3<4, same>, relu, c3<4, same>>, relu,
            add<c1<6, stride<2, 2>, same>, sequence<c3<6, stride<2, 2>, same>, relu, c3<6, same>>>,
            relu, global_average_pool2d, dense<5>, softmax>;
static_assert(std::is_same_v<network_in<resnet_file>, resnet>);

using depthwise = network<
    shape<9, 8, 2>, zero_padding2d<0, 1, 0, 1>, c3<5, stride<2, 2>>, relu6,
    depthwise_conv2d<kernel<3, 3>, same>, relu6, c1<7, same>, relu6, zero_padding2d<0, 1, 1, 1>,
    depthwise_conv2d<kernel<3, 2>, stride<2, 1>, depth_multiplier<2>>, relu6,
    depthwise_conv2d<kernel<2, 3>, dilation<1, 2>, same>, global_average_pool2d, dense<4>, softmax>;
static_assert(std::is_same_v<network_in<depthwise_file>, depthwise>);

using squeeze = network<
    shape<7, 6, 4>, c3<6, groups<2>, same>, relu,
    multiply<sequence<>, sequence<global_average_pool2d, c1<3, same>, relu, c1<6, same>, sigmoid>>,
    max_pool2d<window<2, 2>>, conv2d<5, kernel<2, 2>, dilation<2, 1>, same, use_bias<false>>,
    average_pool2d<window<3, 3>, stride<2, 2>, same>, max_pool2d<window<2, 2>, stride<1, 1>, same>,
    global_average_pool2d>;
static_assert(std::is_same_v<network_in<squeeze_file>, squeeze>);

using u_net = network<
    shape<8, 6, 2>, c3<4, same>, relu,
    concatenate<sequence<>, sequence<max_pool2d<window<2, 2>>, c3<6, same>, relu, up_sampling2d<>>>,
    concatenate<sequence<c3<5, stride<2, 2>, same>, relu,
                         concatenate<conv2d_transpose<3, kernel<3, 4>, stride<2, 2>, same>,
                                     conv2d_transpose<2, kernel<2, 2>, stride<2, 2>>>>,
                sequence<>>,
    c1<1, same>, sigmoid>;
static_assert(std::is_same_v<network_in<u_net_file>, u_net>);

using activations = network<shape<5, 4, 3>, c1<4, same>, leaky_relu<negative_slope<3, 10>>,
                            conv2d<5, kernel<2, 2>, same>, prelu, c1<4, same>, hard_swish,
                            scale_and_offset, ctnn::tanh, c1<3, same>, ctnn::tanh, sigmoid,
                            scale_and_offset, up_sampling2d<factor<2, 3>, bilinear>, c1<4, same>,
                            clip<low<-1>, high<1>>, c1<4, same>, elu<>, relu, relu6>;
static_assert(std::is_same_v<network_in<activations_file>, activations>);

using reshapes =
    network<shape<4, 3, 2>, conv2d<3, kernel<2, 2>, same>, relu, flatten, dense<12>, relu,
            reshape<2, 2, 3>, conv2d<4, kernel<2, 2>, same>, relu, flatten, dense<3>>;
static_assert(std::is_same_v<network_in<reshapes_file>, reshapes>);

using of_one_dimension = network<sequence_shape<11, 3>, conv2d<5, kernel<1, 3>, same>, relu,
                                 conv2d<4, kernel<1, 3>, stride<1, 2>>, flatten, dense<3>, softmax>;
static_assert(std::is_same_v<network_in<sequence_file>, of_one_dimension>);

/// One image, and as many as a batch takes and one more, give what NumPy gives.
template <const auto& File>
void agrees(const std::string& name) {
    CAPTURE(name);
    using net = network_in<File>;
    constexpr const auto& w = weights_in<File>;
    const auto file =
        read_safetensors(std::string(CTNN_TEST_DATA) + "/tflite_" + name + ".safetensors");
    const std::vector<float> x = file.floats("x"), y = file.floats("y");
    constexpr std::size_t in = net::input_shape::size, out = net::output_shape::size, given = 3;
    REQUIRE(x.size() == given * in);
    REQUIRE(y.size() == given * out);
    float largest = 0.0f;
    for (const float number : y) largest = std::max(largest, std::abs(number));
    REQUIRE(largest > 0.01f);

    std::vector<typename net::input> images(simd::native_lanes + 1);
    std::vector<typename net::output> together(images.size());
    for (std::size_t n = 0; n < images.size(); ++n)
        std::copy_n(x.begin() + static_cast<std::ptrdiff_t>(n % given * in), in, images[n].begin());
    const auto space = std::make_unique<typename net::batch_workspace>();
    net::predict(w, images, together, *space);
    float worst = 0.0f;
    for (std::size_t n = 0; n < images.size(); ++n) {
        const typename net::output alone = net::predict(w, images[n]);
        for (std::size_t i = 0; i < out; ++i) {
            const float wanted = y[n % given * out + i];
            worst =
                std::max({worst, std::abs(alone[i] - wanted), std::abs(together[n][i] - wanted)});
        }
    }
    CHECK(worst <= 1e-5f * largest);
}

}  // namespace

TEST_CASE("network_in<file>, weights_in<file>: files of TensorFlow Lite give what they must") {
    agrees<activations_file>("activations");
    agrees<depthwise_file>("depthwise");
    agrees<reshapes_file>("reshapes");
    agrees<resnet_file>("resnet");
    agrees<sequence_file>("sequence");
    agrees<squeeze_file>("squeeze");
    agrees<u_net_file>("u_net");
}
