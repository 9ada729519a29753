// EXPECT: ctnn::layer: every option must be one that the layer takes
// EXPECT: ctnn::kernel<3, 3>
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::features<84>,
#ifdef CORRECTED
                          ctnn::dense<10, ctnn::use_bias<false>>,
#else
                          ctnn::dense<10, ctnn::kernel<3, 3>>,
#endif
                          ctnn::relu, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
