// EXPECT: ctnn::layer: every option must be given at most once
// EXPECT: ctnn::window<3, 3>
// NUMBERS: 2 <= 1
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 6>,
#ifdef CORRECTED
                          ctnn::max_pool2d<ctnn::window<2, 2>>,
#else
                          ctnn::max_pool2d<ctnn::window<2, 2>, ctnn::window<3, 3>>,
#endif
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;
