// EXPECT: ctnn::conv2d: the kernel must be at most as tall as its padded input
// NUMBERS: 5 <= 4
#include <ctnn/ctnn.hpp>

#ifdef CORRECTED
using first =
    ctnn::network<ctnn::shape<28, 28, 1>, ctnn::conv2d<8, ctnn::kernel<5, 5>>, ctnn::relu>;
#else
using first = ctnn::network<ctnn::shape<4, 28, 1>, ctnn::conv2d<8, ctnn::kernel<5, 5>>, ctnn::relu>;
#endif
using net = ctnn::network<first::input_shape, first, ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
