// EXPECT: ctnn::conv2d_transpose: the number of filters must be at least 1
// NUMBERS: 1 <= 0
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<4, 3, 5>,
#ifdef CORRECTED
                          ctnn::conv2d_transpose<2, ctnn::kernel<3>, ctnn::padding<1>>,
#else
                          ctnn::conv2d_transpose<0, ctnn::kernel<3>>,
#endif
                          ctnn::flatten>;
net::parameters w;
