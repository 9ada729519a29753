// EXPECT: ctnn::conv2d: the number of filters must be at least 1
// NUMBERS: 1 <= 0
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 3>,
#ifdef CORRECTED
                          ctnn::conv2d<1, ctnn::kernel<3, 3>>,
#else
                          ctnn::conv2d<0, ctnn::kernel<3, 3>>,
#endif
                          ctnn::relu, ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
