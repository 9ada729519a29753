// EXPECT: ctnn::layer: a kernel<steps> must be given
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::sequence_shape<8, 3>,
#ifdef CORRECTED
                          ctnn::conv1d_transpose<2, ctnn::kernel<3>>,
#else
                          ctnn::conv1d_transpose<2>,
#endif
                          ctnn::flatten>;
net::parameters w;
