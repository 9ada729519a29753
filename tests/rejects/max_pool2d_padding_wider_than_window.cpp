// EXPECT: ctnn::max_pool2d: the padding must be less than the window
// NUMBERS: 3 < 2
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 6>,
#ifdef CORRECTED
                          ctnn::max_pool2d<ctnn::window<2, 2>, ctnn::padding<1, 1, 0, 1>>,
#else
                          ctnn::max_pool2d<ctnn::window<2, 2>, ctnn::padding<1, 1, 0, 3>>,
#endif
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
