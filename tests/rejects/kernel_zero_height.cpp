// EXPECT: ctnn::kernel: the height must be at least 1
// NUMBERS: 1 <= 0
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 4>,
#ifdef CORRECTED
                          ctnn::conv2d<8, ctnn::kernel<1, 3>>,
#else
                          ctnn::conv2d<8, ctnn::kernel<0, 3>>,
#endif
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
