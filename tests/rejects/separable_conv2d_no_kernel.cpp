// EXPECT: ctnn::depthwise_conv2d: a kernel<height, width> must be given
// NUMBERS: 1 <= 0
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<4, 3, 5>,
#ifdef CORRECTED
                          ctnn::separable_conv2d<2, ctnn::kernel<3>>,
#else
                          ctnn::separable_conv2d<2>,
#endif
                          ctnn::flatten>;
net::parameters w;
