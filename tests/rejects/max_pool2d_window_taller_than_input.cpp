// EXPECT: ctnn::max_pool2d: the window must be at most as tall as its padded input
// EXPECT: ctnn::max_pool2d<ctnn::window<4, 4>>::on<ctnn::shape<3, 8, 6>>
// NUMBERS: 4 <= 3
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<3, 8, 6>,
#ifdef CORRECTED
                          ctnn::max_pool2d<ctnn::window<3, 4>>,
#else
                          ctnn::max_pool2d<ctnn::window<4, 4>>,
#endif
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
