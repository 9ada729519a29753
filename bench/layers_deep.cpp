// 3x3 convolutions of many channels on small maps.
#include "layers.hpp"

namespace bench {

using ctnn::conv2d, ctnn::kernel, ctnn::same, ctnn::shape, ctnn::stride;

std::vector<layer> deep_convolutions() {
    return {
        of<shape<8, 8, 64>, conv2d<64, kernel<3, 3>, same>>("conv 3x3 64->64 at 8x8, same"),
        of<shape<8, 8, 64>, conv2d<64, kernel<3, 3>, stride<2, 2>, same>>(
            "conv 3x3 64->64 at 8x8, same, stride 2"),
        of<shape<7, 7, 128>, conv2d<128, kernel<3, 3>, same>>("conv 3x3 128->128 at 7x7, same"),
        of<shape<8, 8, 256>, conv2d<256, kernel<3, 3>, same>>("conv 3x3 256->256 at 8x8, same"),
        of<shape<4, 4, 512>, conv2d<512, kernel<3, 3>, same>>("conv 3x3 512->512 at 4x4, same"),
        of<shape<2, 2, 512>, conv2d<512, kernel<3, 3>, same>>("conv 3x3 512->512 at 2x2, same"),
    };
}

}  // namespace bench
