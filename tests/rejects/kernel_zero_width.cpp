// EXPECT: ctnn::kernel: the width must be at least 1
// NUMBERS: 1 <= 0
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 4>,
#ifdef CORRECTED
                          ctnn::conv2d<8, ctnn::kernel<3, 1>>,
#else
                          ctnn::conv2d<8, ctnn::kernel<3, 0>>,
#endif
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;
