// EXPECT: ctnn: the shape of the images must be the network's input_shape
// NUMBERS: 5 == 4
#include <ctnn/training.hpp>

#include <vector>

using net = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::flatten, ctnn::dense<3>, ctnn::softmax>;
#ifdef CORRECTED
using image = net::input;
#else
using image = ctnn::tensor<ctnn::shape<5, 4, 1>>;
#endif

int main() {
    net::parameters w{};
    ctnn::sgd<net> optimizer;
    ctnn::train_step(w, optimizer, std::vector<image>(3), std::vector<int>(3));
}
