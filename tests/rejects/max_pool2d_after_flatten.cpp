// EXPECT: ctnn::layer: the input must have rows and columns, found a flat one; put this layer before flatten
// EXPECT: ctnn::max_pool2d
// NUMBERS: 2 <= 1
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 3>,
#ifdef CORRECTED
                          ctnn::max_pool2d<>, ctnn::flatten,
#else
                          ctnn::flatten, ctnn::max_pool2d<>,
#endif
                          ctnn::dense<10>>;
net::parameters w;
