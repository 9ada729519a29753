// EXPECT: ctnn::depthwise_conv2d: a kernel<height, width> must be given
// EXPECT: ctnn::depthwise_conv2d<>::on<ctnn::shape<8, 8, 3>>
// NUMBERS: 1 <= 0
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 3>,
#ifdef CORRECTED
                          ctnn::depthwise_conv2d<ctnn::kernel<3, 3>>,
#else
                          ctnn::depthwise_conv2d<>,
#endif
                          ctnn::relu>;
net::parameters w;
