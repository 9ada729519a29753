// EXPECT: ctnn::layer: every option must be one that the layer takes
// EXPECT: ctnn::same_size
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<4, 3, 5>,
#ifdef CORRECTED
                          ctnn::conv2d_transpose<2, ctnn::kernel<3>, ctnn::padding<1>>,
#else
                          ctnn::conv2d_transpose<2, ctnn::kernel<3>, ctnn::same_size>,
#endif
                          ctnn::flatten>;
net::parameters w;
