// EXPECT: ctnn::layer: every option must be given at most once
// EXPECT: ctnn::valid
// NUMBERS: 2 <= 1
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 3>,
#ifdef CORRECTED
                          ctnn::conv2d<8, ctnn::kernel<3, 3>, ctnn::valid>,
#else
                          ctnn::conv2d<8, ctnn::kernel<3, 3>, ctnn::same, ctnn::valid>,
#endif
                          ctnn::relu>;
net::parameters w;
