// EXPECT: ctnn::network: every branch must have the shape of the first one
// NUMBERS: 6 == 4
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 4>,
#ifdef CORRECTED
                          ctnn::add<ctnn::conv2d<4, ctnn::kernel<3, 3>, ctnn::same>,
                                    ctnn::conv2d<4, ctnn::kernel<3, 3>, ctnn::same>>,
#else
                          ctnn::add<ctnn::conv2d<4, ctnn::kernel<3, 3>, ctnn::same>,
                                    ctnn::conv2d<6, ctnn::kernel<3, 3>, ctnn::same>>,
#endif
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
