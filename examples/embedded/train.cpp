// Training on the board itself. Say its camera gives negatives, black on white, which the network
// has never seen: starting from the weights in flash, it learns them by gradient descent. Fails
// unless the loss falls.
#include "board.hpp"
#include "lenet5.hpp"

#include "lenet5_fashion.hpp"  // the weights, and
#include "ten_pictures.hpp"    // what to look at: written by export_header, both stay in flash

#include <ctnn/training/backpropagation.hpp>
#include <ctnn/training/losses.hpp>
#include <ctnn/training/optimizers.hpp>
#include <ctnn/training/trainer_bytes.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace {

using crossentropy = ctnn::sparse_categorical_crossentropy;
using loss = crossentropy::on<lenet5>;
static_assert(ctnn::trainer_bytes<lenet5, crossentropy, ctnn::sgd<lenet5>> < 800'000);  // of RAM

// One image's way forward and back, and three times the parameters: weights, gradients, velocities.
// All is zero at first, also the learning rate, so that none of it takes flash.
ctnn::backpropagation<lenet5, float, loss::leaves> pass;
lenet5::parameters w, d_w;
constinit ctnn::sgd<lenet5> optimizer{{.learning_rate = 0.0}};

/// Adds `share` times the gradient of the loss of picture n to d_w; returns the loss.
float learn(std::size_t n, float share) {
    pass.x = scaled(ten_pictures[n]);
    for (float& pixel : pass.x) pixel = 1.0f - pixel;
    pass.forward(w);
    lenet5::output target;
    for (std::size_t c = 0; c < target.size(); ++c)
        target[c] = loss::target(ten_pictures_labels[n], c);
    const ctnn::tensor_view<lenet5::output_shape, const float> t(target);
    const float value = loss::evaluate(pass.output(), t, pass.d_output());
    for (float& d : pass.d_output()) d *= share;
    pass.backward(w, d_w);
    return value;
}

}  // namespace

int run() {
    std::ranges::copy(lenet5::weights(lenet5_fashion).values(), w.elements);
    optimizer.options.learning_rate = 0.005;
    constexpr float share = 1.0f / std::size(ten_pictures);
    float first = 0.0f, last = 0.0f;
    for (std::size_t step = 0; step < 4; ++step) {
        std::ranges::fill(d_w.elements, 0.0f);
        last = 0.0f;
        for (std::size_t n = 0; n < std::size(ten_pictures); ++n) last += share * learn(n, share);
        optimizer.update(w, d_w);
        if (step == 0) first = last;
        board::write("step ");
        board::write_number(step);
        board::write(", loss ");
        board::write_fixed(last);
        board::write("\n");
    }
    return last < first ? 0 : 1;
}
