// EXPECT: ctnn::conv2d: the kernel must be at most as tall as its padded input
// EXPECT: ctnn::conv2d<16, ctnn::kernel<5, 5>>::on<ctnn::shape<3, 3, 6>>
// NUMBERS: 5 <= 3
#include <ctnn/ctnn.hpp>

using net = ctnn::network<
    ctnn::shape<28, 28, 1>, ctnn::conv2d<6, ctnn::kernel<5, 5>, ctnn::same>, ctnn::relu,
#ifdef CORRECTED
    ctnn::max_pool2d<ctnn::window<2, 2>>,
#else
    ctnn::max_pool2d<ctnn::window<8, 8>>,
#endif
    ctnn::conv2d<16, ctnn::kernel<5, 5>>, ctnn::relu, ctnn::max_pool2d<ctnn::window<2, 2>>,
    ctnn::conv2d<32, ctnn::kernel<3, 3>>, ctnn::relu, ctnn::flatten, ctnn::dense<120>, ctnn::relu,
    ctnn::dense<84>, ctnn::relu, ctnn::dense<10>, ctnn::softmax>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
