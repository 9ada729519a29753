// EXPECT: ctnn::network: the branches that meet must be at least 2
// NUMBERS: 2 <= 1
#include <ctnn/ctnn.hpp>

#ifdef CORRECTED
using both = ctnn::average<ctnn::relu, ctnn::sequence<>>;
#else
using both = ctnn::average<ctnn::relu>;
#endif
using net = ctnn::network<ctnn::shape<8, 8, 4>, ctnn::residual<ctnn::sequence<ctnn::relu, both>>,
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
