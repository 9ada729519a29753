// EXPECT: ctnn::layer: the input of a layer of one dimension must have a height of 1
// NUMBERS: 8 == 1
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 3>,
#ifdef CORRECTED
                          ctnn::global_average_pool2d,
#else
                          ctnn::global_average_pool1d,
#endif
                          ctnn::relu>;
net::parameters w;
