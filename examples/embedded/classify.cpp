// Inference: what the network says about each picture, and how sure it is.
#include "board.hpp"
#include "lenet5.hpp"

#include "ten.hpp"      // the pictures and their labels, and
#include "trained.hpp"  // the weights: written by export_header, both stay in flash

int run() {
    static lenet5::workspace scratch;  // all that a prediction needs: lenet5::workspace_bytes
    for (std::size_t n = 0; n < std::size(ten); ++n) {
        const lenet5::input x = scaled(ten[n]);
        const lenet5::output p = lenet5::predict(trained, x, scratch);
        const std::size_t said = argmax(p);
        board::write("class ");
        board::write_number(said);
        board::write(", probability ");
        board::write_fixed(p[said]);
        board::write(", label ");
        board::write_number(ten_labels[n]);
        board::write("\n");
    }
    return 0;
}
