// EXPECT: ctnn: the denominator of an option must be at least 1
// NUMBERS: 1 <= 0
#include <ctnn/ctnn.hpp>

#ifdef CORRECTED
using net = ctnn::network<ctnn::features<3>, ctnn::rescaling<ctnn::scale<1, 255>>>;
#else
using net = ctnn::network<ctnn::features<3>, ctnn::rescaling<ctnn::scale<255, 0>>>;
#endif

int main() {
    return static_cast<int>(net::predict(net::parameters{}, net::input{})[0]);
}
