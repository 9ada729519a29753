#include <ctnn/quantization/quantize.hpp>

#include <ctnn/ctnn.hpp>
#include <ctnn/io/quantization_text.hpp>

#include <doctest/doctest.h>

#include "support/int8_networks.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace ctnn;

namespace {

using net = int8_networks::all_kinds;
const auto w = int8_networks::random_weights<net>(1);
const auto images = int8_networks::random_images<net>(40, 2);

template <class Network>
std::string error_of(const parameters<Network>& of, std::span<const typename Network::input> with,
                     const quantize_options& options = {}) {
    try {
        static_cast<void>(quantize(of, with, options));
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE_TEMPLATE("every value is near the float network's, in every kind of layer", Rounding,
                   rounding::tflite, rounding::tflite_micro) {
    quantization_report report;
    const auto q = quantize<Rounding>(w, images, {.report = &report});
    CHECK(report.images == images.size());
    CHECK(report.values.front().layer == "input");
    CHECK(report.values.back().layer == "softmax_1");
    CHECK(report.values.size() >= 20);
    for (const quantized_value& value : report.values) {
        CAPTURE(value.layer);
        CHECK(value.scale > 0.0f);
        CHECK(value.low < value.high);
        CHECK(value.relative_error > 1e-6);
        CHECK(value.relative_error < 0.05);
        CHECK(value.saturated < (value.layer == "softmax_1" ? 0.2 : 0.01));
    }
    CHECK(report.agreement >= 0.9);
    CHECK(std::isnan(report.float_accuracy));

    // Floats in, floats out: the bytes' numbers.
    using int8 = quantized<net, Rounding>;
    const auto y = int8::predict(q, images[0]);
    typename int8::input bytes;
    int8::to_bytes(q, images[0], bytes);
    const auto by_bytes = int8::predict(q, bytes);
    for (std::size_t i = 0; i < y.size(); ++i)
        CHECK(y[i] == static_cast<float>(by_bytes[i] + 128) / 256.0f);
}

namespace {

template <class Network>
struct without_last;
template <class Input, class... Entries>
struct without_last<network<Input, Entries...>> {
    template <std::size_t... I>
    static auto first(std::index_sequence<I...>)
        -> network<Input, std::tuple_element_t<I, std::tuple<Entries...>>...>;
    using type = decltype(first(std::make_index_sequence<sizeof...(Entries) - 1>{}));
};

}  // namespace

TEST_CASE_TEMPLATE("softmax of floats, of the bytes before it", Rounding, rounding::tflite,
                   rounding::tflite_micro) {
    using logits = without_last<net>::type;
    const auto all = quantize<Rounding>(w, images);
    const auto some = quantize<Rounding>(int8_networks::random_weights<logits>(1), images);
    using int8 = quantized<net, Rounding>;
    static_assert(noexcept(int8::predict_with_float_softmax(all, images[0])));
    std::size_t unlike = 0;
    for (const auto& image : images) {
        const auto y = int8::predict_with_float_softmax(all, image);
        auto expected = quantized<logits, Rounding>::predict(some, image);
        double sum = 0.0;
        for (const float x : expected) sum += std::exp(static_cast<double>(x));
        const auto rounded = int8::predict(all, image);
        for (std::size_t i = 0; i < y.size(); ++i) {
            CHECK(y[i] ==
                  doctest::Approx(std::exp(static_cast<double>(expected[i])) / sum).epsilon(1e-6));
            CHECK(std::abs(y[i] - rounded[i]) < 0.0045f);
            unlike += y[i] != rounded[i];
        }
    }
    CHECK(unlike > images.size());

    using alone = network<features<3>, softmax>;
    const std::vector<alone::input> numbers{{0.0f, 1.0f, 2.0f}};
    const auto y = quantized<alone, Rounding>::predict_with_float_softmax(
        quantize<Rounding>(alone::parameters{}, numbers), numbers[0]);
    CHECK(y[2] ==
          doctest::Approx(std::exp(2.0) / (1.0 + std::exp(1.0) + std::exp(2.0))).epsilon(0.005));
}

TEST_CASE("with the floats' answers as labels, accuracy in bytes is agreement") {
    dataset<net::input> data{images, {}};
    for (const auto& image : images)
        data.targets.push_back(static_cast<class_label>(net::predict(w, image).argmax()));
    quantization_report report;
    static_cast<void>(quantize(w, data, {.weight_bits = 2, .report = &report}));
    CHECK(report.float_accuracy == 1.0);
    CHECK(report.agreement < 1.0);
    CHECK(report.int8_accuracy == report.agreement);
}

TEST_CASE("a range without a 0 gets it") {
    const auto below = detail::scale_of_range(-3.0f, -1.0f),
               above = detail::scale_of_range(1.0f, 3.0f);
    CHECK(below == detail::scale_of_range(-3.0f, 0.0f));
    CHECK(below.zero == 127);
    CHECK(above == detail::scale_of_range(0.0f, 3.0f));
    CHECK(above.zero == -128);
}

TEST_CASE("accuracies are those of the labels") {
    dataset<net::input> data{images, {}};
    for (const auto& image : images)
        data.targets.push_back(static_cast<class_label>(net::predict(w, image).argmax()));
    for (std::size_t n = 0; n < 10; ++n) data.targets[n] = (data.targets[n] + 1) % 7;
    quantization_report report;
    const auto q = quantize(w, data, {.report = &report});
    CHECK(report.float_accuracy == doctest::Approx(0.75));
    CHECK(report.int8_accuracy >= 0.65);
    CHECK(report.int8_accuracy <= 0.85);
    CHECK(q == quantize(w, images));
    std::ostringstream text;
    text << report;
    CHECK(text.str().find("of 40 images; accuracy 0.7500 -> ") != std::string::npos);
    CHECK(text.str().find("max_pool2d_1") != std::string::npos);
}

TEST_CASE("ranges") {
    using one = network<features<1>, dense<1>>;
    one::parameters v{};
    v.layer<0>().kernel()[0] = 1.0f;
    std::vector<one::input> numbers(1000);
    for (std::size_t i = 0; i < 1000; ++i) numbers[i][0] = static_cast<float>(i) / 999.0f;
    numbers[500][0] = 50.0f;  // far out
    const auto scale = [&](range_method method, double outliers = 0.01) {
        return quantize(v, numbers, {.range = method, .outliers = outliers}).scales[0].scale;
    };
    CHECK(scale(range_method::min_max) == doctest::Approx(50.0 / 255.0));
    CHECK(scale(range_method::percentile) == doctest::Approx(1.0 / 255.0).epsilon(0.03));
    CHECK(scale(range_method::percentile, 0.0) == doctest::Approx(50.0 / 255.0));
    // One number cut to 20 % costs more than the others gain by finer steps.
    CHECK(scale(range_method::least_squares) > 0.9f * 50.0f / 255.0f);

    // Of very many numbers, a few a little way out cost less than coarser steps for all.
    generator random(5);
    numbers.resize(100'000);
    for (auto& number : numbers) number[0] = random.between(-1.0f, 1.0f);
    for (std::size_t i = 0; i < 4; ++i) numbers[i][0] = i % 2 == 0 ? 1.15f : -1.15f;
    CHECK(scale(range_method::least_squares) < 0.97f * scale(range_method::min_max));
    CHECK(scale(range_method::least_squares) > 0.85f * scale(range_method::min_max));
    CHECK(quantize(v, numbers).scales[0].zero > -40);
    CHECK(quantize(v, numbers).scales[0].zero < 40);
}

TEST_CASE("weights of fewer bits") {
    const auto q = quantize(w, images, {.weight_bits = 4});
    CHECK(*std::ranges::max_element(q.weights) == 7);
    CHECK(*std::ranges::min_element(q.weights) == -7);
}

TEST_CASE("a filter of zeros with a bias, and one of tiny weights") {
    using two = network<features<2>, dense<2>>;
    two::parameters v{};
    v.layer<0>().bias()[0] = 3.0f;
    v.layer<0>().kernel()(0, 1) = 1e-20f;
    v.layer<0>().bias()[1] = -2.0f;
    const std::vector<two::input> some{{1.0f, 2.0f}, {-1.0f, 0.5f}};
    const auto y = quantized<two>::predict(quantize(v, some), some[0]);
    CHECK(y[0] == doctest::Approx(3.0).epsilon(0.01));
    CHECK(y[1] == doctest::Approx(-2.0).epsilon(0.01));
}

TEST_CASE("what is wrong is named") {
    CHECK(error_of(w, std::span<const net::input>()) ==
          "ctnn::quantize: there must be images, found none");
    CHECK(error_of(w, images, {.outliers = 0.6}) ==
          "ctnn::quantize: outliers must be 0 to 0.5, found 0.600000");
    CHECK(error_of(w, images, {.outliers = std::nan("")}).find("found nan") != std::string::npos);
    CHECK(error_of(w, images, {.weight_bits = 9}) ==
          "ctnn::quantize: weight_bits must be 2 to 8, found 9");
    auto broken = w;
    broken.layer<0>().kernel()[0] = std::numeric_limits<float>::infinity();
    CHECK(error_of(broken, images) ==
          "ctnn::quantize: the parameters of 'conv2d_1' must be finite, found inf");
    auto dead = w;
    std::ranges::fill(dead.layer<0>().kernel(), 0.0f);
    std::ranges::fill(dead.layer<1>().get<"gamma">(), 0.0f);
    std::ranges::fill(dead.layer<1>().get<"beta">(), -1.0f);
    CHECK(error_of(dead, images)
              .find("what 'relu6_1' gives must not be the same number everywhere "
                    "on all images, found 0.0") != std::string::npos);
    auto dark = images;
    dark[3][5] = std::numeric_limits<float>::quiet_NaN();
    CHECK(error_of(w, dark).find("what 'input' gives must be finite") != std::string::npos);
}

TEST_CASE("an input that is no number has the byte of 0, one far out the last byte") {
    const auto q = quantize(w, images);
    auto x = images[0];
    x[0] = std::numeric_limits<float>::quiet_NaN();
    x[1] = std::numeric_limits<float>::infinity();
    x[2] = -1e30f;
    quantized<net>::input bytes;
    quantized<net>::to_bytes(q, x, bytes);
    CHECK(static_cast<int>(bytes[0]) == q.scales[0].zero);
    CHECK(static_cast<int>(bytes[1]) == 127);
    CHECK(static_cast<int>(bytes[2]) == -128);
}
