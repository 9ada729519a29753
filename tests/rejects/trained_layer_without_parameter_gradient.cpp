// EXPECT: ctnn::layer: a trained layer with parameters must have parameter_gradient(x, d_y, d_w); add it
#include <ctnn/training.hpp>

struct own {
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : ctnn::layer_base<on<Input>, Input, Input, ctnn::parameter_array<"scale", 2>> {
        using weights = ctnn::parameter_view<on, const float>;
        using gradients = ctnn::parameter_view<on, float>;
        template <class T>
        using in = ctnn::tensor_view<Input, const T>;
        template <class T>
        using out = ctnn::tensor_view<Input, T>;
        static constexpr std::string_view name = "own";
        template <class T>
        static constexpr void compute(weights, in<T> x, out<T> y) noexcept {
            for (std::size_t i = 0; i < Input::size; ++i) y[i] = x[i];
        }
        template <class T>
        static constexpr void input_gradient(weights, in<T>, in<T> d_y, out<T> d_x) noexcept {
            for (std::size_t i = 0; i < Input::size; ++i) d_x[i] = d_y[i];
        }
#ifdef CORRECTED
        template <class T>
        static constexpr void parameter_gradient(in<T>, in<T>, gradients) noexcept {}
#endif
    };
};

using net = ctnn::network<ctnn::shape<4, 4, 2>, ctnn::conv2d<2, ctnn::kernel<1, 1>>, own,
                          ctnn::flatten, ctnn::dense<3>>;

int main() {
    static net::parameters w, d_w;
    ctnn::backpropagation<net, float> pass;
    pass.forward(w);
    pass.backward(w, d_w);
}
