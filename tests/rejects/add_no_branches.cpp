// EXPECT: ctnn::network: the branches that meet must be at least 2
// NUMBERS: 2 <= 0
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 4>,
#ifdef CORRECTED
                          ctnn::add<ctnn::relu, ctnn::sequence<>>,
#else
                          ctnn::add<>,
#endif
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
