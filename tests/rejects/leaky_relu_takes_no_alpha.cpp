// EXPECT: ctnn::layer: every option must be one that the layer takes
// EXPECT: ctnn::alpha<1, 2>
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 4>,
#ifdef CORRECTED
                          ctnn::elu<ctnn::alpha<1, 2>>,
#else
                          ctnn::leaky_relu<ctnn::alpha<1, 2>>,
#endif
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;
