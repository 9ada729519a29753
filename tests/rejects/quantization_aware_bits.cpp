// EXPECT: ctnn::quantization_aware: the bits of a weight must be 2 to 8
#include <ctnn/quantization.hpp>

using namespace ctnn;

#ifdef CORRECTED
constexpr int bits = 4;
#else
constexpr int bits = 1;
#endif
using net = network<features<3>, dense<4>, relu, dense<2>, softmax>;
static_assert(quantization_aware<net, bits>::parameter_count > 0);
int main() {}
