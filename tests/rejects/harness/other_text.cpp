// JUDGED: not in the output: ctnn::dense: the input must be green
// JUDGED: not in the output: 784 == 2
// EXPECT: ctnn::dense: the input must be green
// NUMBERS: 784 == 2
#include <ctnn/ctnn.hpp>

#ifdef CORRECTED
using net = ctnn::network<ctnn::shape<28, 28, 1>, ctnn::flatten, ctnn::dense<10>>;
#else
using net = ctnn::network<ctnn::shape<28, 28, 1>, ctnn::dense<10>>;
#endif
net::parameters w;
