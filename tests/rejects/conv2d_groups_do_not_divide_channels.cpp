// EXPECT: ctnn::conv2d: the channels of the input must be a multiple of the groups
// NUMBERS: 6 == 4
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 6>,
#ifdef CORRECTED
                          ctnn::conv2d<8, ctnn::kernel<3, 3>, ctnn::groups<2>>,
#else
                          ctnn::conv2d<8, ctnn::kernel<3, 3>, ctnn::groups<4>>,
#endif
                          ctnn::relu, ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
