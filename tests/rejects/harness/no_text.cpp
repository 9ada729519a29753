// JUDGED: no EXPECT
#include <ctnn/ctnn.hpp>

#ifdef CORRECTED
using net = ctnn::network<ctnn::shape<28, 28, 1>, ctnn::flatten, ctnn::dense<10>>;
#else
using net = ctnn::network<ctnn::shape<28, 28, 1>, ctnn::dense<10>>;
#endif
net::parameters w;
