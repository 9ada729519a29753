// Shows what a trained LeNet-5 sees: test images drawn as text, beside the ten probabilities.
#include "command_line.hpp"
#include "lenet5.hpp"
#include "pictures.hpp"

#include <ctnn/io.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

struct arguments {
    std::string weights = trained_weights, data = ten_pictures_folder;
    std::uint32_t first = 0, count = 10;
};

/// Two rows of pixels in one line of text: a character is twice as tall as it is wide.
std::string line_of(const lenet5::input& x, std::size_t line) {
    constexpr std::string_view shades = " .:-=+*#%@";
    std::string text;
    for (std::size_t column = 0; column < 28; ++column) {
        const float light = (x(2 * line, column, 0) + x(2 * line + 1, column, 0)) / 2.0f;
        text += shades[std::min<std::size_t>(9, static_cast<std::size_t>(light * 10.0f))];
    }
    return text;
}

void show(const lenet5::input& x, const lenet5::output& p, std::size_t label, std::size_t number,
          const std::array<const char*, 10>& names) {
    const std::size_t said = argmax(p);
    std::printf("image %zu: %s, and the network says %s%s\n", number, names[label], names[said],
                said == label ? "" : "  <- wrong");
    for (std::size_t line = 0; line < 14; ++line) {
        std::printf("  %s", line_of(x, line).c_str());
        if (line >= 2 && line < 12) {
            const std::size_t k = line - 2;
            const auto length = static_cast<std::size_t>(std::lround(p[k] * 30.0f));
            std::printf("  %-10s %5.1f %% %s", names[k], 100.0 * static_cast<double>(p[k]),
                        std::string(length, '#').c_str());
        }
        std::printf("\n");
    }
}

void run(const arguments& a) {
    const auto w = std::make_unique<lenet5::parameters>();
    ctnn::load(*w, a.weights);
    expect_folder(a.data);
    const auto test = ctnn::read_mnist_part<lenet5::input>(a.data, "t10k");
    if (a.first >= test.size())
        throw std::runtime_error("--first: must be below the number of test images, " +
                                 std::to_string(test.size()) + ", found " +
                                 std::to_string(a.first));

    const auto scratch = std::make_unique<lenet5::workspace>();
    std::size_t right = 0;
    const std::size_t last = a.first + std::min<std::size_t>(a.count, test.size() - a.first);
    for (std::size_t i = a.first; i < last; ++i) {
        const lenet5::output p = lenet5::predict(*w, test.inputs[i], *scratch);
        const auto label = static_cast<std::size_t>(test.targets[i]);
        right += p[label] == *std::max_element(p.begin(), p.end());
        show(test.inputs[i], p, label, i, class_names(a.data));
    }
    std::printf("%zu of %zu right\n", right, last - a.first);
}

}  // namespace

int main(int argc, char** argv) {
    command_line line("Classifies test images with the weights that train_lenet5 --save wrote.");
    arguments a;
    line.add_path("weights", a.weights, ".safetensors file");
    line.add_path("--data", a.data, "folder with MNIST's pair of test files, plain or .gz");
    line.add_number("--first", a.first, 0, UINT32_MAX, "number of the first image, from 0");
    line.add_number("--count", a.count, 1, UINT32_MAX, "how many images");
    return line.run(argc, argv, [&] { run(a); });
}
