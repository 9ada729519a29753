// EXPECT: ctnn::dense: the input must be flat, 1 x 1 x N; put flatten before it
// EXPECT: ctnn::dense<10>::on<ctnn::shape<13, 13, 8>>
// NUMBERS: 169 == 1
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<28, 28, 1>, ctnn::conv2d<8, ctnn::kernel<3, 3>>, ctnn::relu,
                          ctnn::max_pool2d<>,
#ifdef CORRECTED
                          ctnn::flatten, ctnn::dense<10>,
#else
                          ctnn::dense<10>,
#endif
                          ctnn::softmax>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
