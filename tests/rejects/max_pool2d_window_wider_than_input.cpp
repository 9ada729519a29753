// EXPECT: ctnn::max_pool2d: the window must be at most as wide as its padded input
// NUMBERS: 2 <= 1
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 1, 6>,
#ifdef CORRECTED
                          ctnn::max_pool2d<ctnn::window<2, 1>>,
#else
                          ctnn::max_pool2d<>,
#endif
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;
