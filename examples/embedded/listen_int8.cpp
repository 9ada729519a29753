// Keyword spotting in bytes: what DS-CNN says of twelve sounds.
#include "board.hpp"
#include "mlperf_tiny/networks.hpp"

#include <ctnn/quantization.hpp>

#include "ds_cnn_int8.hpp"    // the weights, and
#include "twelve_sounds.hpp"  // what to listen to: written by export_header, both stay in flash

#include <cstddef>
#include <cstdint>
#include <iterator>

int run() {
    using net = ctnn::quantized<ctnn::folded<mlperf_tiny::ds_cnn>, ctnn::rounding::tflite_micro>;
    static net::workspace scratch;  // all that a prediction needs: net::workspace_bytes
    static net::input x;            // a byte is 256 times the number, less 128
    std::uint32_t spent = 0;
    for (std::size_t n = 0; n < std::size(twelve_sounds); ++n) {
        for (std::size_t i = 0; i < x.size(); ++i)
            x[i] = static_cast<std::int8_t>(twelve_sounds[n][i] - 128);
        const std::uint32_t before = board::instructions();
        const net::output p = net::predict(ds_cnn_int8, x, scratch);
        spent = board::instructions() - before;
        board::write("class ");
        board::write_number(p.argmax());
        board::write(", label ");
        board::write_number(twelve_sounds_labels[n]);
        board::write("\n");
    }
    board::write_instructions(spent);
    return 0;
}
