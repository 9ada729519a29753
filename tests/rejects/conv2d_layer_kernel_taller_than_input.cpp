// EXPECT: ctnn::conv2d: the kernel must be at most as tall as its padded input
// NUMBERS: 5 <= 4
#include <ctnn/ctnn.hpp>

#ifdef CORRECTED
using conv = ctnn::conv2d<16, ctnn::kernel<5, 5>>::on<ctnn::shape<5, 8, 1>>;
#else
using conv = ctnn::conv2d<16, ctnn::kernel<5, 5>>::on<ctnn::shape<4, 8, 1>>;
#endif
conv::parameters w;

int main() {
    conv::input x{};
    conv::output y = conv::forward(w, x);
    conv::input d_x = conv::backward(w, x, y, w);
    return d_x[0] > 0.0f;
}
