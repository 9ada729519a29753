#include <ctnn/quantization.hpp>

#include <ctnn/io/safetensors.hpp>
#include <ctnn/training.hpp>

#include <doctest/doctest.h>

#include "support/int8_networks.hpp"
#include "support/temporary_folder.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>
#include <vector>

using namespace ctnn;

namespace {

/// The bytes of `aware` and those that it becomes, on random images: how many differ, and how far.
struct difference {
    std::size_t numbers = 0, others = 0;
    int most = 0;
};
template <class Network>
difference compare_bytes(unsigned seed) {
    const auto w = int8_networks::random_weights<Network>(seed);
    const auto images = int8_networks::random_images<Network>(40, seed + 1);
    const auto a = make_quantization_aware(w, images);
    using aware = quantization_aware<Network>;
    const auto q = quantize(a);
    const detail::byte_scale scale = q.scales[quantized<Network>::stages::scale_of.back()];
    difference found;
    for (const auto& image : images) {
        const auto y = aware::predict(a, image);
        typename quantized<Network>::input x;
        quantized<Network>::to_bytes(q, image, x);
        const auto bytes = quantized<Network>::predict(q, x);
        for (std::size_t i = 0; i < y.size(); ++i) {
            const double steps = static_cast<double>(y[i]) / static_cast<double>(scale.scale);
            CHECK(std::abs(steps - std::nearbyint(steps)) < 1e-3);
            const int distance =
                std::abs(static_cast<int>(std::nearbyint(steps)) + scale.zero - bytes[i]);
            found.others += distance > 0;
            found.most = std::max(found.most, distance);
        }
        found.numbers += y.size();
    }
    CHECK(found.numbers >= 40);
    return found;
}

template <class Network>
double accuracy_of(const quantized_parameters<Network>& q,
                   const dataset<typename Network::input>& data) {
    std::size_t right = 0;
    for (std::size_t n = 0; n < data.size(); ++n)
        right += quantized<Network>::predict(q, data.inputs[n]).argmax() ==
                 static_cast<std::size_t>(data.targets[n]);
    return static_cast<double>(right) / static_cast<double>(data.size());
}

/// Noisy pictures of four random patterns.
template <class Input>
dataset<Input> patterns(std::size_t count, unsigned seed) {
    generator of_patterns(1), random(seed);
    std::vector<Input> all(4);
    for (Input& pattern : all)
        for (float& pixel : pattern) pixel = of_patterns.between(-1.0f, 1.0f);
    dataset<Input> data;
    for (std::size_t n = 0; n < count; ++n) {
        Input image = all[n % 4];
        for (float& pixel : image) pixel += random.between(-0.9f, 0.9f);
        data.inputs.push_back(image);
        data.targets.push_back(static_cast<class_label>(n % 4));
    }
    return data;
}

}  // namespace

TEST_CASE("computes the bytes that it will become") {
    using convolutions =
        network<shape<9, 8, 3>, conv2d<5, kernel<3, 3>, same>, batch_normalization<>, relu6,
                max_pool2d<window<2, 2>>, depthwise_conv2d<kernel<3, 3>, depth_multiplier<2>>,
                conv2d<6, kernel<2, 2>, groups<2>, use_bias<false>>, flatten, dense<7>>;
    const difference chain = compare_bytes<convolutions>(1);
    CHECK(chain.others == 0);

    // Sums by fixed point, and halves of averages away from zero: now and then one step beside.
    using tanh_at_the_end = network<
        shape<9, 8, 3>,
        residual<depthwise_conv2d<kernel<3, 3>, same>, batch_normalization<>, relu,
                 sequence<conv2d<3, kernel<1, 1>, use_bias<false>>>>,
        relu, average_pool2d<window<2, 2>>,
        multiply<sequence<>, sequence<global_average_pool2d, conv2d<3, kernel<1, 1>>, sigmoid>>,
        concatenate<conv2d<4, kernel<3, 3>, same>, sequence<>>, scale_and_offset, swish,
        maximum<sequence<>, sequence<conv2d<7, kernel<1, 1>>, relu>>, zero_padding2d<1, 0, 0, 1>,
        conv2d<3, kernel<3, 3>>, average_pool2d<window<3, 3>>, flatten, dense<5>, ctnn::tanh>;
    const difference graph = compare_bytes<tanh_at_the_end>(3);
    CHECK(graph.others <= graph.numbers / 5);
    CHECK(graph.most <= 1);
}

TEST_CASE("a network that is rounded after softmax gives probabilities, as losses need them") {
    using net = int8_networks::all_kinds;
    using aware = quantization_aware<net>;
    const auto w = int8_networks::random_weights<net>(1);
    const auto images = int8_networks::random_images<net>(40, 2);
    const auto a = std::make_unique<aware::parameters>(make_quantization_aware(w, images));
    const auto q = quantize(*a);
    CHECK(q.scales == quantize(w, images).scales);
    CHECK(q.weights == quantize(w, images).weights);
    CHECK(q == quantize(w, images));
    for (const auto& image : images) {
        const auto y = aware::predict(*a, image);
        const auto bytes = quantized<net>::predict(q, image);
        for (std::size_t i = 0; i < y.size(); ++i) CHECK(std::abs(y[i] - bytes[i]) < 0.02f);
    }
}

TEST_CASE_TEMPLATE("values are rounded, and gradients pass but beyond the bytes", T, float,
                   simd::native) {
    using layer = detail::fake_quantization::on<shape<1, 1, 12>>;
    parameters<layer> w{};
    w.get<"scale">()[0] = 0.5f;
    w.get<"zero">()[0] = -120.0f;  // from -4 to 123.5
    constexpr float none = std::numeric_limits<float>::quiet_NaN(),
                    infinity = std::numeric_limits<float>::infinity();
    const std::vector<float> x{0.0f,   0.24f,  0.26f, -0.9f,    -4.24f,    -4.26f,
                               123.7f, 123.8f, none,  infinity, -infinity, 1e30f},
        y{0.0f, 0.0f, 0.5f, -1.0f, -4.0f, -4.0f, 123.5f, 123.5f, none, 123.5f, -4.0f, 123.5f},
        slope{1, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0};
    tensor<shape<1, 1, 12>, T> in, d_y;
    for (std::size_t i = 0; i < 12; ++i) {
        in[i] = T(x[i]);
        d_y[i] = T(3.0f);
    }
    const auto out = layer::forward(parameter_view<layer, const float>(w), in);
    parameters<layer> d_w{};
    const auto d_x = layer::backward(parameter_view<layer, const float>(w), in, d_y, d_w);
    for (std::size_t i = 0; i < 12; ++i) {
        CAPTURE(x[i]);
        float numbers[simd::lanes_of<T>], gradients[simd::lanes_of<T>];
        simd::store(numbers, T(out[i]));
        simd::store(gradients, T(d_x[i]));
        for (std::size_t n = 0; n < simd::lanes_of<T>; ++n) {
            if (std::isnan(y[i]))
                CHECK(std::isnan(numbers[n]));
            else
                CHECK(numbers[n] == y[i]);
            CHECK(gradients[n] == 3.0f * slope[i]);
        }
    }
    CHECK(d_w.get<"scale">()[0] == 0.0f);
}

TEST_CASE(
    "weights are whole multiples of a scale for each filter; gradients are those of the layer "
    "with such weights") {
    using input = shape<6, 5, 3>;
    using plain = conv2d<70, kernel<3, 2>>::on<input>;
    using layer = detail::rounded_weights<conv2d<70, kernel<3, 2>>, 4>::on<input>;
    parameters<layer> w{};
    generator random(5);
    for (std::size_t i = 0; i < plain::parameter_count; ++i)
        w.elements[i] = random.between(-1.0f, 1.0f);
    for (std::size_t i = 3; i < plain::parameter_count - 70; i += 70) w.elements[i] = 0.0f;
    constexpr float x_scale = 0.25f;
    w.get<"input_scale">()[0] = x_scale;
    layer::derive(w);
    parameters<layer> fresh{};
    initialize(fresh, glorot_uniform{.seed = 1});
    parameters<layer> derived = fresh;
    layer::derive(derived);
    CHECK(std::ranges::equal(fresh.values(), derived.values()));
    const auto kernel = w.get<"kernel">(), rounded = w.get<"rounded_kernel">();
    for (std::size_t f = 0; f < 70; ++f) {
        float largest = 0.0f;
        for (std::size_t i = f; i < kernel.size(); i += 70)
            largest = std::max(largest, std::abs(kernel.data()[i]));
        const double scale = static_cast<double>(largest) / 7.0;
        for (std::size_t i = f; i < kernel.size(); i += 70) {
            const double was = static_cast<double>(kernel.data()[i]),
                         is = static_cast<double>(rounded.data()[i]);
            CHECK(std::abs(is - was) <= scale * 0.5000001);
            if (f == 3) CHECK(is == 0.0);
            if (f != 3) CHECK(std::abs(is / scale - std::nearbyint(is / scale)) < 1e-5);
        }
        if (f != 3)
            CHECK(std::abs(w.get<"rounded_bias">()[f] - w.get<"bias">()[f]) <=
                  0.51 * x_scale * scale);
    }

    parameters<plain> of_plain{};
    std::copy_n(w.get<"rounded_kernel">().data(), plain::parameter_count, of_plain.elements);
    tensor<input> x;
    for (float& number : x) number = random.between(-1.0f, 1.0f);
    plain::output d_y;
    for (float& number : d_y) number = random.between(-1.0f, 1.0f);
    CHECK(std::ranges::equal(layer::forward(w, x), plain::forward(of_plain, x)));
    parameters<plain> d_plain{};
    parameters<layer> d_w{};
    CHECK(std::ranges::equal(layer::backward(w, x, d_y, d_w),
                             plain::backward(of_plain, x, d_y, d_plain)));
    for (std::size_t i = 0; i < layer::parameter_count; ++i)
        CHECK(d_w.elements[i] == (i < plain::parameter_count ? d_plain.elements[i] : 0.0f));
}

TEST_CASE("training regains what few bits lost, and quantizing loses nothing of it") {
    using net = network<shape<6, 6, 1>, conv2d<8, kernel<3, 3>>, batch_normalization<>, relu,
                        max_pool2d<window<2, 2>>, flatten, dense<4>, softmax>;
    using aware = quantization_aware<net, 2>;
    const auto train = patterns<net::input>(600, 2), test = patterns<net::input>(400, 3);
    net::parameters w{};
    initialize(w, glorot_uniform{.seed = 2});
    adam<net> first{{.learning_rate = 3e-3f}};
    fit(w, first, train, {.epochs = 12});
    const double of_floats = evaluate(w, test).accuracy,
                 at_once = accuracy_of<net>(quantize(w, train, {.weight_bits = 2}), test);

    aware::parameters a = make_quantization_aware<2>(w, train.inputs);
    CHECK(accuracy_of<net>(quantize(a), test) == at_once);
    aware::parameters other = a;
    adam<aware> second{{.learning_rate = 1e-3f}}, third = second;
    fit(a, second, train, {.epochs = 12});
    fit(other, third, train, {.epochs = 12, .threads = 3});
    CHECK(std::equal(a.values().begin(), a.values().end(), other.values().begin()));
    const double trained = accuracy_of<net>(quantize(a), test);
    CAPTURE(of_floats);
    CAPTURE(at_once);
    CAPTURE(trained);
    CHECK(of_floats > 0.8);
    CHECK(trained > at_once + (of_floats - at_once) / 2);
    CHECK(of_floats - at_once > 0.05);
    CHECK(std::abs(trained - evaluate(a, test).accuracy) <= 0.01);

    const temporary_folder folder;
    save(a, folder / "aware.safetensors");
    aware::parameters again{};
    load(again, folder / "aware.safetensors");
    CHECK(quantize(again) == quantize(a));
}

TEST_CASE("what cannot be made is refused by name") {
    using net = network<shape<2, 2, 1>, conv2d<3, kernel<2, 2>>, relu>;
    auto w = int8_networks::random_weights<net>(1);
    const auto images = int8_networks::random_images<net>(3, 1);
    CHECK_THROWS_WITH(static_cast<void>(make_quantization_aware(w, std::vector<net::input>{})),
                      "ctnn::quantize: there must be images, found none");
    auto a = make_quantization_aware(w, images);
    a.values()[0] = 0.0f;  // the input's scale
    CHECK_THROWS_WITH(static_cast<void>(quantize(a)),
                      "ctnn::quantize: what 'input' gives must have a scale above 0 and a zero of "
                      "-128 to 127, found 0 and -110");
    for (const float zero : {0.5f, 128.0f, std::numeric_limits<float>::quiet_NaN()}) {
        a.values()[0] = 1.0f;
        a.values()[1] = zero;
        CHECK_THROWS_AS(static_cast<void>(quantize(a)), std::invalid_argument);
    }
    w.values()[1] = std::numeric_limits<float>::infinity();
    CHECK_THROWS_AS(static_cast<void>(make_quantization_aware(w, images)), std::invalid_argument);
}
