// EXPECT: ctnn::layer: every option must be an option, not a layer; put this one behind it
// EXPECT: ctnn::relu
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 3>,
#ifdef CORRECTED
                          ctnn::conv2d<8, ctnn::kernel<3, 3>>, ctnn::relu,
#else
                          ctnn::conv2d<8, ctnn::kernel<3, 3>, ctnn::relu>,
#endif
                          ctnn::max_pool2d<>>;
net::parameters w;
