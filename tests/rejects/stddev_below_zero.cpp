// EXPECT: ctnn::stddev: the numerator must be at least 0
// NUMBERS: 0 <= -1
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 4>,
#ifdef CORRECTED
                          ctnn::gaussian_noise<ctnn::stddev<1, 2>>,
#else
                          ctnn::gaussian_noise<ctnn::stddev<-1, 2>>,
#endif
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
