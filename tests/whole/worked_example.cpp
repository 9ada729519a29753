// The README's worked example, number by number: a convolution, relu and max pooling over a 3 x 3
// image, forward and back.
#include <ctnn/ctnn.hpp>

#include <doctest/doctest.h>

#include <array>

using conv = ctnn::conv2d<1, ctnn::kernel<2, 2>>::on<ctnn::shape<3, 3, 1>>;
using relu = ctnn::relu::on<conv::output_shape>;
using pool = ctnn::max_pool2d<ctnn::window<2, 2>>::on<relu::output_shape>;

TEST_CASE("back propagation over a convolution, relu and max pooling, by hand") {
    const conv::input x{{1, 2, 0,  //
                         0, 1, 3,  //
                         2, 1, 0}};
    const conv::parameters w{{1, -1,  // the kernel
                              0, 2,   //
                              -1}};   // the bias

    const conv::output z = conv::forward(w, x);
    CHECK(std::array{z[0], z[1], z[2], z[3]} == std::array{0.f, 7.f, 0.f, -3.f});
    const relu::output a = relu::forward(z);
    CHECK(std::array{a[0], a[1], a[2], a[3]} == std::array{0.f, 7.f, 0.f, 0.f});
    const pool::output y = pool::forward(a);
    CHECK(y[0] == 7.f);

    const pool::output d_y{{2}};  // dLoss/dy
    const relu::output d_a = pool::backward(a, d_y);
    CHECK(std::array{d_a[0], d_a[1], d_a[2], d_a[3]} == std::array{0.f, 2.f, 0.f, 0.f});
    const conv::output d_z = relu::backward(z, d_a);
    CHECK(std::array{d_z[0], d_z[1], d_z[2], d_z[3]} == std::array{0.f, 2.f, 0.f, 0.f});

    conv::parameters d_w{};
    const conv::input d_x = conv::backward(w, x, d_z, d_w);
    CHECK(std::array{d_w.kernel()[0], d_w.kernel()[1], d_w.kernel()[2], d_w.kernel()[3]} ==
          std::array{4.f, 0.f, 2.f, 6.f});  // 2 x the pixels that z(0, 1) saw
    CHECK(d_w.bias()[0] == 2.f);
    const std::array<float, 9> by_hand{0, 2, -2,  // 2 x the kernel, where z(0, 1) looked
                                       0, 0, 4,   //
                                       0, 0, 0};
    for (std::size_t i = 0; i < 9; ++i) CHECK(d_x[i] == by_hand[i]);
}
