// EXPECT: ctnn::multiply: every branch must have the shape of the largest one
// NUMBERS: 5 == 4
#include <ctnn/ctnn.hpp>

using net = ctnn::network<
    ctnn::shape<8, 8, 4>,
#ifdef CORRECTED
    ctnn::multiply<ctnn::sequence<>, ctnn::sequence<ctnn::global_average_pool2d, ctnn::dense<4>>>,
#else
    ctnn::multiply<ctnn::sequence<>, ctnn::sequence<ctnn::global_average_pool2d, ctnn::dense<5>>>,
#endif
    ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
