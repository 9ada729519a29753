// EXPECT: ctnn::fit: .validation must be a dataset of the training data's type, or a pointer to one
#include <ctnn/training.hpp>

using net = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::flatten, ctnn::dense<3>, ctnn::softmax>;

int main() {
    ctnn::dataset<net::input> train;
    net::parameters w{};
    ctnn::sgd<net> optimizer;
#ifdef CORRECTED
    ctnn::dataset<net::input> test;
#else
    ctnn::dataset<net::input, unsigned char> test;
#endif
    ctnn::fit(w, optimizer, train, {.validation = &test});
}
