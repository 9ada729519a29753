// EXPECT: ctnn::layer: every option must be one that the layer takes
// EXPECT: ctnn::window<3, 3>
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 3>,
#ifdef CORRECTED
                          ctnn::conv2d<8, ctnn::kernel<3, 3>>,
#else
                          ctnn::conv2d<8, ctnn::window<3, 3>>,
#endif
                          ctnn::relu>;
net::parameters w;
