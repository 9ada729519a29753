// EXPECT: ctnn::depthwise_conv2d: the kernel must be at most as tall as its padded input
// NUMBERS: 5 <= 3
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<3, 8, 6>,
#ifdef CORRECTED
                          ctnn::depthwise_conv2d<ctnn::kernel<3, 5>>,
#else
                          ctnn::depthwise_conv2d<ctnn::kernel<5, 5>>,
#endif
                          ctnn::relu, ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
