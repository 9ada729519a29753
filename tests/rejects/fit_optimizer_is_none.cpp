// EXPECT: ctnn: the optimizer must have update(parameters& w, const parameters& d_w)
#include <ctnn/training.hpp>

using net = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::flatten, ctnn::dense<3>, ctnn::softmax>;

int main() {
    ctnn::dataset<net::input> data;
    net::parameters w{};
#ifdef CORRECTED
    ctnn::sgd<net> optimizer;
#else
    ctnn::sgd_options optimizer;
#endif
    ctnn::fit(w, optimizer, data);
}
