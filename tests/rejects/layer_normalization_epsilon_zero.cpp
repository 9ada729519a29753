// EXPECT: ctnn::epsilon: the numerator must be at least 1
// NUMBERS: 1 <= 0
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<4, 3, 5>,
#ifdef CORRECTED
                          ctnn::layer_normalization<ctnn::epsilon<1>>,
#else
                          ctnn::layer_normalization<ctnn::epsilon<0>>,
#endif
                          ctnn::flatten>;
net::parameters w;
