// EXPECT: ctnn::padding: the number of sides must be 1, 2 or 4
// NUMBERS: 0 == 4
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 4>,
#ifdef CORRECTED
                          ctnn::max_pool2d<ctnn::padding<1>>,
#else
                          ctnn::max_pool2d<ctnn::padding<>>,
#endif
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
