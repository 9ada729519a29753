// EXPECT: ctnn::conv2d: the kernel must be at most as tall as its padded input
// NUMBERS: 9 <= 8
#include <ctnn/ctnn.hpp>

using net = ctnn::network<
    ctnn::shape<8, 8, 4>,
#ifdef CORRECTED
    ctnn::add<ctnn::sequence<ctnn::relu, ctnn::conv2d<4, ctnn::kernel<3, 3>, ctnn::same>>,
              ctnn::sequence<>>,
#else
    ctnn::add<ctnn::sequence<ctnn::relu, ctnn::conv2d<4, ctnn::kernel<9, 3>>>, ctnn::sequence<>>,
#endif
    ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
