#include <ctnn/training/initializers.hpp>

#include <ctnn/ctnn.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <memory>

using namespace ctnn;

namespace {

using net = network<shape<28, 28, 1>, conv2d<6, kernel<5, 5>>, depthwise_conv2d<kernel<3, 3>>,
                    flatten, dense<200>>;
constexpr std::size_t conv_kernel = 0, conv_bias = 1, depthwise_kernel = 2, dense_kernel = 4;
static_assert(net::parameter_table[dense_kernel].size == 22 * 22 * 6 * 200);

struct moments {
    double mean = 0.0, deviation = 0.0, largest = 0.0;
};

template <class Initializer>
moments moments_of(const Initializer& initializer, std::size_t index = dense_kernel) {
    const auto w = std::make_unique<net::parameters>();
    initialize(*w, initializer);
    const parameter_entry& entry = net::parameter_table[index];
    moments m;
    for (std::size_t i = 0; i < entry.size; ++i) {
        const double x = static_cast<double>(w->elements[entry.offset + i]);
        m.mean += x;
        m.deviation += x * x;
        m.largest = std::max(m.largest, std::abs(x));
    }
    m.mean /= static_cast<double>(entry.size);
    m.deviation = std::sqrt(m.deviation / static_cast<double>(entry.size));
    for (const std::size_t bias : {conv_bias, std::size_t{5}})
        for (std::size_t i = 0; i < net::parameter_table[bias].size; ++i)
            CHECK(w->elements[net::parameter_table[bias].offset + i] == 0.0f);
    return m;
}

void is_normal(const moments& m, double deviation) {
    CHECK(m.deviation == doctest::Approx(deviation).epsilon(0.005));
    CHECK(std::abs(m.mean) < 0.005 * deviation);
    CHECK(m.largest <= 2.0 * deviation / 0.87962566103423978);  // cut off
    CHECK(m.largest > 1.99 * deviation / 0.87962566103423978);  // and not before
}
void is_uniform(const moments& m, double limit) {
    CHECK(m.deviation == doctest::Approx(limit / std::sqrt(3.0)).epsilon(0.005));
    CHECK(std::abs(m.mean) < 0.005 * limit);
    CHECK(m.largest <= limit);
    CHECK(m.largest > 0.999 * limit);
}

constexpr double in = 22 * 22 * 6, out = 200;

/// Has an array of every kind of first value.
struct scale_and_shift {
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on
        : layer_base<on<Input>, Input, Input, parameter_array<"kernel", 1, 2>,
                     starting_at_one<parameter_array<"gamma", 3, 1>>, parameter_array<"beta", 2>,
                     untrained_array<"mean", 2>, starting_at_one<untrained_array<"variance", 2>>> {
        static constexpr std::string_view name = "scale_and_shift";
    };
};
using scaled = scale_and_shift::on<features<2>>;
static_assert(scaled::parameter_table[1].is_trained && !scaled::parameter_table[4].is_trained);

}  // namespace

TEST_CASE("fans: Keras' compute_fans") {
    CHECK(detail::fans_of(net::parameter_table[conv_kernel]).in == 25.0);
    CHECK(detail::fans_of(net::parameter_table[conv_kernel]).out == 150.0);
    CHECK(detail::fans_of(net::parameter_table[depthwise_kernel]).in == 54.0);
    CHECK(detail::fans_of(net::parameter_table[depthwise_kernel]).out == 9.0);
    CHECK(detail::fans_of(net::parameter_table[dense_kernel]).in == in);
    CHECK(detail::fans_of(net::parameter_table[dense_kernel]).out == out);
    CHECK(detail::fans_of(net::parameter_table[conv_bias]).in == 6.0);
}

TEST_CASE("he_normal, lecun_normal, glorot_normal: truncated normal") {
    is_normal(moments_of(he_normal{.seed = 1}), std::sqrt(2.0 / in));
    is_normal(moments_of(lecun_normal{.seed = 2}), std::sqrt(1.0 / in));
    is_normal(moments_of(glorot_normal{.seed = 3}), std::sqrt(2.0 / (in + out)));
}
TEST_CASE("he_uniform, glorot_uniform") {
    is_uniform(moments_of(he_uniform{.seed = 1}), std::sqrt(6.0 / in));
    is_uniform(moments_of(glorot_uniform{.seed = 2}), std::sqrt(6.0 / (in + out)));
}
TEST_CASE("zeros, constant") {
    CHECK(moments_of(zeros{}).largest == 0.0);
    CHECK(moments_of(constant{.value = 0.25f}).mean == 0.25);
    CHECK(moments_of(constant{.value = 0.25f}).deviation == 0.25);
}

// Computed by a program of its own in another language: the same numbers on every platform.
TEST_CASE("he_normal{.seed = 7}, glorot_uniform{.seed = 1}: these very numbers") {
    const auto w = std::make_unique<net::parameters>();
    initialize(*w, he_normal{.seed = 7});
    CHECK(w->elements[0] == 0x1.50d52cp-2f);
    CHECK(w->elements[1] == -0x1.f85c32p-3f);
    CHECK(w->elements[2] == 0x1.462558p-1f);
    initialize(*w, glorot_uniform{.seed = 1});
    CHECK(w->elements[0] == -0x1.15adfcp-3f);
    CHECK(w->elements[1] == -0x1.13c2b0p-3f);
    CHECK(w->elements[2] == -0x1.280062p-6f);
}

TEST_CASE("the seed decides; every array has numbers of its own") {
    const auto a = std::make_unique<net::parameters>(), b = std::make_unique<net::parameters>();
    initialize(*a, he_normal{.seed = 1});
    initialize(*b, he_normal{.seed = 1});
    CHECK(std::memcmp(a->elements, b->elements, sizeof a->elements) == 0);
    initialize(*b, he_normal{.seed = 2});
    CHECK(std::memcmp(a->elements, b->elements, 100) != 0);
    const float ratio = a->elements[0] / a->elements[net::parameter_table[dense_kernel].offset];
    CHECK(a->elements[1] / a->elements[net::parameter_table[dense_kernel].offset + 1] !=
          doctest::Approx(ratio));
}

TEST_CASE("one layer by itself") {
    net::parameters w{};
    initialize(w.layer<1>(), constant{.value = 2.0f});
    CHECK(w.layer<1>().kernel()[0] == 2.0f);
    CHECK(w.layer<1>().bias()[0] == 0.0f);
    CHECK(w.layer<0>().kernel()[0] == 0.0f);
    CHECK(w.layer<3>().kernel()[0] == 0.0f);
    using layer = dense<3>::on<features<2>>;
    layer::parameters alone;
    initialize(alone, constant{.value = 1.0f});
    CHECK(alone.kernel()(1, 2) == 1.0f);
    CHECK(alone.bias()[2] == 0.0f);
}

TEST_CASE("arrays that start at one, trained or not") {
    scaled::parameters w{{9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9}};
    initialize(w, constant{.value = 0.5f});
    const float expected[] = {0.5f, 0.5f, 1, 1, 1, 0, 0, 0, 0, 1, 1};
    CHECK(std::equal(w.values().begin(), w.values().end(), expected));
    CHECK(w.get<"gamma">().size() == 3);
}
