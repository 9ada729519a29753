#include <ctnn/io/save_onnx.hpp>

#include <ctnn/ctnn.hpp>
#include <ctnn/model_file/interpret.hpp>
#include <ctnn/model_file/print_network.hpp>
#include <ctnn/model_file/read.hpp>

#include "support/random.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace ctnn;

namespace {

using map = shape<5, 6, 4>;
using list = features<7>;
using row = sequence_shape<9, 3>;

template <class Net>
std::unique_ptr<typename Net::parameters> random_parameters() {
    auto w = std::make_unique<typename Net::parameters>();
    generator random(Net::fingerprint);
    for (const parameter_entry& entry : Net::parameter_table)
        for (std::size_t i = 0; i < entry.size; ++i)
            w->elements[entry.offset + i] = entry.array == "moving_variance"
                                                ? random.between(0.25f, 4.0f)
                                                : random.between(-1.0f, 1.0f);
    return w;
}

std::vector<std::uint32_t> bits_of(std::span<const float> numbers) {
    std::vector<std::uint32_t> bits;
    for (const float number : numbers) bits.push_back(std::bit_cast<std::uint32_t>(number));
    return bits;
}

std::string without_spaces(std::string text) {
    std::erase(text, ' ');
    return text;
}

/// The file computes what the network does. Where it comes back as a network with this text, its
/// parameters come back, to the bit.
template <class Net>
void is_saved(const std::string& text = "") {
    CAPTURE(text);
    const auto w = random_parameters<Net>();
    auto x = std::make_unique<typename Net::input>();
    generator random(1);
    for (float& pixel : *x) pixel = random.between(-4.0f, 8.0f);

    const temporary_folder folder;
    save_onnx(*w, folder / "network.onnx");
    const std::string bytes = read_bytes(folder / "network.onnx");
    const std::span file(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    const detail::model_list read = detail::read_model(file);
    CAPTURE(detail::sentence_of(read.mistake.what));
    CAPTURE(read.mistake.name.view());
    REQUIRE(!read.mistake);

    const std::vector<double> found =
        detail::interpreter(read.graph, file)(std::span(x->begin(), x->end()));
    const typename Net::output expected = Net::predict(*w, *x);
    REQUIRE(found.size() == Net::output_shape::size);
    double largest = 0.0, error = 0.0;
    for (std::size_t i = 0; i < found.size(); ++i) {
        const double difference = std::abs(found[i] - static_cast<double>(expected[i]));
        largest = std::max(largest, std::abs(found[i]));
        error = std::max(error, std::isnan(difference) ? HUGE_VAL : difference);
    }
    CHECK(largest > 0.0);
    CHECK(error <= 1e-5 * largest);
    if (text.empty()) return;
    CHECK(without_spaces(detail::type_of_model(read).network().on_one_line()) ==
          without_spaces(text));
    CHECK(bits_of(detail::model_parameters(file, read)) == bits_of(w->values()));
}

}  // namespace

/// It comes back as the same network.
#define COMES_BACK(...) is_saved<__VA_ARGS__>(#__VA_ARGS__)

TEST_CASE("save_onnx: convolutions") {
    COMES_BACK(ctnn::network<ctnn::shape<9, 11, 4>, ctnn::conv2d<6, ctnn::kernel<3, 2>>,
                             ctnn::conv2d<9, ctnn::kernel<3, 2>, ctnn::stride<2, 1>,
                                          ctnn::groups<3>, ctnn::padding<1, 2, 0, 1>>,
                             ctnn::conv2d<3, ctnn::kernel<2, 3>, ctnn::dilation<2, 1>,
                                          ctnn::padding<1>, ctnn::use_bias<false>>,
                             ctnn::conv2d<2, ctnn::kernel<3, 4>, ctnn::stride<3, 2>, ctnn::same>>);
    COMES_BACK(ctnn::network<ctnn::shape<6, 7, 3>,
                             ctnn::depthwise_conv2d<ctnn::kernel<3, 3>, ctnn::stride<2, 1>,
                                                    ctnn::depth_multiplier<2>, ctnn::padding<1>,
                                                    ctnn::use_bias<false>>,
                             ctnn::depthwise_conv2d<ctnn::kernel<3, 2>>>);
    is_saved<network<map, conv2d<3, kernel<3, 4>, dilation<2, 1>, same>,
                     conv2d<3, kernel<3>, stride<2>, same_size>,
                     separable_conv2d<5, kernel<3>, same>>>();
    is_saved<
        network<shape<5, 6, 1>, depthwise_conv2d<kernel<3>, depth_multiplier<3>>>>();  // no group
    is_saved<network<list, conv2d<3, kernel<1>>, relu>>();
}

TEST_CASE("save_onnx: transposed convolutions") {
    COMES_BACK(
        ctnn::network<
            ctnn::shape<3, 4, 5>, ctnn::conv2d_transpose<3, ctnn::kernel<3, 2>>,
            ctnn::conv2d_transpose<3, ctnn::kernel<4, 3>, ctnn::stride<2, 2>, ctnn::padding<1, 0>>,
            ctnn::conv2d_transpose<2, ctnn::kernel<3, 2>, ctnn::stride<2, 3>, ctnn::dilation<2, 2>,
                                   ctnn::use_bias<false>>>);
    // Gaps between kernels; other numbers of pixels cut off.
    is_saved<network<shape<2, 3, 4>, conv2d_transpose<3, kernel<2>, stride<3>>,
                     conv2d_transpose<2, kernel<4, 3>, stride<2, 3>, padding<1, 2, 0, 1>>>>();
    is_saved<network<shape<2, 3, 4>, conv2d_transpose<3, kernel<3>, stride<1>, same>,
                     conv2d_transpose<3, kernel<3>, stride<2>, same>,
                     conv2d_transpose<2, kernel<3, 5>, stride<3, 2>, same>>>();
}

TEST_CASE("save_onnx: dense, flatten, reshape") {
    COMES_BACK(
        ctnn::network<ctnn::features<7>, ctnn::dense<5>, ctnn::dense<5, ctnn::use_bias<false>>>);
    COMES_BACK(ctnn::network<ctnn::shape<3, 5, 4>, ctnn::flatten, ctnn::dense<30>,
                             ctnn::reshape<2, 3, 5>, ctnn::conv2d<2, ctnn::kernel<2, 2>>>);
    is_saved<network<map, reshape<10, 3, 4>, relu>>();
    is_saved<network<map, conv2d<2, kernel<5, 6>>, flatten, dense<3>>>();
    is_saved<network<map, expect<map>, flatten, relu>>();
}

TEST_CASE("save_onnx: pools") {
    COMES_BACK(
        ctnn::network<ctnn::shape<17, 18, 3>,
                      ctnn::max_pool2d<ctnn::window<2, 3>, ctnn::stride<2, 2>>,
                      ctnn::max_pool2d<ctnn::window<3, 2>, ctnn::stride<1, 1>, ctnn::padding<1, 0>>,
                      ctnn::max_pool2d<ctnn::window<3, 3>, ctnn::stride<2, 2>, ctnn::same>,
                      ctnn::global_max_pool2d>);
    COMES_BACK(
        ctnn::network<
            ctnn::shape<17, 18, 3>, ctnn::average_pool2d<ctnn::window<2, 2>>,
            ctnn::average_pool2d<ctnn::window<3, 3>, ctnn::stride<2, 1>, ctnn::padding<1, 0, 2, 1>>,
            ctnn::average_pool2d<ctnn::window<3, 2>, ctnn::stride<2, 2>, ctnn::same>,
            ctnn::global_average_pool2d, ctnn::dense<2>>);
}

TEST_CASE("save_onnx: normalization, parameters of channels") {
    COMES_BACK(ctnn::network<ctnn::shape<5, 6, 4>, ctnn::batch_normalization<>, ctnn::prelu>);
    COMES_BACK(ctnn::network<ctnn::features<7>, ctnn::prelu,
                             ctnn::batch_normalization<ctnn::epsilon<1, 8>>>);
    is_saved<network<map, scale_and_offset, rescaling<scale<2, 5>, offset<-1, 3>>>>();
    is_saved<network<list, scale_and_offset, rescaling<scale<-1>>>>();
    is_saved<folded<network<map, conv2d<3, kernel<3>>, batch_normalization<>, relu, max_pool2d<>,
                            batch_normalization<>>>>();
    is_saved<network<map, global_max_pool2d, scale_and_offset, prelu, batch_normalization<>>>();
}

TEST_CASE("save_onnx: activations") {
    COMES_BACK(
        ctnn::network<ctnn::shape<3, 5, 2>,
                      ctnn::concatenate<
                          ctnn::relu, ctnn::relu6, ctnn::clip<ctnn::low<-1, 2>, ctnn::high<3, 2>>,
                          ctnn::leaky_relu<ctnn::negative_slope<1, 5>>,
                          ctnn::elu<ctnn::alpha<1, 2>>, ctnn::elu<>, ctnn::selu, ctnn::sigmoid,
                          ctnn::hard_sigmoid, ctnn::hard_swish, ctnn::swish, ctnn::tanh, ctnn::gelu,
                          ctnn::softplus, ctnn::softsign, ctnn::softmax>>);
    COMES_BACK(ctnn::network<ctnn::features<7>,
                             ctnn::concatenate<ctnn::softmax, ctnn::gelu, ctnn::swish, ctnn::relu6,
                                               ctnn::clip<ctnn::low<-1>, ctnn::high<2>>>>);
    COMES_BACK(ctnn::network<ctnn::shape<3, 5, 2>, ctnn::exponential>);
}

TEST_CASE("save_onnx: borders, resizing, what acts in training alone") {
    COMES_BACK(ctnn::network<ctnn::shape<3, 4, 2>, ctnn::zero_padding2d<1, 2, 3, 0>,
                             ctnn::up_sampling2d<>, ctnn::up_sampling2d<ctnn::factor<3, 1>>>);
    COMES_BACK(ctnn::network<ctnn::features<7>, ctnn::zero_padding2d<1, 0, 0, 2>,
                             ctnn::up_sampling2d<ctnn::factor<3, 2>, ctnn::bilinear>>);
    COMES_BACK(ctnn::network<ctnn::features<7>, ctnn::up_sampling2d<ctnn::factor<2, 3>>>);
    is_saved<network<map, dropout<rate<1, 4>>, relu, spatial_dropout2d<rate<1, 4>>,
                     gaussian_noise<stddev<1, 10>>>>();
}

TEST_CASE("save_onnx: branches") {
    COMES_BACK(
        ctnn::network<ctnn::shape<5, 6, 4>,
                      ctnn::residual<ctnn::conv2d<4, ctnn::kernel<3, 3>, ctnn::same>, ctnn::relu>,
                      ctnn::maximum<ctnn::sigmoid, ctnn::sequence<>, ctnn::prelu>,
                      ctnn::average<ctnn::sigmoid, ctnn::sequence<>, ctnn::prelu>,
                      ctnn::concatenate<ctnn::sigmoid, ctnn::sequence<>,
                                        ctnn::conv2d<3, ctnn::kernel<1, 1>>>>);
    COMES_BACK(ctnn::network<ctnn::features<7>,
                             ctnn::concatenate<ctnn::sequence<ctnn::dense<3>, ctnn::relu>,
                                               ctnn::sequence<>, ctnn::dense<2>>,
                             ctnn::residual<ctnn::dense<12>, ctnn::tanh>>);
    // They come back as two additions, as two products.
    is_saved<network<map, add<sigmoid, sequence<>, prelu>, multiply<sigmoid, sequence<>, prelu>>>();
    // Squeeze and excitation, the gate behind and before.
    is_saved<
        network<map, multiply<sequence<>, sequence<global_average_pool2d, dense<4>, sigmoid>>,
                conv2d<6, kernel<3>>,
                multiply<sequence<global_average_pool2d, dense<2>, relu, dense<6>, hard_sigmoid>,
                         sequence<>>>>();
    // A list and a map of one pixel meet.
    is_saved<network<map,
                     add<sequence<flatten, dense<5>>,
                         sequence<global_max_pool2d, dense<5>, conv2d<5, kernel<1>>>>,
                     relu>>();
    is_saved<network<map, concatenate<sequence<flatten, dense<5>>, global_max_pool2d>, dense<3>>>();
    // Branches in branches, one of which is the input.
    is_saved<
        network<map, concatenate<residual<relu, add<sequence<>, hyperbolic_tangent>>, sequence<>>,
                maximum<prelu, sequence<>>>>();
}

TEST_CASE("save_onnx: one dimension") {
    is_saved<network<row, conv1d<6, kernel<3>, causal, dilation<2>>, max_pool1d<>,
                     conv1d<6, kernel<2>, groups<3>, stride<2>, padding<1, 0>, use_bias<false>>>>();
    is_saved<network<row, depthwise_conv1d<kernel<3>, depth_multiplier<2>, same>,
                     separable_conv1d<5, kernel<3>>, conv1d_transpose<2, kernel<4>, stride<2>>>>();
    is_saved<network<row, zero_padding1d<2, 1>, average_pool1d<window<3>, stride<2>, same>,
                     up_sampling1d<factor<3>>, global_average_pool1d, dense<2>>>();
    is_saved<network<row, up_sampling1d<bilinear>, global_max_pool1d>>();
    COMES_BACK(
        ctnn::network<ctnn::sequence_shape<9, 3>, ctnn::softplus, ctnn::flatten, ctnn::dense<4>>);
}

namespace {

using small = network<list, dense<3>, relu, dense<2>>;

/// The end of a tensor, as ONNX has it: its name, field 9 (bytes), their number, whole numbers.
std::string tensor_end(const std::string& name, const std::vector<std::int64_t>& numbers) {
    std::string bytes = name + '\x4a' + static_cast<char>(8 * numbers.size());
    for (const std::int64_t number : numbers)
        for (unsigned shift = 0; shift < 64; shift += 8)
            bytes += static_cast<char>(static_cast<std::uint64_t>(number) >> shift);
    return bytes;
}

}  // namespace

TEST_CASE("save_onnx: cropping, which is not read here") {
    const temporary_folder folder;
    save_onnx(network<map, cropping2d<1, 2, 3, 0>>::parameters{}, folder / "two.onnx");
    const std::string two = read_bytes(folder / "two.onnx");
    CHECK(contains(two, "Slice"));
    CHECK(contains(two, tensor_end("cropping2d_1/starts", {1, 3})));
    CHECK(contains(two, tensor_end("cropping2d_1/ends", {3, 6})));
    CHECK(contains(two, tensor_end("cropping2d_1/axes", {2, 3})));
    save_onnx(network<row, cropping1d<2, 3>>::parameters{}, folder / "one.onnx");
    const std::string one = read_bytes(folder / "one.onnx");
    CHECK(contains(one, tensor_end("cropping1d_1/starts", {0, 2})));
    CHECK(contains(one, tensor_end("cropping1d_1/ends", {1, 6})));
}

TEST_CASE("save_onnx: what cannot be saved leaves the old file") {
    const temporary_folder folder;
    const std::filesystem::path file = folder / "network.onnx";
    const auto w = random_parameters<small>();
    const auto save_here = [&] { save_onnx(*w, file); };
    const auto save_elsewhere = [&] { save_onnx(*w, folder / "none" / "network.onnx"); };
    CHECK(message_of(save_here).empty());
    const std::string old = read_bytes(file);
    CHECK(contains(message_of(save_elsewhere), "none"));
    CHECK(contains(message_of([&] { save_onnx(*w, folder.path()); }), folder.path().string()));

    w->elements[small::parameter_count - 1] = std::numeric_limits<float>::infinity();
    CHECK(contains(message_of(save_here), "found inf in 'dense_2/bias' at 1"));
    w->elements[0] = std::numeric_limits<float>::quiet_NaN();
    CHECK(contains(message_of(save_here), "found nan in 'dense_1/kernel' at 0"));
    CHECK(read_bytes(file) == old);
    CHECK(folder.files() == 1);

    const auto other = std::make_unique<small::parameters>();
    save_onnx(*other, file);
    CHECK(read_bytes(file) != old);
    CHECK(read_bytes(file).size() == old.size());
    CHECK(folder.files() == 1);
}
