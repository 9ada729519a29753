// EXPECT: ctnn::layer: every layer must have compute(w, x, y), without w if it has no parameters; add it
#include <ctnn/ctnn.hpp>

struct own {
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : ctnn::layer_base<on<Input>, Input, Input> {
        using weights = ctnn::parameter_view<on, const float>;
        using gradients = ctnn::parameter_view<on, float>;
        template <class T>
        using in = ctnn::tensor_view<Input, const T>;
        template <class T>
        using out = ctnn::tensor_view<Input, T>;
        static constexpr std::string_view name = "own";
#ifdef CORRECTED
        template <class T>
        static constexpr void compute(in<T> x, out<T> y) noexcept {
            for (std::size_t i = 0; i < Input::size; ++i) y[i] = x[i];
        }
#endif
    };
};

using net = ctnn::network<ctnn::shape<4, 4, 2>, own, ctnn::flatten, ctnn::dense<3>>;

int main() {
    return static_cast<int>(net::predict(net::parameters{}, net::input{})[0]);
}
