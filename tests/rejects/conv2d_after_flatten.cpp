// EXPECT: ctnn::layer: the input must have rows and columns, found a flat one; put this layer before flatten
// EXPECT: ctnn::conv2d
// NUMBERS: 2 <= 1
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 3>,
#ifdef CORRECTED
                          ctnn::conv2d<8, ctnn::kernel<3, 3>>, ctnn::flatten,
#else
                          ctnn::flatten, ctnn::conv2d<8, ctnn::kernel<3, 3>>,
#endif
                          ctnn::dense<10>>;
net::parameters w;
