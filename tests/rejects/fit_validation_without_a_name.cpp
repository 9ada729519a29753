// EXPECT: ctnn::fit: .validation must refer to a dataset that lives longer; give it a name
#include <ctnn/training.hpp>

using net = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::flatten, ctnn::dense<3>, ctnn::softmax>;
using data = ctnn::dataset<net::input>;

int main() {
    data train;
    net::parameters w{};
    ctnn::sgd<net> optimizer;
#ifdef CORRECTED
    const data test;
    ctnn::fit(w, optimizer, train, {.validation = test});
#else
    ctnn::fit(w, optimizer, train, {.validation = data{}});
#endif
}
