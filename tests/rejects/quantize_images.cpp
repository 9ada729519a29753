// EXPECT: ctnn: the shape of the images must be the network's input_shape
#include <ctnn/quantization.hpp>

#include <vector>

using namespace ctnn;

using net = network<features<3>, dense<4>>;
#ifdef CORRECTED
using image = tensor<features<3>>;
#else
using image = tensor<features<5>>;
#endif
int main() {
    const net::parameters w{};
    const std::vector<image> images(2);
    static_cast<void>(quantize(w, images));
}
