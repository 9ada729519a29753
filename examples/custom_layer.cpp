// A layer of one's own, forward and backward, without touching the library: a learnt scale per channel,
// y(h, w, c) = scale(c) x(h, w, c). Checked against finite differences, then used in a network.
#include <ctnn/ctnn.hpp>

#include <cmath>
#include <cstdio>

struct channel_scale {  // the specification: what stands in a network's list
    template <class Input>
    struct on : ctnn::layer_base<on<Input>, Input, Input, ctnn::parameter_array<"scale", Input::channels>> {
        using weights = ctnn::parameter_view<on, const float>;
        using gradients = ctnn::parameter_view<on, float>;
        static constexpr std::string_view name = "channel_scale";
        static constexpr std::size_t multiply_adds = Input::size;

        template <class T>  // float, or a vector with one image per lane
        static constexpr void compute(weights w, ctnn::tensor_view<Input, const T> x,
                                      ctnn::tensor_view<Input, T> y) noexcept {
            for (std::size_t i = 0; i < x.size(); ++i)
                y[i] = x[i] * T(w.template get<"scale">()[i % Input::channels]);
        }
        template <class T>
        static constexpr void input_gradient(weights w, ctnn::tensor_view<Input, const T>,
                                             ctnn::tensor_view<Input, const T> d_y,
                                             ctnn::tensor_view<Input, T> d_x) noexcept {
            for (std::size_t i = 0; i < d_y.size(); ++i)
                d_x[i] = d_y[i] * T(w.template get<"scale">()[i % Input::channels]);
        }
        template <class T>
        static constexpr void parameter_gradient(ctnn::tensor_view<Input, const T> x,
                                                 ctnn::tensor_view<Input, const T> d_y, gradients d_w) noexcept {
            for (std::size_t i = 0; i < x.size(); ++i)
                d_w.template get<"scale">()[i % Input::channels] += ctnn::simd::sum_of_lanes(T(x[i] * d_y[i]));
        }
    };
};

using net = ctnn::network<ctnn::shape<6, 6, 1>, ctnn::conv2d<3, ctnn::kernel<3, 3>>, channel_scale, ctnn::relu>;
using layer = channel_scale::on<ctnn::shape<2, 2, 3>>;

int main() {
    layer::parameters w, d_w{};
    layer::input x;
    for (std::size_t c = 0; c < 3; ++c) w.get<"scale">()[c] = 0.5f * static_cast<float>(c) - 1.0f;
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i) - 4.0f;
    layer::output d_y;
    d_y.fill(1.0f);  // the loss is the sum of the outputs
    const layer::input d_x = layer::backward(w, x, d_y, d_w);

    bool right = net::parameter_count == 30 + 3;
    for (std::size_t i = 0; i < x.size(); ++i) right = right && d_x[i] == w.get<"scale">()[i % 3];
    for (std::size_t c = 0; c < 3; ++c) right = right && d_w.get<"scale">()[c] == x[c] + x[3 + c] + x[6 + c] + x[9 + c];
    std::puts(right ? "the gradients are right" : "the gradients are wrong");
    return right ? 0 : 1;
}
