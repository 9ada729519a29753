// EXPECT: ctnn::expect: the shape that arrives must be the expected one
// NUMBERS: 8 == 6
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<28, 28, 1>, ctnn::conv2d<8, ctnn::kernel<3, 3>>,
#ifdef CORRECTED
                          ctnn::expect<ctnn::shape<26, 26, 8>>>;
#else
                          ctnn::expect<ctnn::shape<26, 26, 6>>>;
#endif
net::parameters w;
