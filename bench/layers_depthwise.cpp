// Depthwise convolutions: every filter sees its own channel.
#include "layers.hpp"

namespace bench {

using ctnn::depthwise_conv2d, ctnn::kernel, ctnn::same, ctnn::shape, ctnn::stride;

std::vector<layer> depthwise_convolutions() {
    return {
        of<shape<28, 28, 32>, depthwise_conv2d<kernel<3, 3>, same>>(
            "depthwise 3x3 32 at 28x28, same"),
        of<shape<28, 28, 32>, depthwise_conv2d<kernel<3, 3>, stride<2, 2>, same>>(
            "depthwise 3x3 32 at 28x28, same, stride 2"),
        of<shape<16, 16, 64>, depthwise_conv2d<kernel<3, 3>, same>>(
            "depthwise 3x3 64 at 16x16, same"),
        of<shape<7, 7, 256>, depthwise_conv2d<kernel<3, 3>, same>>(
            "depthwise 3x3 256 at 7x7, same"),
        of<shape<14, 14, 64>, depthwise_conv2d<kernel<5, 5>, same>>(
            "depthwise 5x5 64 at 14x14, same"),
    };
}

}  // namespace bench
