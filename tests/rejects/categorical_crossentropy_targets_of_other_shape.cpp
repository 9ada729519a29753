// EXPECT: ctnn: the shape of the targets must be the network's output_shape
// NUMBERS: 4 == 3
#include <ctnn/training.hpp>

#ifdef CORRECTED
using target = ctnn::tensor<ctnn::features<3>>;
#else
using target = ctnn::tensor<ctnn::features<4>>;
#endif

int main() {
    using net = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::flatten, ctnn::dense<3>, ctnn::softmax>;
    ctnn::dataset<net::input, target> data;
    net::parameters w{};
    ctnn::evaluate<ctnn::categorical_crossentropy>(w, data);
}
