// EXPECT: ctnn::layer: every option must be one that the layer takes
// EXPECT: ctnn::every_maximum
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 3>,
#ifdef CORRECTED
                          ctnn::conv2d<8, ctnn::kernel<3, 3>>,
#else
                          ctnn::conv2d<8, ctnn::kernel<3, 3>, ctnn::every_maximum>,
#endif
                          ctnn::max_pool2d<ctnn::every_maximum>>;
net::parameters w;
