// EXPECT: ctnn::layer: every option must be one that the layer takes
// EXPECT: ctnn::groups<5>
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<4, 3, 5>,
#ifdef CORRECTED
                          ctnn::separable_conv2d<2, ctnn::kernel<3>>,
#else
                          ctnn::separable_conv2d<2, ctnn::kernel<3>, ctnn::groups<5>>,
#endif
                          ctnn::flatten>;
net::parameters w;
