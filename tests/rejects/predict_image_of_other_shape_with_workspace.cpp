// EXPECT: ctnn::network::predict: the image's shape must be the network's input_shape
// NUMBERS: 3 == 1
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<28, 28, 1>, ctnn::flatten, ctnn::dense<10>>;

int main() {
    net::parameters w{};
    net::workspace scratch;
#ifdef CORRECTED
    const ctnn::tensor<ctnn::shape<28, 28, 1>> x{};
#else
    const ctnn::tensor<ctnn::shape<28, 28, 3>> x{};
#endif
    return net::predict(w, x, scratch)[0] > 0.0f;
}
