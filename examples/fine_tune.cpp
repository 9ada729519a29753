// A trained LeNet-5 whose weights shall have few bits: what quantizing at once loses, and training
// on with rounded numbers regains.
#include "command_line.hpp"
#include "lenet5.hpp"
#include "pictures.hpp"

#include <ctnn/io.hpp>
#include <ctnn/quantization.hpp>
#include <ctnn/training.hpp>

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <memory>
#include <span>
#include <string>

namespace {

constexpr int weight_bits = 4;
using int8 = ctnn::quantized<lenet5>;
using aware = ctnn::quantization_aware<lenet5, weight_bits>;

struct arguments {
    std::string weights = trained_weights, data = fashion_mnist(), save, header;
    std::string name = "lenet5_int8";
    std::size_t epochs = 5, images = 1000;
    float learning_rate = 1e-4f;
};

void print_accuracy(const char* what, const int8::parameters& q,
                    const ctnn::dataset<lenet5::input>& test) {
    std::size_t right = 0;
    for (std::size_t n = 0; n < test.size(); ++n)
        right +=
            int8::predict(q, test.inputs[n]).argmax() == static_cast<std::size_t>(test.targets[n]);
    std::cout << what << static_cast<double>(right) / static_cast<double>(test.size()) << '\n';
}

void fine_tune(const arguments& a) {
    for (const std::string& file : {a.save, a.header})
        if (!file.empty()) ctnn::require_writable(file);
    const auto w = std::make_unique<lenet5::parameters>();
    ctnn::load(*w, a.weights);
    expect_folder(a.data);
    const auto data = ctnn::read_mnist<lenet5::input>(a.data);
    const auto& [train, test] = data;
    const std::span<const lenet5::input> some(train.inputs.data(),
                                              std::min(a.images, train.size()));
    std::cout << test.size() << " test images, weights of " << weight_bits
              << " bits: accuracy with floats " << ctnn::evaluate(*w, test).accuracy << '\n';

    const auto rounded =
        std::make_unique<aware::parameters>(ctnn::make_quantization_aware<weight_bits>(*w, some));
    const auto q = std::make_unique<int8::parameters>(ctnn::quantize(*rounded));
    print_accuracy("with bytes at once ", *q, test);

    const auto optimizer =
        std::make_unique<ctnn::adam<aware>>(ctnn::adam_options{.learning_rate = a.learning_rate});
    ctnn::fit(*rounded, *optimizer, train, {.epochs = a.epochs, .progress = true});
    *q = ctnn::quantize(*rounded);
    std::cout << "after " << a.epochs << " epochs " << ctnn::evaluate(*rounded, test).accuracy
              << " as it was trained, ";
    print_accuracy("with bytes ", *q, test);
    if (!a.save.empty()) ctnn::save(*q, a.save);
    if (!a.header.empty()) ctnn::write_header(*q, a.header, {.name = a.name});
}

}  // namespace

int main(int argc, char** argv) {
    command_line line("Trains a LeNet-5 on until its weights need few bits.");
    arguments a;
    line.add_path("weights", a.weights, ".safetensors of float weights");
    line.add_path("--data", a.data, "folder with MNIST's four files, plain or .gz");
    line.add_number("--images", a.images, 1, 1'000'000, "training images whose ranges count");
    line.add_number("--epochs", a.epochs, 1, 1000, "over all training images");
    line.add_number("--learning-rate", a.learning_rate, 0.0f, 1.0f, "of Adam");
    line.add_path("--save", a.save, "write the result as .safetensors");
    line.add_path("--header", a.header, "write it as a C++ header");
    line.add_path("--name", a.name, "of the constant in the header");
    return line.run(argc, argv, [&] { fine_tune(a); });
}
