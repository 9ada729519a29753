// EXPECT: ctnn::layer: kernel or window must be at most as long as the padded input
// NUMBERS: 9 <= 8
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::sequence_shape<8, 3>,
#ifdef CORRECTED
                          ctnn::depthwise_conv1d<ctnn::kernel<3>, ctnn::dilation<3>>,
#else
                          ctnn::depthwise_conv1d<ctnn::kernel<3>, ctnn::dilation<4>>,
#endif
                          ctnn::flatten>;
net::parameters w;
