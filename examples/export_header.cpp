// From the training to the firmware: writes LeNet-5's weights, or test images, as C++ headers.
#include "command_line.hpp"
#include "lenet5.hpp"

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
    std::string from, to, name;
    bool pictures = false;
};

void export_weights(const arguments& a) {
    const auto w = std::make_unique<lenet5::parameters>();
    ctnn::load(*w, a.from);
    ctnn::write_header(
        *w, a.to,
        {.name = a.name, .comment = "From " + std::filesystem::path(a.from).filename().string()});
}

/// Two arrays of bytes, NAME[count][pixels] and NAME_labels[count].
void export_pictures(const arguments& a) {
    const auto may_follow = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
    if (std::isdigit(static_cast<unsigned char>(a.name[0])) != 0 ||
        !std::all_of(a.name.begin(), a.name.end(), may_follow))
        throw std::runtime_error("--name: must be a C++ identifier, found '" + a.name + "'");
    const auto test = ctnn::read_mnist_part<lenet5::input>(a.from, "t10k");
    if (test.size() == 0)
        throw std::runtime_error(a.from + ": the test images must be at least 1, found 0");
    const std::string count = std::to_string(test.size());
    const std::string constant = "inline constexpr std::uint8_t " + a.name;
    std::string text =
        "// Images and their labels. Written by export_header.\n// clang-format off\n"
        "#pragma once\n\n"
        "#include <cstdint>\n\n" +
        constant + "[" + count + "][" + std::to_string(lenet5::input_shape::size) + "]{";
    for (const lenet5::input& x : test.inputs) {
        text += "\n    {";
        for (std::size_t i = 0; i < x.size(); ++i)
            text += (i == 0        ? ""
                     : i % 28 == 0 ? ",\n     "
                                   : ",") +
                    std::to_string(std::lround(x[i] * 255.0f));
        text += "},";
    }
    text += "\n};\n" + constant + "_labels[" + count + "]{";
    for (const ctnn::class_label label : test.targets) text += std::to_string(label) + ",";
    text += "};\n";
    std::ofstream out(a.to);
    out << text << std::flush;
    if (!out) throw std::runtime_error(a.to + ": cannot be written");
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Writes a C++ header with LeNet-5's weights, or with test images.");
    arguments a;
    add_path(app, "from", a.from, ".safetensors file; with --pictures a folder")->required();
    add_path(app, "to", a.to, "the header")->required();
    add_path(app, "--name", a.name, "of the constant (default: the header's name)");
    app.add_flag("--pictures", a.pictures, "export MNIST's pair of test files from the folder");
    return run_program(app, argc, argv, [&] {
        if (a.name.empty()) a.name = std::filesystem::path(a.to).stem().string();
        ctnn::require_writable(a.to);
        a.pictures ? export_pictures(a) : export_weights(a);
    });
}
