// EXPECT: ctnn::constant_weights: the fingerprint must be the network's; export its own weights
// NUMBERS: 6040763980262067784 == 13606353763021052132
#include <ctnn/ctnn.hpp>

#include "../data/two_inputs.hpp"

// As many parameters, but another layer.
#ifdef CORRECTED
using net = ctnn::network<ctnn::features<2>, ctnn::dense<1>>;
#else
using net = ctnn::network<ctnn::features<2>, ctnn::dense<1>, ctnn::relu>;
#endif
constexpr net::output y = net::predict(two_inputs, net::input{});
