// EXPECT: ctnn::quantized: every layer must have an int8 form; this one has none
#include <ctnn/quantization.hpp>

using namespace ctnn;

#ifdef CORRECTED
using net = network<features<3>, dense<4>>;
#else
using net = network<features<3>, dense<4>, layer_normalization<>>;
#endif
static_assert(quantization_aware<net>::parameter_count > 0);
int main() {}
