// EXPECT: ctnn::depthwise_conv2d: the kernel must be at most as wide as its padded input
// NUMBERS: 5 <= 4
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 4, 6>,
#ifdef CORRECTED
                          ctnn::depthwise_conv2d<ctnn::kernel<5, 3>>,
#else
                          ctnn::depthwise_conv2d<ctnn::kernel<5, 5>>,
#endif
                          ctnn::relu>;
net::parameters w;
