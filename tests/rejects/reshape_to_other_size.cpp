// EXPECT: ctnn::reshape: the numbers of the shape must be as many as the input's
// NUMBERS: 25 == 24
#include <ctnn/ctnn.hpp>

#ifdef CORRECTED
using net = ctnn::network<ctnn::shape<4, 3, 2>, ctnn::reshape<2, 2, 6>>;
#else
using net = ctnn::network<ctnn::shape<4, 3, 2>, ctnn::reshape<5, 5, 1>>;
#endif

int main() {
    return static_cast<int>(net::predict(net::parameters{}, net::input{})[0]);
}
