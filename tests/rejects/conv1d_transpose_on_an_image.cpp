// EXPECT: ctnn::layer: the input of a layer of one dimension must have a height of 1
// NUMBERS: 4 == 1
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<4, 3, 5>,
#ifdef CORRECTED
                          ctnn::conv2d_transpose<2, ctnn::kernel<3>, ctnn::padding<1>>,
#else
                          ctnn::conv1d_transpose<2, ctnn::kernel<3>>,
#endif
                          ctnn::flatten>;
net::parameters w;
