// EXPECT: ctnn::layer: every option must be an option, not a layer; put this one behind it, as an entry of its own
// EXPECT: ctnn::relu
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::features<84>,
#ifdef CORRECTED
                          ctnn::dense<3>, ctnn::relu,
#else
                          ctnn::dense<3, ctnn::relu>,
#endif
                          ctnn::dense<10>>;
net::parameters w;
