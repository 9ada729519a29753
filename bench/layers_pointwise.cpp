// 1x1 convolutions: every weight meets every pixel.
#include "layers.hpp"

namespace bench {

using ctnn::conv2d, ctnn::kernel, ctnn::shape, ctnn::stride;

std::vector<layer> pointwise_convolutions() {
    return {
        of<shape<28, 28, 16>, conv2d<16, kernel<1, 1>>>("conv 1x1 16->16 at 28x28"),
        of<shape<16, 16, 32>, conv2d<32, kernel<1, 1>>>("conv 1x1 32->32 at 16x16"),
        of<shape<14, 14, 64>, conv2d<128, kernel<1, 1>>>("conv 1x1 64->128 at 14x14"),
        of<shape<7, 7, 128>, conv2d<128, kernel<1, 1>>>("conv 1x1 128->128 at 7x7"),
        of<shape<7, 7, 256>, conv2d<64, kernel<1, 1>>>("conv 1x1 256->64 at 7x7"),
        of<shape<3, 3, 256>, conv2d<256, kernel<1, 1>>>("conv 1x1 256->256 at 3x3"),
        of<shape<16, 16, 32>, conv2d<64, kernel<1, 1>, stride<2, 2>>>(
            "conv 1x1 32->64 at 16x16, stride 2"),
    };
}

}  // namespace bench
