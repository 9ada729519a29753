// 3x3 convolutions on maps of 14 and more rows.
#include "layers.hpp"

namespace bench {

using ctnn::conv2d, ctnn::dilation, ctnn::groups, ctnn::kernel, ctnn::same, ctnn::shape,
    ctnn::stride;

std::vector<layer> square_convolutions() {
    return {
        of<shape<32, 32, 3>, conv2d<16, kernel<3, 3>, same>>("conv 3x3 3->16 at 32x32, same"),
        of<shape<32, 32, 16>, conv2d<16, kernel<3, 3>, same>>("conv 3x3 16->16 at 32x32, same"),
        of<shape<32, 32, 16>, conv2d<32, kernel<3, 3>, stride<2, 2>, same>>(
            "conv 3x3 16->32 at 32x32, same, stride 2"),
        of<shape<28, 28, 32>, conv2d<64, kernel<3, 3>, same>>("conv 3x3 32->64 at 28x28, same"),
        of<shape<28, 28, 16>, conv2d<32, kernel<3, 3>, stride<2, 2>, same>>(
            "conv 3x3 16->32 at 28x28, same, stride 2"),
        of<shape<28, 28, 16>, conv2d<32, kernel<3, 3>, dilation<2, 2>, same>>(
            "conv 3x3 16->32 at 28x28, same, dilation 2"),
        of<shape<16, 16, 32>, conv2d<32, kernel<3, 3>, same>>("conv 3x3 32->32 at 16x16, same"),
        of<shape<16, 16, 32>, conv2d<20, kernel<3, 3>, same>>("conv 3x3 32->20 at 16x16, same"),
        of<shape<16, 16, 32>, conv2d<64, kernel<3, 3>, stride<2, 2>, same>>(
            "conv 3x3 32->64 at 16x16, same, stride 2"),
        of<shape<14, 14, 64>, conv2d<64, kernel<3, 3>, same>>("conv 3x3 64->64 at 14x14, same"),
        of<shape<14, 14, 32>, conv2d<32, kernel<3, 3>, groups<4>, same>>(
            "conv 3x3 32->32 at 14x14, same, 4 groups"),
    };
}

}  // namespace bench
