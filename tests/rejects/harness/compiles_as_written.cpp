// JUDGED: it compiles
// JUDGED: not in the output: ctnn::dense: the input must be flat
// EXPECT: ctnn::dense: the input must be flat
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<28, 28, 1>, ctnn::flatten, ctnn::dense<10>>;
net::parameters w;
