// EXPECT: ctnn::layer: every option must be given at most once
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 3>,
#ifdef CORRECTED
                          ctnn::conv2d<8, ctnn::kernel<3, 3>>,
#else
                          ctnn::conv2d<8, ctnn::kernel<3, 3>, ctnn::kernel<5, 5>,
                                       ctnn::kernel<7, 7>>,
#endif
                          ctnn::relu>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
