// EXPECT: ctnn::conv2d: the channels of the input must be a multiple of the groups
// NUMBERS: 3 == 0
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 3>,
#ifdef CORRECTED
                          ctnn::conv2d<10, ctnn::kernel<3, 3>>,
#else
                          ctnn::conv2d<10, ctnn::kernel<3, 3>, ctnn::groups<4>>,
#endif
                          ctnn::relu>;
net::parameters w;
