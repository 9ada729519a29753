// EXPECT: ctnn::layer: kernel or window must be at most as long as the padded input
// NUMBERS: 9 <= 8
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::sequence_shape<8, 3>,
#ifdef CORRECTED
                          ctnn::average_pool1d<ctnn::window<8>>,
#else
                          ctnn::average_pool1d<ctnn::window<9>>,
#endif
                          ctnn::flatten>;
net::parameters w;
