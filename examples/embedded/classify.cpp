// Inference: what the network says about each picture, and how sure it is.
#include "board.hpp"
#include "lenet5.hpp"

#include "lenet5_fashion.hpp"  // the weights, and
#include "ten_pictures.hpp"    // what to look at: written by export_header, both stay in flash

#include <cstddef>
#include <cstdint>
#include <iterator>

int run() {
    static lenet5::workspace scratch;  // all that a prediction needs: lenet5::workspace_bytes
    std::uint32_t spent = 0;
    for (std::size_t n = 0; n < std::size(ten_pictures); ++n) {
        const lenet5::input x = scaled(ten_pictures[n]);
        const std::uint32_t before = board::instructions();
        const lenet5::output p = lenet5::predict(lenet5_fashion, x, scratch);
        spent = board::instructions() - before;
        const std::size_t said = argmax(p);
        board::write("class ");
        board::write_number(said);
        board::write(", probability ");
        board::write_fixed(p[said]);
        board::write(", label ");
        board::write_number(ten_pictures_labels[n]);
        board::write("\n");
    }
    board::write_instructions(spent);
    return 0;
}
