// EXPECT: ctnn::rate: it must be below 1
// NUMBERS: 1 < 1
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 4>,
#ifdef CORRECTED
                          ctnn::dropout<ctnn::rate<1, 2>>,
#else
                          ctnn::dropout<ctnn::rate<1>>,
#endif
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
