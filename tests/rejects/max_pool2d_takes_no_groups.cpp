// EXPECT: ctnn::layer: every option must be one that the layer takes
// EXPECT: ctnn::groups<2>
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 6>,
#ifdef CORRECTED
                          ctnn::max_pool2d<ctnn::window<2, 2>>,
#else
                          ctnn::max_pool2d<ctnn::window<2, 2>, ctnn::groups<2>>,
#endif
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;
