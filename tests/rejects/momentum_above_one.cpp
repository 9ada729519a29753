// EXPECT: ctnn::momentum: it must be at most 1
// NUMBERS: 3 <= 2
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 4>,
#ifdef CORRECTED
                          ctnn::batch_normalization<ctnn::momentum<1, 2>>,
#else
                          ctnn::batch_normalization<ctnn::momentum<3, 2>>,
#endif
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
