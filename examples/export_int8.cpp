// From the training to firmware without floats: a trained network in bytes, as a C++ header.
#include "command_line.hpp"
#include "lenet5.hpp"
#include "mlperf_tiny/sounds.hpp"

#include <ctnn/io.hpp>
#include <ctnn/quantization.hpp>
#include <ctnn/training.hpp>

#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

struct arguments {
    std::string from, to, images, network = "lenet5";
};

/// By the rules for processors without floats.
template <class Network>
void export_bytes(const arguments& a, const ctnn::parameters<Network>& w,
                  const std::vector<typename Network::input>& images) {
    const std::filesystem::path from = a.from, to = a.to;
    ctnn::write_header(ctnn::quantize<ctnn::rounding::tflite_micro>(w, images), to,
                       {.name = to.stem().string(), .comment = "From " + from.filename().string()});
}

void run(const arguments& a) {
    if (a.network == "lenet5") {
        const auto w = std::make_unique<lenet5::parameters>();
        ctnn::load(*w, a.from);
        export_bytes(a, *w, ctnn::read_mnist_part<lenet5::input>(a.images, "t10k").inputs);
    } else if (a.network == "ds_cnn") {
        using net = ctnn::folded<mlperf_tiny::ds_cnn>;
        const auto w = std::make_unique<net::parameters>();
        ctnn::load(*w, a.from);
        mlperf_tiny::sound_maker maker(1);
        export_bytes(a, *w, maker.make(120).inputs);
    } else {  // as it is before it has learnt anything
        using net = ctnn::folded<mlperf_tiny::resnet8>;
        const auto w = std::make_unique<net::parameters>();
        ctnn::initialize(*w, ctnn::he_normal{.seed = 1});
        std::vector<net::input> images(4);
        std::mt19937 random(1);
        for (auto& image : images)
            for (float& pixel : image) pixel = static_cast<float>(random() % 256) / 255.0f;
        export_bytes(a, *w, images);
    }
}

}  // namespace

int main(int argc, char** argv) {
    command_line line("Writes a C++ header with a network's parameters in bytes.");
    arguments a;
    line.add_path("from", a.from, ".safetensors file; resnet8 begins at random",
                  command_line::presence::required);
    line.add_path("to", a.to, "the header", command_line::presence::required);
    line.add_path("--images", a.images, "a folder with pictures: how large values are on these");
    line.add_choice("--network", a.network, {"lenet5", "ds_cnn", "resnet8"},
                    "whose weights they are");
    return line.run(argc, argv, [&] {
        ctnn::require_writable(a.to);
        run(a);
    });
}
