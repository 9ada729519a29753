// EXPECT: ctnn::layer: the input of a layer of one dimension must have a height of 1
// NUMBERS: 8 == 1
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 3>,
#ifdef CORRECTED
                          ctnn::zero_padding2d<1>,
#else
                          ctnn::zero_padding1d<1>,
#endif
                          ctnn::flatten>;
net::parameters w;
