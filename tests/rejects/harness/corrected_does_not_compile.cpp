// JUDGED: the corrected form does not compile
// EXPECT: ctnn::dense: the input must be flat
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<28, 28, 1>, ctnn::dense<10>>;
net::parameters w;
