// EXPECT: ctnn::layer: the input of a layer of one dimension must have a height of 1
// NUMBERS: 8 == 1
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 3>,
#ifdef CORRECTED
                          ctnn::depthwise_conv2d<ctnn::kernel<3>>,
#else
                          ctnn::depthwise_conv1d<ctnn::kernel<3>>,
#endif
                          ctnn::flatten>;
net::parameters w;
