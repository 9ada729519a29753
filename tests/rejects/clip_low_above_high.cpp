// EXPECT: ctnn::clip: low must be below high; exchange them
#include <ctnn/ctnn.hpp>

using ctnn::clip, ctnn::low, ctnn::high;
#ifdef CORRECTED
using net = ctnn::network<ctnn::features<3>, clip<low<-1>, high<1>>>;
#else
using net = ctnn::network<ctnn::features<3>, clip<low<1>, high<-1>>>;
#endif

int main() {
    return static_cast<int>(net::predict(net::parameters{}, net::input{})[0]);
}
