// Every layer, forward and backward, by the compiler: gradients against central differences, both
// computed in constant expressions; and what the compiler gets is what the processor gets.
#include <ctnn/ctnn.hpp>

#include <ctnn/training/backpropagation.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

using namespace ctnn;

namespace {

/// Count numbers in [-1, 1], in no order, at least 2 / Count apart and 1 / Count from 0; where that
/// is farther than a step, no step of the differences crosses a kink.
template <std::size_t Count>
constexpr float number(std::size_t i) {
    const std::size_t place = (i * 29 + 11) % std::max<std::size_t>(1, Count);
    return static_cast<float>(2 * place + 1) / static_cast<float>(Count) - 1.0f +
           (Count % 2 == 1 ? 0.4f / static_cast<float>(Count) : 0.0f);
}
template <std::size_t Count>
constexpr void fill(float* values) {
    static_assert(Count == 0 || Count % 29 != 0);  // or they would not all differ
    for (std::size_t i = 0; i < Count; ++i) values[i] = number<Count>(i);
}

constexpr float step = 1.0f / 128.0f;

/// The derivative of `loss` by `x`, which is as before at the end.
template <class Loss>
constexpr float slope(float& x, const Loss& loss) {
    const float middle = x;
    x = middle + step;
    const float above = loss();
    x = middle - step;
    const float below = loss();
    x = middle;
    return (above - below) / (2.0f * step);
}

/// Compares gradients one by one; says no if not one of them is clearly other than 0.
class comparison {
public:
    constexpr void add(float found, float expected) {
        all_equal_ = all_equal_ && simd::abs(found - expected) < 2e-3f;
        any_ = any_ || simd::abs(expected) > 0.02f;
    }
    [[nodiscard]] constexpr bool holds() const { return all_equal_ && any_; }

private:
    bool all_equal_ = true, any_ = false;
};

template <class Layer>
constexpr auto forward(const typename Layer::parameters& w, const typename Layer::input& x) {
    if constexpr (Layer::parameter_count > 0)
        return Layer::forward(w, x);
    else
        return Layer::forward(x);
}

/// dLoss/dx and dLoss/dw of a layer for the loss sum over i of y(i) d_y(i).
template <class Layer>
constexpr bool gradients_are_right() {
    typename Layer::input x{};
    typename Layer::output d_y{};
    typename Layer::parameters w{};
    fill<x.size()>(x.data());
    fill<d_y.size()>(d_y.data());
    fill<Layer::parameter_count>(w.elements);
    const auto loss = [&] {
        const auto y = forward<Layer>(w, x);
        float sum = 0.0f;
        for (std::size_t i = 0; i < y.size(); ++i) sum += y[i] * d_y[i];
        return sum;
    };

    comparison by_x, by_w;
    typename Layer::input d_x{};
    if constexpr (Layer::parameter_count > 0) {
        typename Layer::parameters d_w{};
        for (float& d : d_w.values()) d = 0.5f;  // gradients add up
        d_x = Layer::backward(w, x, d_y, d_w);
        for (std::size_t i = 0; i < Layer::parameter_count; ++i)
            by_w.add(d_w.elements[i] - 0.5f, slope(w.elements[i], loss));
    } else {
        d_x = Layer::backward(x, d_y);
    }
    for (std::size_t i = 0; i < x.size(); ++i) by_x.add(d_x[i], slope(x[i], loss));
    return by_x.holds() && (Layer::parameter_count == 0 || by_w.holds());
}

using s = shape<3, 4, 2>;

static_assert(gradients_are_right<conv2d<3, kernel<2, 3>>::on<s>>());
static_assert(gradients_are_right<conv2d<2, kernel<2, 2>, use_bias<false>>::on<s>>());
static_assert(gradients_are_right<conv2d<2, kernel<3, 3>, same, stride<2, 1>>::on<s>>());
static_assert(gradients_are_right<conv2d<4, kernel<2, 2>, groups<2>, dilation<1, 2>>::on<s>>());
static_assert(gradients_are_right<conv2d<2, kernel<2, 2>, padding<0, 1, 2, 0>>::on<s>>());
static_assert(gradients_are_right<depthwise_conv2d<kernel<2, 2>>::on<s>>());
static_assert(gradients_are_right<depthwise_conv2d<kernel<3, 3>, same, stride<2, 2>>::on<s>>());
static_assert(gradients_are_right<dense<3>::on<features<5>>>());
static_assert(gradients_are_right<dense<5, use_bias<false>>::on<features<3>>>());
static_assert(gradients_are_right<max_pool2d<>::on<s>>());
static_assert(gradients_are_right<max_pool2d<window<2, 3>, stride<1, 1>, same>::on<s>>());
static_assert(gradients_are_right<max_pool2d<every_maximum>::on<s>>());
static_assert(gradients_are_right<average_pool2d<>::on<s>>());
static_assert(gradients_are_right<average_pool2d<window<3, 2>, stride<1, 1>, same>::on<s>>());
static_assert(gradients_are_right<global_max_pool2d::on<s>>());
static_assert(gradients_are_right<global_average_pool2d::on<s>>());
static_assert(gradients_are_right<flatten::on<s>>());
static_assert(gradients_are_right<expect<s>::on<s>>());
static_assert(gradients_are_right<relu::on<s>>());
static_assert(gradients_are_right<leaky_relu<>::on<s>>());
static_assert(gradients_are_right<elu<alpha<1, 2>>::on<s>>());
static_assert(gradients_are_right<sigmoid::on<s>>());
static_assert(gradients_are_right<ctnn::tanh::on<s>>());
static_assert(gradients_are_right<softmax::on<shape<1, 2, 3>>>());

// The check itself can say no: to a gradient that is wrong, and where everything is 0.
struct wrong_in_one_place {
    template <class Input>
    struct on : reshaping<on<Input>, Input, Input> {
        static constexpr std::string_view name = "wrong_in_one_place";
        template <class T>
        static constexpr void input_gradient(tensor_view<Input, const T>,
                                             tensor_view<Input, const T> d_y,
                                             tensor_view<Input, T> d_x) {
            for (std::size_t i = 0; i < d_x.size(); ++i) d_x[i] = d_y[i] * T(i == 7 ? 1.01f : 1.0f);
        }
    };
};
struct nothing {
    template <class Input>
    struct on : elementwise<on<Input>, Input> {
        static constexpr std::string_view name = "nothing";
        template <class T>
        static constexpr T value(T) noexcept {
            return T(0.0f);
        }
        template <class T>
        static constexpr T slope(T) noexcept {
            return T(0.0f);
        }
    };
};
static_assert(!gradients_are_right<wrong_in_one_place::on<s>>());
static_assert(!gradients_are_right<nothing::on<s>>());

/// The same for a network with all that lies between its layers.
using net = network<shape<4, 4, 1>, conv2d<2, kernel<3, 3>, same>, ctnn::tanh, average_pool2d<>,
                    flatten, dense<3>, sigmoid, dense<2>, softmax>;
constexpr bool network_gradients_are_right() {
    net::parameters w{}, d_w{};
    fill<net::parameter_count>(w.elements);
    backpropagation<net, float> pass{};
    fill<net::input_shape::size>(pass.x.data());
    pass.forward(w);
    pass.d_output()[0] = 8.0f;
    pass.d_output()[1] = -4.0f;
    pass.backward(w, d_w);
    const auto loss = [&] {
        const net::output y = net::predict(w, pass.x);
        return 8.0f * y[0] - 4.0f * y[1];
    };
    comparison by_w;
    for (std::size_t i = 0; i < net::parameter_count; ++i)
        by_w.add(d_w.elements[i], slope(w.elements[i], loss));
    return by_w.holds();
}
static_assert(network_gradients_are_right());

/// What a layer gives for those numbers; a network's convolutions and dense layers have loops of
/// their own for constant expressions.
template <class Layer>
constexpr typename Layer::output answer() {
    typename Layer::input x{};
    typename Layer::parameters w{};
    fill<x.size()>(x.data());
    fill<Layer::parameter_count>(w.elements);
    return forward<Layer>(w, x);
}

template <class Layer>
void compiler_and_processor_agree() {
    static constexpr auto by_compiler = answer<Layer>();
    const auto by_processor = answer<Layer>();
    CAPTURE(Layer::name);
    float largest = 0.0f;
    for (std::size_t i = 0; i < by_processor.size(); ++i) {
        CHECK(by_compiler[i] == doctest::Approx(by_processor[i]).epsilon(1e-5));
        largest = std::max(largest, std::abs(by_processor[i]));
    }
    CHECK(largest > 0.1f);
}

}  // namespace

TEST_CASE("constant expressions: the compiler and the processor agree") {
    using larger = shape<7, 9, 6>;
    compiler_and_processor_agree<conv2d<5, kernel<3, 2>>::on<larger>>();
    compiler_and_processor_agree<conv2d<4, kernel<3, 3>, same>::on<larger>>();
    compiler_and_processor_agree<conv2d<4, kernel<3, 3>, stride<3, 2>, same>::on<larger>>();
    compiler_and_processor_agree<conv2d<4, kernel<2, 3>, dilation<3, 2>, same>::on<larger>>();
    compiler_and_processor_agree<conv2d<6, kernel<2, 3>, groups<3>, same>::on<larger>>();
    compiler_and_processor_agree<conv2d<6, kernel<2, 3>, groups<6>, dilation<2, 1>>::on<larger>>();
    compiler_and_processor_agree<
        conv2d<3, kernel<2, 3>, use_bias<false>, padding<2, 0, 1, 3>>::on<larger>>();
    compiler_and_processor_agree<depthwise_conv2d<kernel<3, 3>, same>::on<larger>>();
    compiler_and_processor_agree<dense<1>::on<features<40>>>();
    compiler_and_processor_agree<dense<21>::on<features<40>>>();
    compiler_and_processor_agree<dense<33, use_bias<false>>::on<features<7>>>();
}
