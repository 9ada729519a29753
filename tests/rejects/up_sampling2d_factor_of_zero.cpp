// EXPECT: ctnn::factor: the vertical factor must be at least 1
// NUMBERS: 1 <= 0
#include <ctnn/ctnn.hpp>

#ifdef CORRECTED
using net = ctnn::network<ctnn::shape<4, 3, 2>, ctnn::up_sampling2d<ctnn::factor<1, 2>>>;
#else
using net = ctnn::network<ctnn::shape<4, 3, 2>, ctnn::up_sampling2d<ctnn::factor<0, 2>>>;
#endif

int main() {
    return static_cast<int>(net::predict(net::parameters{}, net::input{})[0]);
}
