// One layer by itself, forward and backward: the course project's conv_forward, pool_forward, conv_backward, pool_backward.
#include <ctnn/ctnn.hpp>

#include <cassert>
#include <cmath>

using conv = ctnn::conv2d<2, ctnn::kernel<3, 3>>::on<ctnn::shape<5, 6, 1>>;
using pool = ctnn::max_pool2d<ctnn::window<2, 2>>::on<conv::output_shape>;
static_assert(std::is_same_v<pool::output_shape, ctnn::shape<1, 2, 2>>);

int main() {
    conv::input x;                       // ctnn::tensor<shape<5, 6, 1>>: x(row, column, channel)
    conv::parameters w;                  // kernel(row, column, in_channel, out_channel) and bias(out_channel), as in Keras
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = 0.1f * static_cast<float>(i);
    for (std::size_t i = 0; i < w.kernel().size(); ++i) w.kernel()[i] = 0.01f * static_cast<float>(i);
    w.bias()[0] = 1.0f;
    w.bias()[1] = -1.0f;

    const conv::output z = conv::forward(w, x);
    const pool::output y = pool::forward(z);

    float by_hand = w.bias()[1];
    for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t j = 0; j < 3; ++j) by_hand += x(1 + i, 2 + j, 0) * w.kernel()(i, j, 0, 1);
    assert(std::abs(z(1, 2, 1) - by_hand) < 1e-5f);
    assert(y(0, 0, 1) == z(1, 1, 1));    // the values grow to the lower right

    pool::output dy;                     // d_y is dLoss/dy
    dy.fill(1.0f);
    const conv::output dz = pool::backward(z, dy);
    conv::parameters dw{};
    const conv::input dx = conv::backward(w, x, dz, dw);   // adds to dw, returns dx
    assert(std::abs(dw.bias()[0] - 2.0f) < 1e-6f);
    assert(dx(0, 0, 0) == 0.0f && dx(4, 5, 0) == 0.0f);    // no maximum saw these pixels: (4, 5) is in no pooled window
}
