// Writes parameters in bytes as headers, by both sets of rules, for int8_header_compiled.cpp.
#include <ctnn/io.hpp>

#include "support/int8_networks.hpp"

#include <string>

int main(int, char** argv) {
    using int8_networks::all_kinds;
    const auto w = int8_networks::random_weights<all_kinds>(3);
    const auto images = int8_networks::random_images<all_kinds>(10, 4);
    const auto q = ctnn::quantize(w, images);
    const auto micro = ctnn::quantize<ctnn::rounding::tflite_micro>(w, images);
    ctnn::save(q, argv[3]);  // not computed again: another compiler may round otherwise
    ctnn::save(micro, argv[4]);
    ctnn::write_header(q, argv[1],
                       {.name = "bytes", .name_space = "numbers", .comment = "Random numbers."});
    ctnn::write_header(micro, argv[2], {.name = "micro_bytes"});
}
