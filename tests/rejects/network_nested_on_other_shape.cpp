// EXPECT: ctnn::network: the shape that reaches a nested network must be its input_shape
// NUMBERS: 26 == 24
#include <ctnn/ctnn.hpp>

using features =
    ctnn::network<ctnn::shape<24, 24, 8>, ctnn::conv2d<8, ctnn::kernel<3, 3>>, ctnn::relu>;
using net = ctnn::network<ctnn::shape<28, 28, 1>,
#ifdef CORRECTED
                          ctnn::conv2d<8, ctnn::kernel<5, 5>>,
#else
                          ctnn::conv2d<8, ctnn::kernel<3, 3>>,
#endif
                          features, ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
