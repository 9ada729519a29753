// EXPECT: ctnn::quantized: every layer must have an int8 form; this one has none
#include <ctnn/ctnn.hpp>
#include <ctnn/quantization/quantized.hpp>

using namespace ctnn;

#ifdef CORRECTED
using net = network<features<3>, dense<4>>;
#else
using net = network<features<3>, dense<4>, layer_normalization<>>;
#endif
static_assert(quantized<net>::parameter_count > 0);
int main() {}
