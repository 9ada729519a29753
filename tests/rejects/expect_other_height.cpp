// EXPECT: ctnn::expect: the shape that arrives must be the expected one
// EXPECT: ctnn::expect<ctnn::shape<14, 12, 8>>::on<ctnn::shape<13, 13, 8>>
// NUMBERS: 13 == 14
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<28, 28, 1>, ctnn::conv2d<8, ctnn::kernel<3, 3>>, ctnn::relu,
                          ctnn::max_pool2d<>,
#ifdef CORRECTED
                          ctnn::expect<ctnn::shape<13, 13, 8>>,
#else
                          ctnn::expect<ctnn::shape<14, 12, 8>>,
#endif
                          ctnn::flatten, ctnn::dense<10>, ctnn::softmax>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
