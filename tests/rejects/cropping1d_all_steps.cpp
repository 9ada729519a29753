// EXPECT: ctnn::cropping2d: the columns cut off must be fewer than the input's
// NUMBERS: 8 < 8
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::sequence_shape<8, 3>,
#ifdef CORRECTED
                          ctnn::cropping1d<4, 3>,
#else
                          ctnn::cropping1d<4>,
#endif
                          ctnn::flatten>;
net::parameters w;
