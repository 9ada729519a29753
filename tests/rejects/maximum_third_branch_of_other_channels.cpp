// EXPECT: ctnn::network: every branch must have the shape of the first one
// NUMBERS: 5 == 4
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 4>,
#ifdef CORRECTED
                          ctnn::maximum<ctnn::sequence<>, ctnn::relu, ctnn::tanh>,
#else
                          ctnn::maximum<ctnn::sequence<>, ctnn::relu,
                                        ctnn::conv2d<5, ctnn::kernel<1, 1>>>,
#endif
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
