// EXPECT: ctnn::conv2d: the kernel must be at most as tall as its padded input
// NUMBERS: 5 <= 4
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<4, 3, 1>,
#ifdef CORRECTED
                          ctnn::conv2d<16, ctnn::kernel<3, 3>, ctnn::groups<1>>,
#else
                          ctnn::conv2d<16, ctnn::kernel<5, 5>, ctnn::groups<1>>,
#endif
                          ctnn::relu>;
net::parameters w;
