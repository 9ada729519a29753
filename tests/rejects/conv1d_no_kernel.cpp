// EXPECT: ctnn::layer: a kernel<steps> must be given
// NUMBERS: 1 <= 0
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::sequence_shape<8, 3>,
#ifdef CORRECTED
                          ctnn::conv1d<4, ctnn::kernel<3>>,
#else
                          ctnn::conv1d<4>,
#endif
                          ctnn::flatten>;
net::parameters w;
