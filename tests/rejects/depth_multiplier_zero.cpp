// EXPECT: ctnn::depth_multiplier: the multiplier must be at least 1
// NUMBERS: 1 <= 0
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 4>,
#ifdef CORRECTED
                          ctnn::depthwise_conv2d<ctnn::kernel<3>, ctnn::depth_multiplier<2>>,
#else
                          ctnn::depthwise_conv2d<ctnn::kernel<3>, ctnn::depth_multiplier<0>>,
#endif
                          ctnn::relu>;
net::parameters w;
