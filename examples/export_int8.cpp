// From the training to firmware without floats: a trained network in bytes, as a C++ header.
#include "command_line.hpp"
#include "lenet5.hpp"
#include "mlperf_tiny/framed.hpp"
#include "mlperf_tiny/sounds.hpp"

#include <ctnn/io.hpp>
#include <ctnn/quantization.hpp>

#include <filesystem>
#include <memory>
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
    } else {
        using net = ctnn::folded<mlperf_tiny::resnet8_fashion>;
        const auto w = std::make_unique<net::parameters>();
        ctnn::load(*w, a.from);
        const auto pictures = ctnn::read_mnist_part<mlperf_tiny::picture>(a.images, "t10k");
        export_bytes(a, *w, mlperf_tiny::framed(pictures.inputs));
    }
}

}  // namespace

int main(int argc, char** argv) {
    command_line line("Writes a C++ header with a network's parameters in bytes.");
    arguments a;
    line.add_path("from", a.from, ".safetensors file", command_line::presence::required);
    line.add_path("to", a.to, "the header", command_line::presence::required);
    line.add_path("--images", a.images,
                  "a folder with pictures (lenet5, resnet8): how large values are on these");
    line.add_choice("--network", a.network, {"lenet5", "ds_cnn", "resnet8"},
                    "whose weights they are");
    return line.run(argc, argv, [&] {
        ctnn::require_writable(a.to);
        run(a);
    });
}
