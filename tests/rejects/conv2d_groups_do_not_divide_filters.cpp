// EXPECT: ctnn::conv2d: the filters must be a multiple of the groups
// NUMBERS: 10 == 9
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 6>,
#ifdef CORRECTED
                          ctnn::conv2d<9, ctnn::kernel<3, 3>, ctnn::groups<3>>,
#else
                          ctnn::conv2d<10, ctnn::kernel<3, 3>, ctnn::groups<3>>,
#endif
                          ctnn::relu>;
net::parameters w;
