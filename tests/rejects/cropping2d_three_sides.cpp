// EXPECT: ctnn::cropping2d: the number of sides must be 1, 2 or 4
// NUMBERS: 3 == 4
#include <ctnn/ctnn.hpp>

#ifdef CORRECTED
using net = ctnn::network<ctnn::shape<4, 3, 2>, ctnn::cropping2d<1, 1, 1, 1>>;
#else
using net = ctnn::network<ctnn::shape<4, 3, 2>, ctnn::cropping2d<1, 1, 1>>;
#endif

int main() {
    return static_cast<int>(net::predict(net::parameters{}, net::input{})[0]);
}
