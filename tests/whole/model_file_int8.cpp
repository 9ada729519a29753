#include <ctnn/model_file.hpp>

#include <ctnn/io/safetensors_file.hpp>

#include "support/int8_files.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

using namespace ctnn;

namespace {

template <std::size_t Filters, class... More>
using c3 = conv2d<Filters, kernel<3, 3>, More...>;
template <std::size_t Filters, class... More>
using c1 = conv2d<Filters, kernel<1, 1>, More...>;

using resnet =
    network<shape<8, 7, 3>, c3<5, same>, relu, residual<c3<5, same>, relu, c3<5, same>>, relu,
            add<c1<6, stride<2, 2>, same>, sequence<c3<17, stride<2, 2>, same>, relu, c3<6, same>>>,
            global_average_pool2d, dense<5>, softmax>;
static_assert(std::is_same_v<network_in<int8_resnet_file>, quantized<resnet>>);

using key_words = network<shape<13, 9, 1>, conv2d<8, kernel<10, 4>, stride<2, 2>, same>, relu,
                          depthwise_conv2d<kernel<3, 3>, same>, relu6, c1<7, same>, relu,
                          zero_padding2d<1, 0, 2, 1>,
                          depthwise_conv2d<kernel<3, 2>, stride<2, 1>, depth_multiplier<2>>, relu,
                          average_pool2d<window<2, 2>, stride<1, 1>, same>,
                          max_pool2d<window<3, 3>, stride<2, 2>, same>, flatten, dense<4>, relu>;
static_assert(std::is_same_v<network_in<int8_key_words_file, rounding::tflite_micro>,
                             quantized<key_words, rounding::tflite_micro>>);

using squeeze = network<
    shape<6, 6, 4>, conv2d<6, kernel<2, 2>, dilation<2, 1>, same>,
    multiply<sequence<>, sequence<global_average_pool2d, c1<3, same>, relu, c1<6, same>, sigmoid>>,
    concatenate<c1<4, same>, sequence<max_pool2d<window<2, 2>>, c3<3, same>, up_sampling2d<>>>,
    c3<2, stride<2, 1>>, ctnn::tanh>;
static_assert(std::is_same_v<network_in<int8_squeeze_file>, quantized<squeeze>>);

std::vector<std::int8_t> bytes_of(const safetensors_file& file, const std::string& name) {
    const auto& bytes = file.entries.at(name).bytes;
    std::vector<std::int8_t> result(bytes.size());
    std::ranges::transform(bytes, result.begin(),
                           [](std::byte b) { return static_cast<std::int8_t>(b); });
    return result;
}

/// Three images give the bytes that NumPy gives.
template <const auto& File, class Rounding>
void agrees(const std::string& name, const std::string& rules) {
    CAPTURE(name);
    CAPTURE(rules);
    using net = network_in<File, Rounding>;
    const auto file =
        read_safetensors(std::string(CTNN_TEST_DATA) + "/tflite_int8_" + name + ".safetensors");
    const auto x = bytes_of(file, "x"), expected = bytes_of(file, rules);
    constexpr std::size_t in = net::input_shape::size, out = net::output_shape::size, given = 3;
    REQUIRE(x.size() == given * in);
    REQUIRE(expected.size() == given * out);
    std::vector<std::int8_t> found;
    for (std::size_t n = 0; n < given; ++n) {
        typename net::input image;
        std::copy_n(x.begin() + static_cast<std::ptrdiff_t>(n * in), in, image.begin());
        const auto y = net::predict(weights_in<File, Rounding>, image);
        found.insert(found.end(), y.begin(), y.end());
    }
    CHECK(found == expected);
    CHECK(*std::ranges::max_element(found) > *std::ranges::min_element(found) + 20);
}

}  // namespace

TEST_CASE_TEMPLATE("an int8 file: NumPy's bytes", Rounding, rounding::tflite,
                   rounding::tflite_micro) {
    const std::string rules =
        std::is_same_v<Rounding, rounding::tflite> ? "tflite" : "tflite_micro";
    agrees<int8_resnet_file, Rounding>("resnet", rules);
    agrees<int8_key_words_file, Rounding>("key_words", rules);
    agrees<int8_squeeze_file, Rounding>("squeeze", rules);
}

namespace {
constexpr auto image_of_one_number = [] {
    network_in<int8_resnet_file>::input x{};
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<std::int8_t>(i * 37 % 256 - 128);
    return x;
}();
}  // namespace

TEST_CASE_TEMPLATE("the compiler and the processor give the same bytes", Rounding, rounding::tflite,
                   rounding::tflite_micro) {
    using net = network_in<int8_resnet_file, Rounding>;
    static constexpr auto by_compiler =
        net::predict(weights_in<int8_resnet_file, Rounding>, image_of_one_number);
    const auto here = net::predict(weights_in<int8_resnet_file, Rounding>, image_of_one_number);
    CHECK(std::ranges::equal(here, by_compiler));
}
