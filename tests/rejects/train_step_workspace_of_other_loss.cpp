// EXPECT: ctnn::train_step: the workspace must be training_workspace<net, loss> of this network and loss
#include <ctnn/training.hpp>

using net = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::flatten, ctnn::dense<3>, ctnn::softmax>;
using loss = ctnn::mean_squared_error;

int main() {
    ctnn::dataset<net::input, net::output> data;
    net::parameters w{};
    ctnn::sgd<net> optimizer;
#ifdef CORRECTED
    static ctnn::training_workspace<net, loss> workspace;
#else
    static ctnn::training_workspace<net> workspace;
#endif
    ctnn::train_step<loss>(w, optimizer, data.inputs, data.targets, workspace);
}
