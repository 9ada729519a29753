// EXPECT: ctnn::layer: an option must be of one number in one dimension
// EXPECT: ctnn::padding<0, 0, 1, 1>
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::sequence_shape<8, 3>,
#ifdef CORRECTED
                          ctnn::zero_padding1d<1, 1>,
#else
                          ctnn::zero_padding1d<0, 0, 1, 1>,
#endif
                          ctnn::flatten>;
net::parameters w;
