// EXPECT: ctnn::layer: every option must be one that the layer takes
// EXPECT: ctnn::momentum<9, 10>
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<4, 3, 5>,
#ifdef CORRECTED
                          ctnn::layer_normalization<>,
#else
                          ctnn::layer_normalization<ctnn::momentum<9, 10>>,
#endif
                          ctnn::flatten>;
net::parameters w;
