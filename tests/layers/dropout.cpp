#include <ctnn/ctnn.hpp>
#include <ctnn/training.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

using namespace ctnn;

namespace {

constexpr std::size_t lanes = simd::native_lanes;

/// What the layer makes in training of images of ones, image after image, `T` at a time.
template <class Layer, class T>
std::vector<float> in_training(std::size_t images, std::uint64_t seed, std::uint64_t step,
                               float value = 1.0f) {
    using shape = typename Layer::input_shape;
    constexpr std::size_t at_once = simd::lanes_of<T>;
    std::vector<float> result;
    for (std::size_t first = 0; first < images; first += at_once) {
        detail::random_lanes<T> random;
        for (std::size_t n = 0; n < at_once; ++n)
            random.keys[n] = detail::key_of(seed, step, first + n);
        tensor<shape, T> x, y;
        x.fill(T(value));
        Layer::compute_in_training(tensor_view<shape, const T>(x), tensor_view<shape, T>(y),
                                   random);
        for (std::size_t n = 0; n < std::min(at_once, images - first); ++n)
            for (std::size_t i = 0; i < shape::size; ++i) {
                float all[at_once];
                simd::store(all, T(y[i]));
                result.push_back(all[n]);
            }
    }
    return result;
}
double share_of_zeros(const std::vector<float>& numbers) {
    return static_cast<double>(std::count(numbers.begin(), numbers.end(), 0.0f)) /
           static_cast<double>(numbers.size());
}

using map = shape<10, 10, 8>;

}  // namespace

TEST_CASE("dropout: a share of the numbers, the others larger") {
    const auto y = in_training<dropout<rate<1, 4>>::on<map>, simd::native>(50, 1, 1);
    for (const float number : y) CHECK((number == 0.0f || number == doctest::Approx(4.0 / 3.0)));
    CHECK(std::abs(share_of_zeros(y) - 0.25) < 0.01);  // 40,000 numbers: 4.6 deviations
    // Every place, and every image.
    for (std::size_t i = 0; i < map::size; i += 37) {
        std::vector<float> here;
        for (std::size_t n = 0; n < 50; ++n) here.push_back(y[n * map::size + i]);
        CHECK(std::abs(share_of_zeros(here) - 0.25) < 0.3);
    }
    CHECK(share_of_zeros(in_training<dropout<rate<0>>::on<map>, float>(2, 1, 1)) == 0.0);
}

TEST_CASE("dropout: the mask depends on seed, step, image and place, not on lanes") {
    using layer = dropout<rate<1, 2>>::on<map>;
    const auto y = in_training<layer, simd::native>(lanes + 3, 1, 1);
    CHECK(y == in_training<layer, float>(lanes + 3, 1, 1));
    CHECK(y != in_training<layer, float>(lanes + 3, 2, 1));
    CHECK(y != in_training<layer, float>(lanes + 3, 1, 2));
    const std::vector<float> first(y.begin(), y.begin() + map::size),
        second(y.begin() + map::size, y.begin() + 2 * map::size);
    CHECK(first != second);
    // Independent: half of the places that one image keeps, another one keeps.
    std::size_t both = 0;
    for (std::size_t i = 0; i < map::size; ++i) both += first[i] > 0.0f && second[i] > 0.0f;
    CHECK(std::abs(static_cast<double>(both) / map::size - 0.25) < 0.08);
}

TEST_CASE("dropout: other layers of a network have other masks") {
    const detail::random_lanes<float> random{{42}};
    std::size_t equal = 0;
    for (std::size_t i = 0; i < 1000; ++i)
        equal += (random.of_layer(1).uniform(i) < 0.5f) == (random.of_layer(2).uniform(i) < 0.5f);
    CHECK(equal > 430);
    CHECK(equal < 570);
}

TEST_CASE("spatial_dropout2d: whole channels") {
    const auto y = in_training<spatial_dropout2d<rate<1, 2>>::on<map>, simd::native>(300, 1, 1);
    for (std::size_t i = 0; i < y.size(); ++i)
        CHECK(y[i] == y[i / map::size * map::size + i % map::channels]);
    CHECK(std::abs(share_of_zeros(y) - 0.5) < 0.05);  // 2,400 channels
}

TEST_CASE("gaussian_noise: mean and deviation") {
    const auto y = in_training<gaussian_noise<stddev<1, 2>>::on<map>, simd::native>(50, 1, 1, 3.0f);
    double mean = 0.0, square = 0.0, beyond = 0.0;
    for (const float number : y) {
        const double distance = static_cast<double>(number) - 3.0;
        mean += distance / static_cast<double>(y.size());
        square += distance * distance / static_cast<double>(y.size());
        beyond += std::abs(distance) > 1.0 ? 1.0 / static_cast<double>(y.size()) : 0.0;
    }
    CHECK(std::abs(mean) < 0.01);
    CHECK(std::sqrt(square) == doctest::Approx(0.5).epsilon(0.02));
    CHECK(beyond == doctest::Approx(0.0455).epsilon(0.1));  // of a normal distribution
}

TEST_CASE("dropout and noise: nothing in predictions, and NaN stays") {
    using net = network<features<5>, dropout<rate<1, 2>>, spatial_dropout2d<rate<1, 2>>,
                        gaussian_noise<stddev<1>>>;
    static_assert(net::workspace_bytes <= 64);
    net::input x{{1, 2, 3, 4, 5}};
    const net::output y = net::predict(net::parameters{}, x);
    CHECK(std::equal(x.begin(), x.end(), y.begin()));
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (const float number : in_training<dropout<rate<1, 2>>::on<map>, simd::native>(2, 1, 1, nan))
        CHECK(std::isnan(number));
    // They mean nothing for files.
    static_assert(network<features<5>, dense<2>, dropout<rate<1, 2>>>::fingerprint ==
                  network<features<5>, dense<2>>::fingerprint);
}

TEST_CASE("dropout: evaluate is a prediction, train_step draws anew") {
    using net = network<features<64>, dense<8>, dropout<rate<1, 2>>, dense<1>>;
    auto w = std::make_unique<net::parameters>();
    initialize(*w, he_normal{.seed = 1});
    dataset<net::input, net::output> data;
    for (std::size_t n = 0; n < lanes + 1; ++n) {
        auto& x = data.inputs.emplace_back();
        for (std::size_t i = 0; i < 64; ++i) x[i] = static_cast<float>((i * 7 + n) % 5) - 2.0f;
        data.targets.emplace_back()[0] = 1.0f;
    }
    double loss = 0.0;
    for (std::size_t n = 0; n < data.inputs.size(); ++n)
        loss += std::pow(static_cast<double>(net::predict(*w, data.inputs[n])[0]) - 1.0, 2.0) /
                static_cast<double>(data.inputs.size());
    CHECK(evaluate<mean_squared_error>(*w, data).loss == doctest::Approx(loss).epsilon(1e-5));
    const auto space = std::make_unique<training_workspace<net, mean_squared_error>>();
    sgd<net> still{{.learning_rate = 0.0}};
    const double first =
        train_step<mean_squared_error>(*w, still, data.inputs, data.targets, *space).loss;
    const double second =
        train_step<mean_squared_error>(*w, still, data.inputs, data.targets, *space).loss;
    CHECK(first != second);
    space->random.step = 0;
    CHECK(train_step<mean_squared_error>(*w, still, data.inputs, data.targets, *space).loss ==
          first);
    space->random = {.seed = 5, .step = 0};
    CHECK(train_step<mean_squared_error>(*w, still, data.inputs, data.targets, *space).loss !=
          first);
}
