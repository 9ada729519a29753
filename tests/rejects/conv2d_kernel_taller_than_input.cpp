// EXPECT: ctnn::conv2d: the kernel must be at most as tall as its padded input
// EXPECT: ctnn::conv2d<16, ctnn::kernel<5, 5>>::on<ctnn::shape<3, 8, 6>>
// NUMBERS: 5 <= 3
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<3, 8, 6>,
#ifdef CORRECTED
                          ctnn::conv2d<16, ctnn::kernel<3, 5>>>;
#else
                          ctnn::conv2d<16, ctnn::kernel<5, 5>>>;
#endif
net::parameters w;
