// EXPECT: ctnn::categorical_crossentropy: the classes must be at least 2; use binary_crossentropy
// NUMBERS: 2 <= 1
#include <ctnn/training.hpp>

#ifdef CORRECTED
using net = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::flatten, ctnn::dense<2>, ctnn::softmax>;
#else
using net = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::flatten, ctnn::dense<1>, ctnn::softmax>;
#endif

int main() {
    ctnn::dataset<net::input> data;
    net::parameters w{};
    ctnn::sgd<net> optimizer;
    ctnn::evaluate<ctnn::categorical_crossentropy>(w, data);
}
