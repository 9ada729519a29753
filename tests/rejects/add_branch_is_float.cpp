// EXPECT: ctnn::network: every entry of the list must be a layer, a sequence<> or a network<>
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<8, 8, 4>,
#ifdef CORRECTED
                          ctnn::add<ctnn::relu, ctnn::sequence<>>,
#else
                          ctnn::add<ctnn::relu, float>,
#endif
                          ctnn::flatten, ctnn::dense<10>>;
net::parameters w;

int main() {
    net::workspace scratch;
    return net::predict(w, net::input{}, scratch)[0] > 0.0f;
}
