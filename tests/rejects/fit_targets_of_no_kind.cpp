// EXPECT: ctnn: the targets must be whole numbers (labels) or tensors of the output_shape
#include <ctnn/training.hpp>

using net = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::flatten, ctnn::dense<3>, ctnn::softmax>;
#ifdef CORRECTED
using target = unsigned char;
#else
using target = float;
#endif

int main() {
    ctnn::dataset<net::input, target> data;
    net::parameters w{};
    ctnn::sgd<net> optimizer;
    ctnn::fit(w, optimizer, data);
}
