// EXPECT: ctnn::layer: every option must be one that the layer takes
// EXPECT: ctnn::causal
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::sequence_shape<8, 3>,
#ifdef CORRECTED
                          ctnn::max_pool1d<>,
#else
                          ctnn::max_pool1d<ctnn::causal>,
#endif
                          ctnn::flatten>;
net::parameters w;
