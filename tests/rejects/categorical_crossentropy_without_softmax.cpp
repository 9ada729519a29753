// EXPECT: ctnn::categorical_crossentropy: the last layer must be softmax; add it, or name another loss
#include <ctnn/training.hpp>

#ifdef CORRECTED
using net = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::flatten, ctnn::dense<3>, ctnn::softmax>;
#else
using net = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::flatten, ctnn::dense<3>, ctnn::relu>;
#endif

int main() {
    ctnn::dataset<net::input> data;
    net::parameters w{};
    ctnn::sgd<net> optimizer;
    ctnn::fit<ctnn::categorical_crossentropy>(w, optimizer, data);
}
