// EXPECT: ctnn::sparse_categorical_crossentropy: labels must be for an output of 1 pixel; give one-hot targets
// NUMBERS: 4 == 1
#include <ctnn/training.hpp>

#ifdef CORRECTED
using net = ctnn::network<ctnn::shape<2, 2, 1>, ctnn::flatten, ctnn::dense<3>, ctnn::softmax>;
#else
using net = ctnn::network<ctnn::shape<2, 2, 1>, ctnn::conv2d<3, ctnn::kernel<1, 1>>, ctnn::softmax>;
#endif

int main() {
    ctnn::dataset<net::input> data;
    net::parameters w{};
    ctnn::sgd<net> optimizer;
    ctnn::train_step(w, optimizer, data.inputs, data.targets);
}
