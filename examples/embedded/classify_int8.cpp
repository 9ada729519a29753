// Inference in bytes: what the network says about each picture. Integers alone, a quarter of the
// flash.
#include "board.hpp"
#include "lenet5.hpp"

#include <ctnn/quantization.hpp>

#include "lenet5_int8.hpp"   // the weights, and
#include "ten_pictures.hpp"  // what to look at: written by export_header, both stay in flash

#include <cstddef>
#include <cstdint>
#include <iterator>

int run() {
    using net = ctnn::quantized<lenet5, ctnn::rounding::tflite_micro>;
    static net::workspace scratch;  // all that a prediction needs: net::workspace_bytes
    static net::input x;            // a byte is 256 times the number, less 128
    std::uint32_t spent = 0;
    for (std::size_t n = 0; n < std::size(ten_pictures); ++n) {
        for (std::size_t i = 0; i < x.size(); ++i)
            x[i] = static_cast<std::int8_t>(ten_pictures[n][i] - 128);
        const std::uint32_t before = board::instructions();
        const net::output p = net::predict(lenet5_int8, x, scratch);
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
