// EXPECT: ctnn::concatenate: every branch must be as high and wide as the first one
// NUMBERS: 4 == 8
#include <ctnn/ctnn.hpp>

using net = ctnn::network<
    ctnn::shape<8, 8, 4>,
#ifdef CORRECTED
    ctnn::concatenate<ctnn::sequence<>, ctnn::conv2d<2, ctnn::kernel<3, 3>, ctnn::same>>,
#else
    ctnn::concatenate<ctnn::sequence<>, ctnn::max_pool2d<>>,
#endif
    ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
