// EXPECT: ctnn::network::predict: the image's shape must be the network's input_shape
// NUMBERS: 32 == 28
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<28, 28, 1>, ctnn::flatten, ctnn::dense<10>>;
net::parameters w;
#ifdef CORRECTED
ctnn::tensor<ctnn::shape<28, 28, 1>> x;
#else
ctnn::tensor<ctnn::shape<32, 32, 1>> x;
#endif

int main() {
    const net::output y = net::predict(w, x);
    return y[0] > 0.0f;
}
