// EXPECT: ctnn::average_pool2d: the padding must be less than the window
// NUMBERS: 2 < 2
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 6>,
#ifdef CORRECTED
                          ctnn::average_pool2d<ctnn::padding<1, 1>>,
#else
                          ctnn::average_pool2d<ctnn::padding<2, 2>>,
#endif
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;
