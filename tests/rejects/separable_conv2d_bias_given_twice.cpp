// EXPECT: ctnn::layer: every option must be given at most once
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<4, 3, 5>,
#ifdef CORRECTED
                          ctnn::separable_conv2d<2, ctnn::kernel<3>>,
#else
                          ctnn::separable_conv2d<2, ctnn::kernel<3>, ctnn::use_bias<true>,
                                                 ctnn::use_bias<false>>,
#endif
                          ctnn::flatten>;
net::parameters w;
