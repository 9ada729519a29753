// Whether convolutions in bytes give the bytes of their definition on this processor: random layers,
// and the extremes.
#include "board.hpp"

#include "../../tests/quantization/random_convolution.hpp"

#include <ctnn/quantization/int8_loops.hpp>

#include <cstddef>

int run() {
    using ctnn::detail::convolution;
    std::size_t different = 0, layers = 0;
    random_convolution::for_each_shape([&]<convolution Conv>() {
        using loops = ctnn::detail::int8_strip_loops_of<Conv>;
        different += random_convolution::differences<Conv, loops, ctnn::rounding::tflite>();
        different += random_convolution::differences<Conv, loops, ctnn::rounding::tflite_micro>();
        ++layers;
    });
    board::write_number(layers);
    board::write(" layers, ");
    board::write_number(different);
    board::write(" bytes differ\n");
    return different == 0 ? 0 : 1;
}
