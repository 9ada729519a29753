#include <ctnn/layers/merge.hpp>

#include <ctnn/layers/concatenate.hpp>
#include <ctnn/simd/lanes.hpp>

#include "support/random.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <vector>

using namespace ctnn;

namespace {

constexpr float none = std::numeric_limits<float>::quiet_NaN();
constexpr float infinite = std::numeric_limits<float>::infinity();

/// Of one image: the inputs, one behind the other, and what is made of them.
using numbers = std::vector<double>;
using definition = std::function<numbers(const std::vector<numbers>&)>;

/// The layer on `Inputs`, one image per lane of T: what it gives, and the gradient of each input, for
/// the dLoss/dy that is `d_y` in every lane.
template <class T, class Layer, class... Inputs>
struct computed {
    using output = typename Layer::output_shape;
    std::vector<float> y;
    std::vector<std::vector<float>> d_x;

    computed(const std::vector<std::vector<float>>& inputs, const std::vector<float>& d_y) {
        std::array<std::vector<T>, sizeof...(Inputs)> x;
        std::array<const T*, sizeof...(Inputs)> from;
        for (std::size_t k = 0; k < x.size(); ++k) {
            for (const float number : inputs[k]) x[k].push_back(T(number));
            from[k] = x[k].data();
        }
        const auto result = std::make_unique<tensor<output, T>>();
        Layer::compute(from, tensor_view<output, T>(*result));
        y = first_lanes(result->begin(), output::size);
        const auto slope = std::make_unique<tensor<output, T>>();
        for (std::size_t i = 0; i < output::size; ++i) (*slope)[i] = T(d_y[i]);
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (d_x.push_back(gradient<I, Inputs>(from, *slope)), ...);
        }
        (std::index_sequence_for<Inputs...>{});
    }
    template <std::size_t I, class Input>
    static std::vector<float> gradient(const std::array<const T*, sizeof...(Inputs)>& from,
                                       const tensor<output, T>& slope) {
        const auto to = std::make_unique<tensor<Input, T>>();
        if constexpr (Layer::facts.passes_gradient)
            std::copy(slope.begin(), slope.end(), to->begin());
        else
            Layer::template input_gradient<I>(from, tensor_view<output, const T>(slope),
                                              tensor_view<Input, T>(*to));
        return first_lanes(to->begin(), Input::size);
    }
    static std::vector<float> first_lanes(const T* from, std::size_t count) {
        std::vector<float> result;
        for (std::size_t i = 0; i < count; ++i) {
            float lanes[simd::lanes_of<T>];
            simd::store(lanes, from[i]);
            for (const float lane : lanes)
                CHECK((lane == lanes[0] || (std::isnan(lane) && std::isnan(lanes[0]))));
            result.push_back(lanes[0]);
        }
        return result;
    }
};

/// Against the definition, and its central differences.
template <class T, class Merge, class... Inputs>
void obeys(const definition& f) {
    using layer = typename Merge::template on<Inputs...>;
    generator random(3);
    const std::vector<std::vector<float>> x{random.vector(Inputs::size, -2.0f, 2.0f)...};
    const std::vector<float> d_y = random.vector(layer::output_shape::size, -1.0f, 1.0f);
    const computed<T, layer, Inputs...> found(x, d_y);
    std::vector<numbers> inputs;
    for (const auto& one : x) inputs.emplace_back(one.begin(), one.end());
    const numbers expected = f(inputs);
    REQUIRE(expected.size() == found.y.size());
    for (std::size_t i = 0; i < expected.size(); ++i)
        CHECK(found.y[i] == doctest::Approx(expected[i]).epsilon(1e-5));
    for (std::size_t k = 0; k < inputs.size(); ++k) {
        CHECK(varied(found.d_x[k]));
        for (std::size_t i = 0; i < inputs[k].size(); ++i) {
            const double at = inputs[k][i];
            const auto loss = [&](double step) {
                inputs[k][i] = at + step;
                const numbers y = f(inputs);
                double sum = 0.0;
                for (std::size_t n = 0; n < y.size(); ++n)
                    sum += y[n] * static_cast<double>(d_y[n]);
                return sum;
            };
            const double slope = (loss(1e-6) - loss(-1e-6)) / 2e-6;
            inputs[k][i] = at;
            CHECK(found.d_x[k][i] == doctest::Approx(slope).epsilon(1e-4).scale(1));
        }
    }
}

template <std::size_t Height, std::size_t Width, std::size_t Channels>
void obey_everywhere() {
    using map = shape<Height, Width, Channels>;
    using scale = features<Channels>;
    const auto each = [](const std::function<double(double, double)>& combine, double share) {
        return definition([=](const std::vector<numbers>& x) {
            const std::size_t size = std::max(x[0].size(), x[1].size());
            numbers y(size);
            for (std::size_t i = 0; i < size; ++i) {
                y[i] = x[0][x[0].size() == size ? i : i % x[0].size()];
                for (std::size_t k = 1; k < x.size(); ++k)
                    y[i] = combine(y[i], x[k][x[k].size() == size ? i : i % x[k].size()]);
                y[i] *= share;
            }
            return y;
        });
    };
    const auto sum = [](double a, double b) { return a + b; };
    const auto product = [](double a, double b) { return a * b; };
    const auto larger = [](double a, double b) { return std::max(a, b); };
    const definition beside = [](const std::vector<numbers>& x) {
        numbers y;
        for (std::size_t pixel = 0; pixel < Height * Width; ++pixel)
            for (const numbers& one : x) {
                const std::size_t channels = one.size() / (Height * Width);
                for (std::size_t c = 0; c < channels; ++c) y.push_back(one[pixel * channels + c]);
            }
        return y;
    };
    const auto with = [&]<class T>(T) {
        obeys<T, detail::addition, map, map>(each(sum, 1.0));
        obeys<T, detail::addition, map, map, map>(each(sum, 1.0));
        obeys<T, detail::mean_of_branches, map, map, map>(each(sum, 1.0 / 3.0));
        obeys<T, detail::maximum_of_branches, map, map>(each(larger, 1.0));
        obeys<T, detail::maximum_of_branches, map, map, map>(each(larger, 1.0));
        obeys<T, detail::multiplication, map, map, map>(each(product, 1.0));
        obeys<T, detail::multiplication, map, scale>(each(product, 1.0));
        obeys<T, detail::multiplication, scale, map>(each(product, 1.0));
        obeys<T, detail::concatenation, map, map>(beside);
        obeys<T, detail::concatenation, map, shape<Height, Width, 1>, shape<Height, Width, 5>>(
            beside);
    };
    with(float{});
    with(simd::native{});
}

}  // namespace

TEST_CASE("merges: the definitions, and their central differences") {
    obey_everywhere<3, 5, 7>();
    obey_everywhere<1, 5, 3>();
    obey_everywhere<2, 1, simd::native_lanes + 1>();
}

TEST_CASE("maximum: of equal numbers the first gets the gradient, and what is no number alone") {
    using one = features<6>;
    using layer = detail::maximum_of_branches::on<one, one, one>;
    const std::vector<std::vector<float>> x{{1, 2, none, 1, -infinite, 3},
                                            {1, 2, 1, none, -infinite, none},
                                            {0, 2, 1, 5, -infinite, none}};
    const auto check = [&]<class T>(T) {
        const computed<T, layer, one, one, one> found(x, {1, 2, 3, 4, 5, 6});
        CHECK(found.y[0] == 1);
        CHECK(std::isnan(found.y[2]));
        CHECK(std::isnan(found.y[3]));
        CHECK(found.y[4] == -infinite);
        CHECK(found.d_x[0] == std::vector<float>{1, 2, 3, 0, 5, 0});
        CHECK(found.d_x[1] == std::vector<float>{0, 0, 0, 4, 0, 6});
        CHECK(found.d_x[2] == std::vector<float>{0, 0, 0, 0, 0, 0});
    };
    check(float{});
    check(simd::native{});
}

TEST_CASE("merges: what is no number stays none, in its place alone") {
    using map = shape<1, 3, 2>;
    const auto check = []<class Layer, class T>(std::type_identity<Layer>, T, std::size_t at) {
        const std::vector<std::vector<float>> x{{1, 2, 3, 4, 5, 6}, {1, 1, none, 1, 1, 1}};
        const computed<T, Layer, map, map> found(x, std::vector<float>(Layer::output_shape::size));
        for (std::size_t i = 0; i < found.y.size(); ++i) CHECK(std::isnan(found.y[i]) == (i == at));
    };
    const auto both = [&]<class T>(T t) {
        check(std::type_identity<detail::addition::on<map, map>>{}, t, 2);
        check(std::type_identity<detail::mean_of_branches::on<map, map>>{}, t, 2);
        check(std::type_identity<detail::maximum_of_branches::on<map, map>>{}, t, 2);
        check(std::type_identity<detail::multiplication::on<map, map>>{}, t, 2);
        check(std::type_identity<detail::concatenation::on<map, map>>{}, t, 6);
    };
    both(float{});
    both(simd::native{});
}
