// A layer of one's own, without touching the library: a learnt scale for every channel,
// y(h, w, c) = scale(c) x(h, w, c), forward and backward, alone and in a network.
//
// A layer's functions are called with T = float (one image, also in constant expressions) and with
// T = a vector of floats, one image per lane. For both there are + - * / between values of type T
// (a constant is T(0.5f)) and, in ctnn::simd, with the same meaning in every lane:
//   max(a, b)  min(a, b)  abs(x)  divide(a, b)  fma(a, b, c) = a b + c  exp(x)  sigmoid(x)  tanh(x)
//   maximum(a, b): as max, and not a number where one of the two is none
//   select(a < b, yes, no): lanes cannot branch; instead of `if`, both sides are computed
//   sqrt(x)  log(x): not in constant expressions
//   sum_of_lanes(x), a float: gradients of parameters are sums over the images
#include <ctnn/ctnn.hpp>

#include <cstdio>

using ctnn::tensor_view;

struct channel_scale {  // the specification: what stands in a network's list
    template <class Input>
    struct on : ctnn::layer_base<on<Input>, Input, Input,
                                 ctnn::parameter_array<"scale", Input::channels>> {
        using weights = ctnn::parameter_view<on, const float>;
        using gradients = ctnn::parameter_view<on, float>;
        static constexpr std::string_view name = "channel_scale";
        static constexpr std::size_t multiply_adds = Input::size;

        template <class T>  // float, or a vector with one image per lane
        static constexpr void compute(weights w, tensor_view<Input, const T> x,
                                      tensor_view<Input, T> y) {
            const auto scale = w.template get<"scale">();
            for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] * T(scale[i % Input::channels]);
        }
        template <class T>  // given d_y = dLoss/dy, writes d_x
        static constexpr void input_gradient(weights w, tensor_view<Input, const T>,
                                             tensor_view<Input, const T> d_y,
                                             tensor_view<Input, T> d_x) {
            const auto scale = w.template get<"scale">();
            for (std::size_t i = 0; i < d_y.size(); ++i)
                d_x[i] = d_y[i] * T(scale[i % Input::channels]);
        }
        template <class T>  // adds dLoss/dw, over all images
        static constexpr void parameter_gradient(tensor_view<Input, const T> x,
                                                 tensor_view<Input, const T> d_y, gradients d_w) {
            const auto d_scale = d_w.template get<"scale">();
            for (std::size_t i = 0; i < x.size(); ++i)
                d_scale[i % Input::channels] += ctnn::simd::sum_of_lanes(T(x[i] * d_y[i]));
        }
    };
};

using layer = channel_scale::on<ctnn::shape<1, 2, 2>>;  // two pixels, two channels
using net =
    ctnn::network<ctnn::shape<1, 2, 2>, channel_scale, ctnn::relu, ctnn::flatten, ctnn::dense<1>>;

int main() {
    const layer::parameters w{{3, -2}};
    const layer::input x{{1, 2, 5, 4}};
    const layer::output d_y{{10, 20, 30, 40}};
    layer::parameters d_w{};
    const layer::input d_x = layer::backward(w, x, d_y, d_w);

    const net::parameters v{{3, -2, /* dense: */ 1, 1, 1, 1, 0.5f}};
    const bool right = d_w.get<"scale">()[0] == 1 * 10 + 5 * 30 &&
                       d_w.get<"scale">()[1] == 2 * 20 + 4 * 40 && d_x[0] == 3 * 10 &&
                       d_x[3] == -2 * 40 && net::predict(v, x)[0] == 3 * 1 + 3 * 5 + 0.5f;
    std::puts(right ? "the gradients are right" : "the gradients are wrong");
    return right ? 0 : 1;
}
