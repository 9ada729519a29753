// EXPECT: ctnn::binary_crossentropy: labels must be for 1 output; give targets of the output's shape
// NUMBERS: 5 == 1
#include <ctnn/training.hpp>

#ifdef CORRECTED
using net = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::flatten, ctnn::dense<1>, ctnn::sigmoid>;
#else
using net = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::flatten, ctnn::dense<5>, ctnn::sigmoid>;
#endif

int main() {
    ctnn::dataset<net::input> data;
    net::parameters w{};
    ctnn::sgd<net> optimizer;
    ctnn::fit<ctnn::binary_crossentropy>(w, optimizer, data);
}
