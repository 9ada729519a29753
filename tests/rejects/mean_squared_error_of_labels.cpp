// EXPECT: ctnn::mean_squared_error: the targets must be tensors of the network's output_shape, not labels
#include <ctnn/training.hpp>

#ifdef CORRECTED
using target = ctnn::tensor<ctnn::features<3>>;
#else
using target = ctnn::class_label;
#endif

int main() {
    using net = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::flatten, ctnn::dense<3>>;
    ctnn::dataset<net::input, target> data;
    net::parameters w{};
    ctnn::sgd<net> optimizer;
    ctnn::fit<ctnn::mean_squared_error>(w, optimizer, data);
}
