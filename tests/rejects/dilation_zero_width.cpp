// EXPECT: ctnn::dilation: the horizontal dilation must be at least 1
// NUMBERS: 1 <= 0
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 4>,
#ifdef CORRECTED
                          ctnn::conv2d<8, ctnn::kernel<3, 3>, ctnn::dilation<1, 1>>,
#else
                          ctnn::conv2d<8, ctnn::kernel<3, 3>, ctnn::dilation<1, 0>>,
#endif
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
