// EXPECT: ctnn::network::predict: the workspace must be at most 256 KiB to lie on the stack; give one
// NUMBERS: 327680 <= 262144
#include <ctnn/network.hpp>

#include <ctnn/layers/average_pool2d.hpp>

using net = ctnn::network<ctnn::shape<641, 256, 1>,
                          ctnn::average_pool2d<ctnn::window<2, 1>, ctnn::stride<2, 1>>,
                          ctnn::average_pool2d<ctnn::window<320, 256>>>;

net::parameters w;
net::input x;
#ifdef CORRECTED
net::workspace scratch;
net::output y = net::predict(w, x, scratch);
#else
net::output y = net::predict(w, x);
#endif
