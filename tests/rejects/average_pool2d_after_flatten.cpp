// EXPECT: ctnn::layer: the input must have rows and columns, found a flat one; put this layer before flatten
// EXPECT: ctnn::average_pool2d
// NUMBERS: 2 <= 1
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 3>,
#ifdef CORRECTED
                          ctnn::average_pool2d<ctnn::window<1, 2>>, ctnn::flatten,
#else
                          ctnn::flatten, ctnn::average_pool2d<ctnn::window<1, 2>>,
#endif
                          ctnn::dense<10>>;
net::parameters w;
