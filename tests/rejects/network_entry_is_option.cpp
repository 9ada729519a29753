// EXPECT: ctnn::network: every entry of the list must be a layer
// EXPECT: ctnn::kernel<3, 3>
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<28, 28, 1>,
#ifdef CORRECTED
                          ctnn::conv2d<8, ctnn::kernel<5, 5>>,
#else
                          ctnn::conv2d<8, ctnn::kernel<5, 5>>, ctnn::kernel<3, 3>,
#endif
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
