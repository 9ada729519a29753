// EXPECT: ctnn::network: the first argument must be the shape<> of the input
#include <ctnn/ctnn.hpp>

using net = ctnn::network<
#ifdef CORRECTED
    ctnn::shape<28, 28, 1>, ctnn::conv2d<8, ctnn::kernel<5, 5>>,
#else
    ctnn::conv2d<8, ctnn::kernel<5, 5>>,
#endif
    ctnn::relu, ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
