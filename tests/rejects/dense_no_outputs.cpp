// EXPECT: ctnn::dense: the number of outputs must be at least 1
// EXPECT: ctnn::dense<0>
// NUMBERS: 1 <= 0
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::features<84>,
#ifdef CORRECTED
                          ctnn::dense<1>,
#else
                          ctnn::dense<0>,
#endif
                          ctnn::relu, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
