// EXPECT: ctnn: the optimizer must be made for the network whose parameters it trains
// EXPECT: ctnn::dense<4>
// EXPECT: ctnn::dense<3>
#include <ctnn/training.hpp>

using net = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::flatten, ctnn::dense<3>, ctnn::softmax>;
using other = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::flatten, ctnn::dense<4>, ctnn::softmax>;

int main() {
    ctnn::dataset<net::input> data;
    net::parameters w{};
#ifdef CORRECTED
    ctnn::sgd<net> optimizer;
#else
    ctnn::sgd<other> optimizer;
#endif
    ctnn::fit(w, optimizer, data);
    ctnn::train_step(w, optimizer, data.inputs, data.targets);
}
