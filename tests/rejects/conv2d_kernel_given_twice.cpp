// EXPECT: ctnn::layer: every option must be given at most once
// EXPECT: ctnn::kernel<5, 5>
// NUMBERS: 2 <= 1
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 3>,
#ifdef CORRECTED
                          ctnn::conv2d<8, ctnn::kernel<3, 3>, ctnn::same>,
#else
                          ctnn::conv2d<8, ctnn::kernel<3, 3>, ctnn::same, ctnn::kernel<5, 5>>,
#endif
                          ctnn::relu>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
