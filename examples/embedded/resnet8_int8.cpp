// Image classification in bytes: what ResNet-8 says of pictures. It has learnt nothing; what counts is
// what it takes.
#include "board.hpp"
#include "mlperf_tiny/networks.hpp"

#include <ctnn/quantization.hpp>

#include "resnet8_int8.hpp"  // the weights: written by export_int8, they stay in flash

#include <cstddef>
#include <cstdint>
#include <iterator>

int run() {
    using net = ctnn::quantized<ctnn::folded<mlperf_tiny::resnet8>, ctnn::rounding::tflite_micro>;
    static net::workspace scratch;  // all that a prediction needs: net::workspace_bytes
    static net::input x;            // a byte is 256 times the number, less 128
    std::uint32_t spent = 0;
    std::uint32_t random = 1;
    constexpr std::size_t pictures = 3;
    for (std::size_t n = 0; n < pictures; ++n) {
        for (std::int8_t& pixel : x) {
            random = random * 1664525 + 1013904223;
            pixel = static_cast<std::int8_t>(random >> 24);
        }
        const std::uint32_t before = board::instructions();
        const net::output p = net::predict(resnet8_int8, x, scratch);
        spent = board::instructions() - before;
        board::write("class ");
        board::write_number(p.argmax());
        board::write(", byte ");
        board::write_number(static_cast<std::size_t>(p[p.argmax()] + 128));
        board::write("\n");
    }
    board::write_instructions(spent);
    return 0;
}
