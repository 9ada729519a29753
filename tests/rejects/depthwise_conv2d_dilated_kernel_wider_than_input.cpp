// EXPECT: ctnn::depthwise_conv2d: the kernel must be at most as wide as its padded input
// NUMBERS: 7 <= 6
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 6, 6>,
#ifdef CORRECTED
                          ctnn::depthwise_conv2d<ctnn::kernel<3, 3>, ctnn::dilation<1, 2>>,
#else
                          ctnn::depthwise_conv2d<ctnn::kernel<3, 3>, ctnn::dilation<1, 3>>,
#endif
                          ctnn::relu>;
net::parameters w;
