// EXPECT: ctnn::predict: the outputs must be tensors of the network's output_shape
#include <ctnn/training.hpp>

#include <vector>

using net = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::flatten, ctnn::dense<3>, ctnn::softmax>;
#ifdef CORRECTED
using output = net::output;
#else
using output = ctnn::tensor<ctnn::features<4>>;
#endif

int main() {
    const net::parameters w{};
    std::vector<output> outputs(3);
    ctnn::predict(w, std::vector<net::input>(3), outputs);
}
