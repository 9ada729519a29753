// EXPECT: ctnn::layer: every option must be one that the layer takes
// EXPECT: ctnn::causal
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::sequence_shape<8, 3>,
#ifdef CORRECTED
                          ctnn::conv1d_transpose<2, ctnn::kernel<3>>,
#else
                          ctnn::conv1d_transpose<2, ctnn::kernel<3>, ctnn::causal>,
#endif
                          ctnn::flatten>;
net::parameters w;
