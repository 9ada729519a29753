// What a type needs to be a layer, and what a layer may say of itself.
#include <ctnn/layer_concept.hpp>

#include <ctnn/training.hpp>

#include "support/random.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

using namespace ctnn;

namespace {

/// y = scale x, in training 3 scale x; `offset` lies with the parameters, but is not trained.
struct tripled_in_training {
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on
        : layer_base<on<Input>, Input, Input, untrained_array<"before", 2>,
                     parameter_array<"scale", Input::channels>, untrained_array<"offset", 3>> {
        using weights = parameter_view<on, const float>;
        using gradients = parameter_view<on, float>;
        template <class T>
        using in = tensor_view<Input, const T>;
        static constexpr std::string_view name = "tripled_in_training";
        static constexpr layer_facts facts{.trains_differently = true};

        template <class T>
        static constexpr void compute(weights w, in<T> x, tensor_view<Input, T> y) noexcept {
            for (std::size_t i = 0; i < Input::size; ++i) y[i] = x[i] * T(scale(w, i));
        }
        template <class T>
        static constexpr void compute_in_training(weights w, in<T> x,
                                                  tensor_view<Input, T> y) noexcept {
            for (std::size_t i = 0; i < Input::size; ++i) y[i] = x[i] * T(3.0f * scale(w, i));
        }
        template <class T>
        static constexpr void input_gradient(weights w, in<T>, in<T> d_y,
                                             tensor_view<Input, T> d_x) noexcept {
            for (std::size_t i = 0; i < Input::size; ++i) d_x[i] = d_y[i] * T(3.0f * scale(w, i));
        }
        template <class T>
        static constexpr void parameter_gradient(in<T> x, in<T> d_y, gradients d_w) noexcept {
            for (std::size_t i = 0; i < Input::size; ++i)
                d_w.template get<"scale">()[i % Input::channels] +=
                    simd::sum_of_lanes(T(T(3.0f) * x[i] * d_y[i]));
        }

    private:
        static constexpr float scale(weights w, std::size_t i) noexcept {
            return w.template get<"scale">()[i % Input::channels];
        }
    };
};

/// max(x, 0), in training max(2 x, 0): elementwise, so that a prediction computes it with the layer
/// before it.
struct doubled_in_training {
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : elementwise<on<Input>, Input> {
        static constexpr std::string_view name = "doubled_in_training";
        static constexpr layer_facts facts{.in_place = true,
                                           .trains_differently = true,
                                           .is_elementwise = true,
                                           .is_increasing = true};
        template <class T>
        static constexpr T value(T x) noexcept {
            return simd::max(T(0.0f), x);
        }
        template <class T>
        static constexpr T slope(T y) noexcept {
            return simd::select(y > T(0.0f), T(2.0f), T(0.0f));
        }
        template <class T>
        static constexpr void compute_in_training(tensor_view<Input, const T> x,
                                                  tensor_view<Input, T> y) noexcept {
            for (std::size_t i = 0; i < Input::size; ++i) y[i] = value(T(x[i])) * T(2.0f);
        }
    };
};

using input = shape<6, 6, 1>;
using net = network<input, conv2d<3, kernel<3, 3>>, doubled_in_training, max_pool2d<>,
                    tripled_in_training, flatten, dense<2>, softmax>;
using as_predicted =
    network<input, conv2d<3, kernel<3, 3>>, relu, max_pool2d<>, flatten, dense<2>, softmax>;

struct nameless {
    template <class Input>
    struct on : layer_base<on<Input>, Input, Input> {
        template <class T>
        static constexpr void compute(tensor_view<Input, const T>, tensor_view<Input, T>) noexcept {
        }
    };
};
struct idle {
    template <class Input>
    struct on : layer_base<on<Input>, Input, Input, parameter_array<"w", 1>> {
        static constexpr std::string_view name = "idle";
        template <class T>  // it has parameters, and does not take them
        static constexpr void compute(tensor_view<Input, const T>, tensor_view<Input, T>) noexcept {
        }
    };
};
struct for_predictions {
    template <class Input>
    struct on : layer_base<on<Input>, Input, Input> {
        static constexpr std::string_view name = "for_predictions";
        template <class T>
        static constexpr void compute(tensor_view<Input, const T> x,
                                      tensor_view<Input, T> y) noexcept {
            for (std::size_t i = 0; i < Input::size; ++i) y[i] = x[i];
        }
    };
};

/// Nobody asks for the gradient of the lowest layer's input.
struct lowest {
    template <class Input>
    struct on : layer_base<on<Input>, Input, Input, parameter_array<"scale", 1>> {
        using weights = parameter_view<on, const float>;
        using gradients = parameter_view<on, float>;
        static constexpr std::string_view name = "lowest";
        template <class T>
        static constexpr void compute(weights w, tensor_view<Input, const T> x,
                                      tensor_view<Input, T> y) noexcept {
            for (std::size_t i = 0; i < Input::size; ++i) y[i] = x[i] * T(*w.first);
        }
        template <class T>
        static constexpr void parameter_gradient(tensor_view<Input, const T> x,
                                                 tensor_view<Input, const T> d_y,
                                                 gradients d_w) noexcept {
            for (std::size_t i = 0; i < Input::size; ++i)
                *d_w.first += simd::sum_of_lanes(T(x[i] * d_y[i]));
        }
    };
};

static_assert(trainable_layer<conv2d<2, kernel<3, 3>>::on<input>> &&
              trainable_layer<dense<3>::on<features<4>>>);
static_assert(trainable_layer<softmax::on<input>> && trainable_layer<flatten::on<input>>);
static_assert(trainable_layer<tripled_in_training::on<input>>);
static_assert(layer<for_predictions::on<input>> && !trainable_layer<for_predictions::on<input>>);
static_assert(!layer<nameless::on<input>> && !layer<idle::on<input>> && !layer<input> &&
              !layer<int>);
static_assert(specification<relu> && !specification<input> && !specification<relu::on<input>>);

// Below the first parameters nobody asks for gradients: such a layer may stand there.
using below = network<features<2>, for_predictions, dense<1>>;

using scaled = tripled_in_training::on<shape<2, 2, 2>>;
static_assert(scaled::parameter_count == 2 + 2 + 3);
static_assert(!scaled::parameter_table[0].is_trained && scaled::parameter_table[1].is_trained &&
              !scaled::parameter_table[2].is_trained);
static_assert(net::parameter_count == 30 + 8 + 26 && net::trained_parameter_count == 30 + 3 + 26);

/// The weights of the plain network, in the one with other numbers between them.
void copy_weights(const net::parameters& from, as_predicted::parameters& to) {
    std::copy_n(from.elements, 30, to.elements);
    std::copy_n(from.elements + 38, 26, to.elements + 30);
}

}  // namespace

TEST_CASE("trains_differently: compute in predictions, compute_in_training in training") {
    net::parameters w;
    fill_random(w, 1, 0.5f);
    for (std::size_t c = 0; c < 3; ++c) w.layer<3>().get<"scale">()[c] = 1.0f;
    as_predicted::parameters plain;
    copy_weights(w, plain);
    net::input x;
    fill_random(x, 2, 1.0f);
    const net::output y = net::predict(w, x), y_plain = as_predicted::predict(plain, x);
    for (std::size_t i = 0; i < 2; ++i) CHECK(y[i] == doctest::Approx(y_plain[i]));

    // In training: 2 by the one and 3 by the other, so the dense layer's kernel sees 6 times as much.
    const auto kernel = plain.layer<4>().kernel();
    for (std::size_t i = 0; i < kernel.size(); ++i) kernel[i] *= 6.0f;
    const auto expected = as_predicted::predict(plain, x);
    const auto pass = std::make_unique<backpropagation<net, float>>();
    pass->x = x;
    pass->forward(w);
    for (std::size_t i = 0; i < 2; ++i) CHECK(pass->output()[i] == doctest::Approx(expected[i]));
    CHECK(expected[0] != doctest::Approx(y[0]));

    for (std::size_t i = 0; i < 2; ++i) pass->d_output()[i] = 1.0f + static_cast<float>(i);
    net::parameters d_w{};
    pass->backward(w, d_w);
    const auto pass_plain = std::make_unique<backpropagation<as_predicted, float>>();
    pass_plain->x = x;
    pass_plain->forward(plain);
    for (std::size_t i = 0; i < 2; ++i) pass_plain->d_output()[i] = 1.0f + static_cast<float>(i);
    as_predicted::parameters d_plain{};
    pass_plain->backward(plain, d_plain);
    REQUIRE(varied(d_plain.layer<0>().kernel()));
    for (std::size_t i = 0; i < 30; ++i)
        CHECK(d_w.elements[i] == doctest::Approx(d_plain.elements[i]));
}

TEST_CASE_TEMPLATE("untrained_array: no optimizer changes it", Optimizer, sgd<net>, adam<net>,
                   rmsprop<net>) {
    net::parameters w;
    fill_random(w, 3, 0.5f);
    const net::parameters before = w;
    dataset<net::input> data;
    for (std::uint64_t n = 0; n < 20; ++n) {
        fill_random(data.inputs.emplace_back(), 10 + n, 1.0f);
        data.targets.push_back(static_cast<int>(n % 2));
    }
    Optimizer optimizer;
    fit(w, optimizer, data, {.epochs = 3, .batch_size = 7});
    for (const parameter_entry& entry : net::parameter_table) {
        std::size_t changed = 0;
        for (std::size_t i = entry.offset; i < entry.offset + entry.size; ++i)
            changed += w.elements[i] != before.elements[i];
        CAPTURE(entry.array);
        CHECK((entry.is_trained ? changed == entry.size : changed == 0));
    }
}

TEST_CASE("a layer without gradients, below the first that has parameters") {
    below::parameters w{{2, 3, 4}};
    backpropagation<below, float> pass;
    pass.x = below::input{{5, 6}};
    pass.forward(w);
    CHECK(pass.output()[0] == 2 * 5 + 3 * 6 + 4);
    pass.d_output()[0] = 1.0f;
    below::parameters d_w{};
    pass.backward(w, d_w);
    CHECK(d_w.elements[0] == 5.0f);
    CHECK(d_w.elements[1] == 6.0f);
}
TEST_CASE("the lowest layer with parameters, without the gradient of its input") {
    using net_of_lowest = network<features<2>, lowest>;
    const net_of_lowest::parameters w{{2}};
    backpropagation<net_of_lowest, float> pass;
    pass.x = net_of_lowest::input{{5, 6}};
    pass.forward(w);
    pass.d_output()[0] = 1.0f;
    pass.d_output()[1] = 10.0f;
    net_of_lowest::parameters d_w{};
    pass.backward(w, d_w);
    CHECK(d_w.elements[0] == 65.0f);
}
