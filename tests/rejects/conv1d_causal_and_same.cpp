// EXPECT: ctnn::layer: every option must be given at most once
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::sequence_shape<8, 3>,
#ifdef CORRECTED
                          ctnn::conv1d<4, ctnn::kernel<3>, ctnn::causal>,
#else
                          ctnn::conv1d<4, ctnn::kernel<3>, ctnn::causal, ctnn::same>,
#endif
                          ctnn::flatten>;
net::parameters w;
