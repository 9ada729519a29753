// EXPECT: ctnn::layer: every option must be one that the layer takes
// EXPECT: ctnn::groups<3>
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 3>,
#ifdef CORRECTED
                          ctnn::depthwise_conv2d<ctnn::kernel<3, 3>>,
#else
                          ctnn::depthwise_conv2d<ctnn::kernel<3, 3>, ctnn::groups<3>>,
#endif
                          ctnn::relu>;
net::parameters w;
