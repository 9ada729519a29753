// EXPECT: ctnn::layer: the input of a layer of one dimension must have a height of 1
// NUMBERS: 8 == 1
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 3>,
#ifdef CORRECTED
                          ctnn::up_sampling2d<>,
#else
                          ctnn::up_sampling1d<>,
#endif
                          ctnn::flatten>;
net::parameters w;
