// EXPECT: ctnn::constant_weights: the number of parameters must be the network's; export its own weights
// NUMBERS: 3 == 10
#include <ctnn/ctnn.hpp>

#include "../data/two_inputs.hpp"

#ifdef CORRECTED
using net = ctnn::network<ctnn::features<2>, ctnn::dense<1>>;
#else
using net = ctnn::network<ctnn::features<4>, ctnn::dense<2>>;
#endif
constexpr net::output y = net::predict(two_inputs, net::input{});
