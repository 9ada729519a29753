// EXPECT: ctnn::quantized::predict_with_float_softmax: the last layer must be softmax
#include <ctnn/ctnn.hpp>
#include <ctnn/quantization/quantized.hpp>

using namespace ctnn;

#ifdef CORRECTED
using net = network<features<3>, dense<4>, softmax>;
#else
using net = network<features<3>, dense<4>>;
#endif
const quantized<net>::parameters q{};
int main() {
    return quantized<net>::predict_with_float_softmax(q, net::input{})[0] > 0.0f;
}
