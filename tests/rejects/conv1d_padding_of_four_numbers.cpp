// EXPECT: ctnn::layer: an option must be of one number in one dimension
// EXPECT: ctnn::padding<0, 0, 1, 1>
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::sequence_shape<8, 3>,
#ifdef CORRECTED
                          ctnn::conv1d<4, ctnn::kernel<3>, ctnn::padding<1, 1>>,
#else
                          ctnn::conv1d<4, ctnn::kernel<3>, ctnn::padding<0, 0, 1, 1>>,
#endif
                          ctnn::flatten>;
net::parameters w;
