// From the training to the firmware: writes weights, or what to try them on, as C++ headers.
#include "command_line.hpp"
#include "lenet5.hpp"
#include "mlperf_tiny/sounds.hpp"

#include <ctnn/io.hpp>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

namespace {

struct arguments {
    std::string from, to, name, network = "lenet5";
    bool pictures = false, sounds = false;
};

template <class Network>
void export_weights(const arguments& a) {
    const auto w = std::make_unique<typename Network::parameters>();
    ctnn::load(*w, a.from);
    ctnn::write_header(
        *w, a.to,
        {.name = a.name, .comment = "From " + std::filesystem::path(a.from).filename().string()});
}

/// Two arrays of bytes, NAME[count][numbers] and NAME_labels[count]; `columns` numbers a line.
template <class Input>
void export_bytes(const arguments& a, const ctnn::dataset<Input>& data, std::size_t columns) {
    const auto may_follow = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
    if (std::isdigit(static_cast<unsigned char>(a.name[0])) != 0 ||
        !std::all_of(a.name.begin(), a.name.end(), may_follow))
        throw std::runtime_error("--name: must be a C++ identifier, found '" + a.name + "'");
    const std::string count = std::to_string(data.size());
    const std::string constant = "inline constexpr std::uint8_t " + a.name;
    std::string text =
        "// Inputs and their labels. Written by export_header.\n// clang-format off\n"
        "#pragma once\n\n"
        "#include <cstdint>\n\n" +
        constant + "[" + count + "][" + std::to_string(Input::size()) + "]{";
    for (const Input& x : data.inputs) {
        text += "\n    {";
        for (std::size_t i = 0; i < x.size(); ++i)
            text += (i == 0             ? ""
                     : i % columns == 0 ? ",\n     "
                                        : ",") +
                    std::to_string(std::lround(x[i] * 255.0f));
        text += "},";
    }
    text += "\n};\n" + constant + "_labels[" + count + "]{";
    for (const ctnn::class_label label : data.targets) text += std::to_string(label) + ",";
    text += "};\n";
    std::ofstream out(a.to);
    out << text << std::flush;
    if (!out) throw std::runtime_error(a.to + ": cannot be written");
}

void run(const arguments& a) {
    if (a.sounds) {
        mlperf_tiny::sound_maker maker(mlperf_tiny::sounds_to_test_with);
        return export_bytes(a, maker.make(mlperf_tiny::sound_names.size()), 10);
    }
    if (a.pictures) {
        const auto test = ctnn::read_mnist_part<lenet5::input>(a.from, "t10k");
        if (test.size() == 0)
            throw std::runtime_error(a.from + ": the test images must be at least 1, found 0");
        return export_bytes(a, test, 28);
    }
    a.network == "lenet5" ? export_weights<lenet5>(a)
                          : export_weights<ctnn::folded<mlperf_tiny::ds_cnn>>(a);
}

}  // namespace

int main(int argc, char** argv) {
    command_line line("Writes a C++ header with a network's weights, or with what to try it on.");
    arguments a;
    line.add_path("from", a.from, ".safetensors file; with --pictures a folder",
                  command_line::presence::required);
    line.add_path("to", a.to, "the header", command_line::presence::required);
    line.add_path("--name", a.name, "of the constant (default: the header's name)");
    line.add_choice("--network", a.network, {"lenet5", "ds_cnn"},
                    "whose weights they are; ds_cnn's are folded");
    line.add_flag("--pictures", a.pictures, "export MNIST's pair of test files from the folder");
    line.add_flag("--sounds", a.sounds,
                  "export one of each of DS-CNN's sounds; `from` is not read");
    return line.run(argc, argv, [&] {
        if (a.name.empty()) a.name = std::filesystem::path(a.to).stem().string();
        ctnn::require_writable(a.to);
        run(a);
    });
}
