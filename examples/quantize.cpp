// A trained LeNet-5 in bytes: what that costs, layer by layer and in accuracy; the result as a file
// and as a header for firmware.
#include "command_line.hpp"
#include "lenet5.hpp"
#include "pictures.hpp"

#include <ctnn/io.hpp>
#include <ctnn/quantization.hpp>

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

namespace {

struct arguments {
    std::string weights = trained_weights, data = fashion_mnist(), save, header;
    std::string name = "lenet5_int8", rules = "tflite";
    ctnn::range_method range{};
    std::size_t images = 1000;
};

ctnn::range_method method_named(const std::string& name) {
    return name == "percentile"      ? ctnn::range_method::percentile
           : name == "least_squares" ? ctnn::range_method::least_squares
                                     : ctnn::range_method::min_max;
}

template <class Rounding>
void quantize(const arguments& a) {
    using int8 = ctnn::quantized<lenet5, Rounding>;
    for (const std::string& file : {a.save, a.header})
        if (!file.empty()) ctnn::require_writable(file);
    const auto w = std::make_unique<lenet5::parameters>();
    ctnn::load(*w, a.weights);
    expect_folder(a.data);
    const auto data = ctnn::read_mnist<lenet5::input>(a.data);
    const auto& [train, test] = data;
    const auto count = static_cast<double>(test.size());

    // Ranges are those on training images; accuracy is that on all test images.
    const std::span<const lenet5::input> some(train.inputs.data(),
                                              std::min(a.images, train.size()));
    ctnn::quantization_report report;
    const auto q = std::make_unique<typename int8::parameters>(
        ctnn::quantize<Rounding>(*w, some, {.range = a.range, .report = &report}));
    std::cout << report;

    std::size_t by_floats = 0, by_bytes = 0;
    for (std::size_t n = 0; n < test.size(); ++n) {
        const auto label = static_cast<std::size_t>(test.targets[n]);
        by_floats += lenet5::predict(*w, test.inputs[n]).argmax() == label;
        by_bytes += int8::predict(*q, test.inputs[n]).argmax() == label;
    }
    const auto share = [&](std::size_t right) { return static_cast<double>(right) / count; };
    std::cout << test.size() << " test images: accuracy " << share(by_floats) << " with floats, "
              << share(by_bytes) << " with bytes\n"
              << lenet5::parameter_count * sizeof(float) << " bytes of parameters -> "
              << sizeof(typename int8::parameters) << '\n';
    if (!a.save.empty()) ctnn::save(*q, a.save);
    if (!a.header.empty()) ctnn::write_header(*q, a.header, {.name = a.name});
}

}  // namespace

int main(int argc, char** argv) {
    command_line line("Quantizes a LeNet-5 that train_lenet5 has trained.");
    arguments a;
    line.add_path("weights", a.weights, ".safetensors of float weights");
    line.add_path("--data", a.data, "folder with MNIST's four files, plain or .gz");
    line.add_number("--images", a.images, 1, 1'000'000, "training images to look at");
    std::string range = "min_max";
    line.add_choice("--range", range, {"min_max", "percentile", "least_squares"},
                    "how ranges are chosen");
    line.add_choice("--rules", a.rules, {"tflite", "tflite_micro"}, "how sums are rounded");
    line.add_path("--save", a.save, "write the result as .safetensors");
    line.add_path("--header", a.header, "write it as a C++ header");
    line.add_path("--name", a.name, "of the constant in the header");
    return line.run(argc, argv, [&] {
        a.range = method_named(range);
        if (a.rules == "tflite")
            quantize<ctnn::rounding::tflite>(a);
        else
            quantize<ctnn::rounding::tflite_micro>(a);
    });
}
