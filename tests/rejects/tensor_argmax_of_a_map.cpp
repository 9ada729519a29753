// EXPECT: ctnn::tensor::argmax: the tensor must have 1 pixel; every pixel of a map has a class of its own
// NUMBERS: 6 == 1
#include <ctnn/tensor.hpp>

#ifdef CORRECTED
ctnn::tensor<ctnn::features<4>> p{};
#else
ctnn::tensor<ctnn::shape<2, 3, 4>> p{};
#endif

int main() {
    return static_cast<int>(p.argmax());
}
