// EXPECT: ctnn::layer: every layer must have layer_base<> as its base; derive from it
#include <ctnn/ctnn.hpp>

struct own {
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on
#ifdef CORRECTED
        : ctnn::layer_base<on<Input>, Input, Input>
#endif
    {
        template <class T>
        using in = ctnn::tensor_view<Input, const T>;
        template <class T>
        using out = ctnn::tensor_view<Input, T>;
        static constexpr std::string_view name = "own";
        template <class T>
        static constexpr void compute(in<T> x, out<T> y) noexcept {
            for (std::size_t i = 0; i < Input::size; ++i) y[i] = x[i];
        }
    };
};

using net = ctnn::network<ctnn::shape<4, 4, 2>, own, ctnn::flatten, ctnn::dense<3>>;

int main() {
    return static_cast<int>(net::predict(net::parameters{}, net::input{})[0]);
}
