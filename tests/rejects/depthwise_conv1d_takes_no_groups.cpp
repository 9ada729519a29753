// EXPECT: ctnn::layer: every option must be one that the layer takes
// EXPECT: ctnn::groups<3>
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::sequence_shape<8, 3>,
#ifdef CORRECTED
                          ctnn::depthwise_conv1d<ctnn::kernel<3>>,
#else
                          ctnn::depthwise_conv1d<ctnn::kernel<3>, ctnn::groups<3>>,
#endif
                          ctnn::flatten>;
net::parameters w;
