// EXPECT: ctnn::binary_crossentropy: the last layer must be sigmoid; add it, or name another loss
#include <ctnn/training.hpp>

#ifdef CORRECTED
using net = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::flatten, ctnn::dense<1>, ctnn::sigmoid>;
#else
using net = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::flatten, ctnn::dense<1>>;
#endif

int main() {
    ctnn::dataset<net::input> data;
    net::parameters w{};
    ctnn::sgd<net> optimizer;
    ctnn::fit<ctnn::binary_crossentropy>(w, optimizer, data);
}
