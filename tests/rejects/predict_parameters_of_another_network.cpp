// EXPECT: ctnn::network::predict: the parameters must be this network's, not another's
// EXPECT: ctnn::dense<11>
// EXPECT: ctnn::dense<10>
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<28, 28, 1>, ctnn::flatten, ctnn::dense<10>>;
using other = ctnn::network<ctnn::shape<28, 28, 1>, ctnn::flatten, ctnn::dense<11>>;
#ifdef CORRECTED
net::parameters w;
#else
other::parameters w;
#endif
net::input x;

int main() {
    return net::predict(w, x)[0] > 0.0f;
}
