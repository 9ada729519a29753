// JUDGED: 2 errors instead of 1
// EXPECT: ctnn::dense: the input must be flat
#include <ctnn/ctnn.hpp>

#ifdef CORRECTED
using net = ctnn::network<ctnn::shape<28, 28, 1>, ctnn::flatten, ctnn::dense<10>>;
#else
using net = ctnn::network<ctnn::shape<28, 28, 1>, ctnn::dense<10>>;
int x = "ten";
#endif
net::parameters w;
