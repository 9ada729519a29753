// EXPECT: ctnn::layer: every option must be an option, not a layer
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::sequence_shape<8, 3>,
#ifdef CORRECTED
                          ctnn::conv1d<4, ctnn::kernel<3>>, ctnn::relu,
#else
                          ctnn::conv1d<4, ctnn::kernel<3>, ctnn::relu>,
#endif
                          ctnn::flatten>;
net::parameters w;
