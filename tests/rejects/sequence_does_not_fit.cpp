// EXPECT: ctnn::conv2d: the kernel must be at most as tall as its padded input
// NUMBERS: 3 <= 2
#include <ctnn/ctnn.hpp>

using block = ctnn::sequence<ctnn::conv2d<8, ctnn::kernel<3, 3>>, ctnn::relu, ctnn::max_pool2d<>>;
using net = ctnn::network<ctnn::shape<14, 14, 1>,
#ifdef CORRECTED
                          block, block,
#else
                          block, block, block,
#endif
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
