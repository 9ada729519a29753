// Larger kernels, odd numbers of filters, and pooling along with the convolution.
#include "layers.hpp"

namespace bench {

using ctnn::conv2d, ctnn::kernel, ctnn::max_pool2d, ctnn::same, ctnn::shape, ctnn::stride,
    ctnn::window;

std::vector<layer> wide_convolutions() {
    return {
        of<shape<28, 28, 8>, conv2d<8, kernel<3, 5>>>("conv 3x5 8->8 at 28x28"),
        of<shape<28, 28, 1>, conv2d<6, kernel<5, 5>, same>>(
            "conv 5x5 1->6 at 28x28, same (LeNet-5)"),
        of<shape<28, 28, 1>, conv2d<8, kernel<5, 5>>>("conv 5x5 1->8 at 28x28"),
        of<shape<14, 14, 6>, conv2d<16, kernel<5, 5>>>("conv 5x5 6->16 at 14x14 (LeNet-5)"),
        of<shape<16, 16, 8>, conv2d<3, kernel<5, 5>, same>>("conv 5x5 8->3 at 16x16, same"),
        of<shape<16, 16, 8>, conv2d<7, kernel<5, 5>, same>>("conv 5x5 8->7 at 16x16, same"),
        of<shape<16, 16, 7>, conv2d<10, kernel<5, 5>, same>>("conv 5x5 7->10 at 16x16, same"),
        of<shape<16, 16, 10>, conv2d<17, kernel<5, 5>, same>>("conv 5x5 10->17 at 16x16, same"),
        of<shape<32, 32, 3>, conv2d<16, kernel<7, 7>, same>>("conv 7x7 3->16 at 32x32, same"),
        of<shape<32, 32, 3>, conv2d<16, kernel<7, 7>, stride<2, 2>, same>>(
            "conv 7x7 3->16 at 32x32, same, stride 2"),
        of_pooled<shape<28, 28, 16>, conv2d<16, kernel<3, 3>, same>, max_pool2d<window<7, 7>>>(
            "conv 3x3 16->16 at 28x28, same, max 7x7"),
    };
}

}  // namespace bench
