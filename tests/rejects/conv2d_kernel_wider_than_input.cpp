// EXPECT: ctnn::conv2d: the kernel must be at most as wide as its padded input
// NUMBERS: 7 <= 6
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<28, 4, 1>,
#ifdef CORRECTED
                          ctnn::conv2d<16, ctnn::kernel<3, 7>, ctnn::padding<0, 2>>,
#else
                          ctnn::conv2d<16, ctnn::kernel<3, 7>, ctnn::padding<0, 1>>,
#endif
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
