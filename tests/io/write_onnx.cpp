// Writes networks with random parameters as FOLDER/NAME.onnx, and NAME.bin: inputs of three images and
// what the library predicts of them, in the file's order. For tests/scripts/onnx_runtimes.py.
#include <ctnn/ctnn.hpp>
#include <ctnn/io/save_onnx.hpp>

#include "support/random.hpp"

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

using namespace ctnn;

namespace {

using lenet5 = network<shape<28, 28, 1>, conv2d<6, kernel<5>, padding<2>>, hyperbolic_tangent,
                       average_pool2d<window<2>>, conv2d<16, kernel<5>>, relu,
                       max_pool2d<window<2>>, flatten, dense<84>, relu, dense<10>, softmax>;
template <std::size_t Filters, class... Options>
using unit =
    sequence<conv2d<Filters, kernel<3>, same, use_bias<false>, Options...>, batch_normalization<>>;
using resnet = network<
    shape<13, 10, 3>, rescaling<scale<1, 2>, offset<-1, 4>>, unit<8>, relu,
    residual<unit<8>, relu, unit<8>>, relu,
    add<sequence<unit<12, stride<2>>, prelu, unit<12>>, conv2d<12, kernel<1>, stride<2>, same>>,
    scale_and_offset, relu, dropout<rate<1, 4>>, global_average_pool2d,
    batch_normalization<epsilon<1, 8>>, dense<5>>;
using mobilenet =
    network<shape<9, 11, 3>, zero_padding2d<0, 1, 0, 1>, conv2d<8, kernel<3>, stride<2>>, relu6,
            residual<conv2d<24, kernel<1>>, relu6, depthwise_conv2d<kernel<3>, same>, hard_swish,
                     conv2d<8, kernel<1>>>,
            depthwise_conv2d<kernel<3, 2>, depth_multiplier<2>, stride<2, 1>, padding<1>>, swish,
            conv2d<6, kernel<3>, groups<2>, dilation<1, 2>, same_size>, leaky_relu<>,
            global_max_pool2d, dense<7>, gelu, softmax>;
using unet =
    network<shape<12, 8, 2>, conv2d<4, kernel<3>, same>, elu<>,
            concatenate<sequence<max_pool2d<>, conv2d<6, kernel<3>, same>, selu,
                                 concatenate<sequence<max_pool2d<window<3>, stride<2>, same>,
                                                      conv2d<5, kernel<3>, same>, softplus,
                                                      up_sampling2d<bilinear>>,
                                             sequence<>>,
                                 conv2d_transpose<5, kernel<3>, stride<2>, same>, softsign>,
                        sequence<>>,
            conv2d_transpose<4, kernel<2>, stride<3>>, clip<low<-2>, high<3, 2>>,
            conv2d_transpose<3, kernel<4, 3>, stride<2, 1>, padding<1>, dilation<1, 2>>,
            cropping2d<1, 2, 3, 0>, conv2d<2, kernel<1>>, softmax>;
using squeeze = network<
    shape<7, 6, 8>,
    multiply<sequence<>, sequence<global_average_pool2d, dense<3>, relu, dense<8>, hard_sigmoid>>,
    average<sequence<>, average_pool2d<window<3>, stride<1>, padding<1>>, sigmoid>,
    maximum<prelu, sequence<>>, multiply<sequence<conv2d<8, kernel<1>>, sigmoid>, sequence<>>,
    up_sampling2d<factor<2, 1>>, reshape<4, 7, 24>, conv2d<3, kernel<2>>, flatten,
    concatenate<sequence<dense<4>, exponential>, dense<3>>>;
using wave = network<sequence_shape<21, 3>, conv1d<6, kernel<3>, causal, dilation<2>>, relu,
                     batch_normalization<>, max_pool1d<>, separable_conv1d<5, kernel<3>, same>,
                     zero_padding1d<1, 2>, average_pool1d<window<3>, stride<2>>,
                     conv1d_transpose<4, kernel<4>, stride<2>>, cropping1d<1, 2>, up_sampling1d<>>;

constexpr std::size_t images = 3;

/// Rows, columns, channels; in the file the channels come first.
template <class Shape>
void write(std::ofstream& out, const tensor<Shape>& x) {
    for (std::size_t c = 0; c < Shape::channels; ++c)
        for (std::size_t pixel = 0; pixel < Shape::height * Shape::width; ++pixel)
            out.write(reinterpret_cast<const char*>(&x[pixel * Shape::channels + c]),
                      sizeof(float));
}

/// Of each output, about.
float summands(const parameter_entry& entry) {
    return static_cast<float>(entry.size / entry.extents[entry.rank - 1]);
}

template <class Net>
void write(const std::filesystem::path& folder, const std::string& name) {
    const auto w = std::make_unique<typename Net::parameters>();
    generator random(Net::fingerprint);
    for (const parameter_entry& entry : Net::parameter_table) {
        const float most = entry.rank == 1 ? 0.5f : std::sqrt(6.0f / summands(entry));
        const bool is_variance = entry.array == "moving_variance";
        for (std::size_t i = 0; i < entry.size; ++i)
            w->elements[entry.offset + i] =
                is_variance ? random.between(0.25f, 4.0f) : random.between(-most, most);
    }
    save_onnx(*w, folder / (name + ".onnx"));
    std::vector<typename Net::input> x(images);
    std::ofstream out(folder / (name + ".bin"), std::ios::binary);
    for (auto& image : x) {
        for (float& pixel : image) pixel = random.between(-2.0f, 3.0f);
        write(out, image);
    }
    for (const auto& image : x) write(out, Net::predict(*w, image));
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) return 1;
    const std::filesystem::path folder = arguments[1];
    write<lenet5>(folder, "lenet5");
    write<resnet>(folder, "resnet");
    write<mobilenet>(folder, "mobilenet");
    write<unet>(folder, "unet");
    write<squeeze>(folder, "squeeze");
    write<wave>(folder, "wave");
}
