// Image classification in bytes: what ResNet-8 says about each picture, which gets a frame of zeros.
#include "board.hpp"
#include "mlperf_tiny/networks.hpp"

#include <ctnn/quantization.hpp>

#include "resnet8_int8.hpp"  // the weights, and
#include "ten_pictures.hpp"  // what to look at: written by export_header, both stay in flash

#include <cstddef>
#include <cstdint>
#include <iterator>

int run() {
    using net =
        ctnn::quantized<ctnn::folded<mlperf_tiny::resnet8_fashion>, ctnn::rounding::tflite_micro>;
    static net::workspace scratch;  // all that a prediction needs: net::workspace_bytes
    static net::input x;            // a byte is 256 times the number, less 128
    for (std::int8_t& pixel : x) pixel = -128;
    std::uint32_t spent = 0;
    for (std::size_t n = 0; n < std::size(ten_pictures); ++n) {
        for (std::size_t i = 0; i < 28 * 28; ++i)
            x(i / 28 + 2, i % 28 + 2, 0) = static_cast<std::int8_t>(ten_pictures[n][i] - 128);
        const std::uint32_t before = board::instructions();
        const net::output p = net::predict(resnet8_int8, x, scratch);
        spent = board::instructions() - before;
        board::write("class ");
        board::write_number(p.argmax());
        board::write(", label ");
        board::write_number(ten_pictures_labels[n]);
        board::write("\n");
    }
    board::write_instructions(spent);
    return 0;
}
