// The networks of bench/int8 as ONNX files, with weights drawn at random, for other programs to time:
// `save_onnx FOLDER`.
#include "../examples/lenet5.hpp"
#include "../examples/mlperf_tiny/networks.hpp"

#include <ctnn/io.hpp>
#include <ctnn/training.hpp>

#include <cstdio>
#include <exception>
#include <memory>
#include <string>

namespace {

template <class Network>
void save(const std::string& file) {
    const auto w = std::make_unique<typename Network::parameters>();
    ctnn::initialize(*w, ctnn::he_normal{.seed = 1});
    ctnn::save_onnx(ctnn::fold(*w), file);
    std::printf("%s\n", file.c_str());
}

}  // namespace

int main(int argc, char** argv) try {
    const std::string folder = argc > 1 ? argv[1] : ".";
    save<lenet5>(folder + "/lenet5.onnx");
    save<mlperf_tiny::ds_cnn>(folder + "/ds_cnn.onnx");
    save<mlperf_tiny::resnet8>(folder + "/resnet8.onnx");
    save<mlperf_tiny::mobilenet>(folder + "/mobilenet.onnx");
} catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
