// EXPECT: ctnn::fit: the learning rate must be given to the optimizer: adam<net> o{{.learning_rate = 1e-3}}
#include <ctnn/training.hpp>

using net = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::flatten, ctnn::dense<3>, ctnn::softmax>;

int main() {
    ctnn::dataset<net::input> data;
    net::parameters w{};
#ifdef CORRECTED
    ctnn::adam<net> optimizer{{.learning_rate = 0.1}};
    ctnn::fit(w, optimizer, data, {.epochs = 2});
#else
    ctnn::adam<net> optimizer;
    ctnn::fit(w, optimizer, data, {.epochs = 2, .lr = 0.1});
#endif
}
