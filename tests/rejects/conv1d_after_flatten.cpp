// EXPECT: ctnn::layer: the input must have rows and columns, found a flat one
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::sequence_shape<8, 3>,
#ifdef CORRECTED
                          ctnn::conv1d<4, ctnn::kernel<3>>, ctnn::flatten,
#else
                          ctnn::flatten, ctnn::conv1d<4, ctnn::kernel<3>>,
#endif
                          ctnn::dense<3>>;
net::parameters w;
