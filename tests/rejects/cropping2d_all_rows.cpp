// EXPECT: ctnn::cropping2d: the rows cut off must be fewer than the input's
// NUMBERS: 4 < 4
#include <ctnn/ctnn.hpp>

#ifdef CORRECTED
using net = ctnn::network<ctnn::shape<4, 3, 2>, ctnn::cropping2d<1, 1>>;
#else
using net = ctnn::network<ctnn::shape<4, 3, 2>, ctnn::cropping2d<2, 2>>;
#endif

int main() {
    return static_cast<int>(net::predict(net::parameters{}, net::input{})[0]);
}
