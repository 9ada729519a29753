// EXPECT: ctnn::layer: every option must be one that the layer takes; remove this one
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 4>,
#ifdef CORRECTED
                          ctnn::spatial_dropout2d<ctnn::rate<1, 2>>,
#else
                          ctnn::spatial_dropout2d<ctnn::momentum<1, 2>>,
#endif
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
