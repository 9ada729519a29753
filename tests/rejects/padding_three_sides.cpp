// EXPECT: ctnn::padding: the number of sides must be 1, 2 or 4
// NUMBERS: 3 == 4
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 4>,
#ifdef CORRECTED
                          ctnn::conv2d<8, ctnn::kernel<3, 3>, ctnn::padding<1, 1, 2, 2>>,
#else
                          ctnn::conv2d<8, ctnn::kernel<3, 3>, ctnn::padding<1, 1, 2>>,
#endif
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
