// EXPECT: ctnn::conv2d: the kernel must be at most as tall as its padded input
// NUMBERS: 9 <= 8
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 1>,
#ifdef CORRECTED
                          ctnn::conv2d<16, ctnn::kernel<3, 3>, ctnn::dilation<2, 2>>,
#else
                          ctnn::conv2d<16, ctnn::kernel<5, 3>, ctnn::dilation<2, 2>>,
#endif
                          ctnn::relu>;
net::parameters w;
