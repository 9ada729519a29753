#include <ctnn/layers/activations.hpp>

#include <ctnn/layers/conv2d.hpp>
#include <ctnn/layers/dense.hpp>
#include <ctnn/layers/flatten.hpp>
#include <ctnn/layers/max_pool2d.hpp>
#include <ctnn/layers/prelu.hpp>
#include <ctnn/training/backpropagation.hpp>

#include "support/laws.hpp"
#include "support/random.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>

using namespace ctnn;
using laws::W;

using map = shape<3, 4, W + 1>;

TEST_CASE("relu6, clip<>") {
    laws::obeys<relu6::on<map>>(reference::clip(0.0, 6.0));
    laws::obeys<clip<low<-1>, high<1>>::on<map>>(reference::clip(-1.0, 1.0));
    laws::obeys_in_every_width<clip<high<1, 4>, low<-1, 2>>::on<features<12>>>(
        reference::clip(-0.5, 0.25), {.least_share = 0.1});
}
TEST_CASE("hard_sigmoid, hard_swish") {
    laws::obeys<hard_sigmoid::on<map>>(reference::hard_sigmoid);
    laws::obeys<hard_swish::on<map>>(reference::hard_swish);
}
TEST_CASE("swish, gelu") {
    laws::obeys<swish::on<map>>(reference::swish);
    laws::obeys<gelu::on<map>>(reference::gelu);
}
TEST_CASE("softplus, softsign, selu, exponential") {
    laws::obeys<softplus::on<map>>(reference::softplus);
    laws::obeys<softsign::on<map>>(reference::softsign);
    laws::obeys<selu::on<map>>(reference::selu);
    laws::obeys<exponential::on<map>>(reference::exponential);
}
TEST_CASE("rescaling<>") {
    laws::obeys<rescaling<scale<-3, 2>, offset<1, 4>>::on<map>>(reference::rescaling(-1.5, 0.25));
    laws::obeys<rescaling<offset<2>>::on<features<W>>>(reference::rescaling(1.0, 2.0));
    static_assert(!rescaling<scale<-1>>::on<map>::facts.is_increasing);
    static_assert(rescaling<scale<1, 255>>::on<map>::facts.is_increasing);
}
namespace {

template <class Layer>
std::array<float, 2> value_and_slope(float x) {
    using layer = typename Layer::template on<features<1>>;
    const typename layer::input in{{x}};
    return {layer::forward(in)[0], layer::backward(in, typename layer::output{{1.0f}})[0]};
}

/// Within a few units in the last place of the true number, from -40 to 40.
template <class Layer, class F>
void keeps_its_digits(const F& f, double error) {
    for (int i = -4000; i <= 4000; ++i) {
        const float x = static_cast<float>(i) * 0.01f + 0.003f;
        const double expected = f(static_cast<double>(x));
        const double actual = static_cast<double>(value_and_slope<Layer>(x)[0]);
        CAPTURE(x);
        CHECK(std::abs(actual - expected) <= error * std::abs(expected) + 1e-37);
    }
}

}  // namespace

TEST_CASE("beyond the kinks: flat, or straight") {
    using pair = std::array<float, 2>;
    CHECK(value_and_slope<relu6>(7.0f) == pair{6, 0});
    CHECK(value_and_slope<relu6>(5.0f) == pair{5, 1});
    CHECK(value_and_slope<relu6>(-7.0f) == pair{0, 0});
    CHECK(value_and_slope<hard_sigmoid>(-3.5f) == pair{0, 0});
    CHECK(value_and_slope<hard_sigmoid>(3.5f) == pair{1, 0});
    CHECK(value_and_slope<hard_swish>(-4.0f) == pair{0, 0});
    CHECK(value_and_slope<hard_swish>(4.0f) == pair{4, 1});
    CHECK(value_and_slope<hard_swish>(2.0f)[1] == doctest::Approx(7.0 / 6.0));
    CHECK(value_and_slope<swish>(100.0f) == pair{100, 1});
    CHECK(value_and_slope<gelu>(20.0f) == pair{20, 1});
    CHECK(value_and_slope<softplus>(60.0f) == pair{60, 1});
    CHECK(value_and_slope<softplus>(-60.0f)[0] == doctest::Approx(std::exp(-60.0)));
    CHECK(value_and_slope<softsign>(1e30f) == pair{1, 0});
    CHECK(value_and_slope<selu>(-100.0f)[0] == doctest::Approx(-1.7580993));
}
TEST_CASE("as exact as float allows, near 0 too") {
    keeps_its_digits<softplus>(reference::softplus.function, 1e-6);
    keeps_its_digits<swish>(reference::swish.function, 1e-6);
    keeps_its_digits<softsign>(reference::softsign.function, 1e-6);
    for (int i = -400; i <= 4000;
         ++i) {  // far below 0 the difference 1 + erf cancels, as in others
        const float x = static_cast<float>(i) * 0.01f + 0.003f;
        const double expected = reference::gelu.function(static_cast<double>(x));
        CAPTURE(x);
        CHECK(std::abs(static_cast<double>(value_and_slope<gelu>(x)[0]) - expected) <=
              5e-7 * std::max(std::abs(static_cast<double>(x)), std::abs(expected)));
    }
    for (const float x : {1e-3f, 1e-6f, 1e-20f, 0.3f, 0.97f, 1.03f, 2.0f, 3.9f}) {
        const double expected = std::erf(static_cast<double>(x));
        CHECK(std::abs(static_cast<double>(simd::erf(x)) - expected) <= 3e-7 * expected);
        CHECK(simd::erf(-x) == -simd::erf(x));
    }
}

// In networks: computed along with a convolution, before pooling, and in training, where those that
// need their input keep it.
namespace {

template <class Activation>
void trains_as_layers_do() {
    using net = network<shape<8, 8, 1>, conv2d<3, kernel<3, 3>>, Activation,
                        max_pool2d<window<2, 2>>, conv2d<4, kernel<2, 2>>, Activation, Activation,
                        max_pool2d<window<2, 2>>, Activation, flatten, dense<2>>;
    static typename net::parameters w;
    fill_random(w, 1, 0.7f);
    typename net::input x;
    fill_random(x, 2, 1.0f);
    static backpropagation<net, float> pass;
    pass.x = x;
    pass.forward(w);
    const typename net::output y = net::predict(w, x);
    for (std::size_t i = 0; i < 2; ++i) CHECK(pass.output()[i] == doctest::Approx(y[i]));
    for (std::size_t i = 0; i < 2; ++i) pass.d_output()[i] = i == 0 ? 1.0f : -0.5f;
    static typename net::parameters d_w;
    d_w = {};
    pass.backward(w, d_w);
    const auto loss = [&] {
        const typename net::output z = net::predict(w, x);
        return static_cast<double>(z[0]) - 0.5 * static_cast<double>(z[1]);
    };
    for (std::size_t i = 0; i < net::parameter_count; i += 5) {
        const float kept = w.elements[i], h = 1e-2f;
        w.elements[i] = kept + h;
        const double above = loss();
        w.elements[i] = kept - h;
        const double below = loss();
        w.elements[i] = kept;
        const double expected = (above - below) / (2.0 * static_cast<double>(h));
        CAPTURE(i);
        CHECK(std::abs(static_cast<double>(d_w.elements[i]) - expected) <=
              2e-2 * (1.0 + std::abs(expected)));
    }
}

}  // namespace

TEST_CASE("two in a row, with convolution and pooling, in a network") {
    trains_as_layers_do<swish>();
    trains_as_layers_do<gelu>();
    trains_as_layers_do<hard_swish>();
    trains_as_layers_do<softplus>();
    trains_as_layers_do<prelu>();
}

constexpr bool in_a_constant_expression() {
    using layer = network<features<3>, softplus, gelu, swish, prelu, rescaling<scale<2>>>;
    const layer::output y = layer::predict(layer::parameters{{1, 1, 1}}, layer::input{{-1, 0, 2}});
    return simd::abs(y[1] - 2.0f * 0.32905f) < 1e-3f && y[2] > y[1] && y[1] > y[0];
}
TEST_CASE("in a constant expression") {
    static_assert(in_a_constant_expression());
    CHECK(in_a_constant_expression());
}
