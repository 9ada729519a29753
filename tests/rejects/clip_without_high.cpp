// EXPECT: ctnn::clip: both low<> and high<> must be given
// NUMBERS: 1 == 2
#include <ctnn/ctnn.hpp>

#ifdef CORRECTED
using net = ctnn::network<ctnn::features<3>, ctnn::clip<ctnn::low<-1>, ctnn::high<1>>>;
#else
using net = ctnn::network<ctnn::features<3>, ctnn::clip<ctnn::low<-1>>>;
#endif

int main() {
    return static_cast<int>(net::predict(net::parameters{}, net::input{})[0]);
}
