// EXPECT: ctnn::conv2d: a kernel<height, width> must be given
// EXPECT: ctnn::conv2d<8, ctnn::same>
// NUMBERS: 1 <= 0
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 3>,
#ifdef CORRECTED
                          ctnn::conv2d<8, ctnn::same, ctnn::kernel<3, 3>>,
#else
                          ctnn::conv2d<8, ctnn::same>,
#endif
                          ctnn::relu, ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
