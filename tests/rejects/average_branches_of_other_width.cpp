// EXPECT: ctnn::network: every branch must have the shape of the first one
// NUMBERS: 8 == 6
#include <ctnn/ctnn.hpp>

using net =
    ctnn::network<ctnn::shape<8, 8, 4>,
#ifdef CORRECTED
                  ctnn::average<ctnn::conv2d<4, ctnn::kernel<3, 3>, ctnn::same>, ctnn::sequence<>>,
#else
                  ctnn::average<ctnn::conv2d<4, ctnn::kernel<1, 3>>, ctnn::sequence<>>,
#endif
                  ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
