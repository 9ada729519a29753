// EXPECT: ctnn::network: the height of the input must be at least 1
// NUMBERS: 1 <= 0
#include <ctnn/ctnn.hpp>

using net = ctnn::network<
#ifdef CORRECTED
    ctnn::shape<28, 28, 1>,
#else
    ctnn::shape<0, 28, 1>,
#endif
    ctnn::conv2d<8, ctnn::kernel<5, 5>>, ctnn::relu, ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
