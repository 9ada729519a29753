// Inference: constant expressions, one image, many images. No heap, no exceptions, no virtual call.
#include "lenet5.hpp"

#include <array>
#include <cassert>
#include <cmath>
#include <span>

// The same function, run by the compiler: a tiny network with weights known at compile time.
using tiny = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::conv2d<1, ctnn::kernel<3, 3>>, ctnn::relu,
                           ctnn::max_pool2d<ctnn::window<2, 2>>, ctnn::flatten, ctnn::dense<2>>;
constexpr tiny::parameters ones = [] {
    tiny::parameters w{};
    for (float& v : w.values()) v = 1.0f;
    return w;
}();
constexpr tiny::input image = [] {
    tiny::input x{};
    x(3, 3, 0) = 2.0f;
    return x;
}();
static_assert(tiny::predict(ones, image)[0] == 4.0f);  // conv: 2 + 1, max: 3, dense: 3 + 1

int main() {
    static lenet5::parameters w{};
    for (std::size_t i = 0; float& v : w.values()) v = 0.01f * static_cast<float>(i++ % 7) - 0.03f;

    lenet5::input x{};
    x.fill(0.5f);
    lenet5::workspace scratch;  // caller's memory: static, stack, wherever
    const lenet5::output y = lenet5::predict(w, x, scratch);  // noexcept
    static_assert(noexcept(lenet5::predict(w, x, scratch)));
    float sum = 0.0f;
    for (const float p : y) sum += p;
    assert(std::abs(sum - 1.0f) < 1e-5f);

    // Many images: the fastest way when throughput matters. Any count, also one that is no multiple
    // of the SIMD width.
    static std::array<lenet5::input, 37> images;
    static std::array<lenet5::output, 37> outputs;
    images.fill(x);
    static lenet5::batch_workspace batch_scratch;
    lenet5::predict(w, std::span<const lenet5::input>(images), std::span<lenet5::output>(outputs),
                    batch_scratch);
    for (const auto& o : outputs)
        for (std::size_t k = 0; k < o.size(); ++k) assert(std::abs(o[k] - y[k]) < 1e-5f);
}
