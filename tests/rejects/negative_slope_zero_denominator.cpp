// EXPECT: ctnn::negative_slope: the denominator must be at least 1
// NUMBERS: 1 <= 0
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 4>,
#ifdef CORRECTED
                          ctnn::leaky_relu<ctnn::negative_slope<1, 10>>,
#else
                          ctnn::leaky_relu<ctnn::negative_slope<1, 0>>,
#endif
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
