// EXPECT: ctnn::sparse_categorical_crossentropy (default): the last layer must be softmax; or fit<mean_squared_error>
#include <ctnn/training.hpp>

#ifdef CORRECTED
using net = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::flatten, ctnn::dense<3>, ctnn::softmax>;
#else
using net = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::flatten, ctnn::dense<1>>;
#endif

int main() {
    ctnn::dataset<net::input> data;
    net::parameters w{};
    ctnn::sgd<net> optimizer;
    ctnn::fit(w, optimizer, data);
}
