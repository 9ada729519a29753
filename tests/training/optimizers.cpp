#include <ctnn/training/optimizers.hpp>

#include <ctnn/layers/dense.hpp>

#include "support/random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

using namespace ctnn;

namespace {

// 37 parameters: more than two vectors of any width, and a rest.
using owner = dense<1>::on<features<36>>;
constexpr std::size_t count = owner::parameter_count;
static_assert(count == 37);

/// One parameter under Keras' formulas, in double; every step sees another gradient.
struct slots {
    double w, a = 0.0, b = 0.0, c = 0.0;
};

/// Five steps of an optimizer against its formula, applied to each parameter by itself.
template <class Optimizer, class Formula>
void follows(Optimizer optimizer, Formula formula) {
    parameters<owner> w, d_w;
    fill_random(w, 1, 1.0f);
    std::vector<slots> expected;
    for (const float value : w.values()) expected.push_back({static_cast<double>(value)});
    const parameters<owner> before = w;
    for (int step = 1; step <= 5; ++step) {
        fill_random(d_w, static_cast<std::uint64_t>(step) + 10, 2.0f);
        d_w.values()[3] = 0.0f;  // a parameter that nothing depends on
        optimizer.update(w, d_w);
        for (std::size_t i = 0; i < count; ++i)
            formula(expected[i], static_cast<double>(d_w.values()[i]), step);
        for (std::size_t i = 0; i < count; ++i)
            CHECK(static_cast<double>(w.values()[i]) ==
                  doctest::Approx(expected[i].w).epsilon(1e-6));
    }
    CHECK(w.values()[3] == before.values()[3]);
    for (std::size_t i = 0; i < count; ++i)
        if (i != 3) CHECK(std::abs(w.values()[i] - before.values()[i]) > 1e-5f);
}

}  // namespace

TEST_CASE("sgd, rmsprop, adam: fewer parameters than lanes, and nothing behind them") {
    using few = dense<1>::on<features<2>>;
    struct {
        parameters<few> w{{1.0f, 2.0f, 3.0f}};
        float behind[64]{};
    } memory;
    const parameters<few> d_w{{1.0f, 1.0f, 1.0f}};
    const auto check = [&](auto optimizer) {
        const parameters<few> before = memory.w;
        optimizer.update(memory.w, d_w);
        for (std::size_t i = 0; i < 3; ++i) CHECK(memory.w.values()[i] < before.values()[i]);
        for (const float value : memory.behind) CHECK(value == 0.0f);
        for (float& value : memory.behind) value = 0.0f;
    };
    check(sgd<few>{});
    check(rmsprop<few>{});
    check(adam<few>{});
}

TEST_CASE("sgd<network>") {
    follows(sgd<owner>{}, [](slots& s, double g, int) { s.w -= 0.01 * g; });  // Keras' default rate
    follows(sgd<owner>{{.learning_rate = 0.1}}, [](slots& s, double g, int) { s.w -= 0.1 * g; });
    follows(sgd<owner>{{.learning_rate = 0.1, .momentum = 0.8}}, [](slots& s, double g, int) {
        s.a = 0.8 * s.a - 0.1 * g;
        s.w += s.a;
    });
    follows(sgd<owner>{{.learning_rate = 0.1, .momentum = 0.8, .nesterov = true}},
            [](slots& s, double g, int) {
                s.a = 0.8 * s.a - 0.1 * g;
                s.w += 0.8 * s.a - 0.1 * g;
            });
}

TEST_CASE("rmsprop<network>") {
    follows(rmsprop<owner>{}, [](slots& s, double g, int) {
        s.a = 0.9 * s.a + 0.1 * g * g;
        s.w -= 0.001 * g / std::sqrt(s.a + 1e-7);
    });
    follows(rmsprop<owner>{{.learning_rate = 0.01,
                            .rho = 0.7,
                            .momentum = 0.5,
                            .epsilon = 1e-2,
                            .centered = true}},
            [](slots& s, double g, int) {
                s.a = 0.7 * s.a + 0.3 * g * g;
                s.b = 0.7 * s.b + 0.3 * g;
                s.c = 0.5 * s.c + 0.01 * g / std::sqrt(s.a - s.b * s.b + 1e-2);
                s.w -= s.c;
            });
}

TEST_CASE(
    "rmsprop<network>, centered: of gradients that stay the same the variance is never below 0") {
    const auto centered = [](double rate, double epsilon) {
        return [=](slots& s, double g, int) {
            s.a = 0.9 * s.a + 0.1 * g * g;
            s.b = 0.9 * s.b + 0.1 * g;
            s.w -= rate * g / std::sqrt(std::max(s.a - s.b * s.b, 0.0) + epsilon);
        };
    };
    // The defaults, with gradients large beside epsilon, so that the mean's square counts.
    follows(rmsprop<owner>{{.learning_rate = 0.01, .centered = true}}, centered(0.01, 1e-7));
    // After many steps s and a^2 are the same number but for rounding, which may go either way.
    rmsprop<owner> optimizer{{.learning_rate = 1e-3, .epsilon = 1e-4, .centered = true}};
    parameters<owner> w{}, d_w;
    fill_random(d_w, 3, 200.0f);
    std::size_t wrong = 0;
    for (int step = 0; step < 1000; ++step) {
        const parameters<owner> before = w;
        optimizer.update(w, d_w);
        for (std::size_t i = 0; i < count; ++i) {
            const double g = std::abs(static_cast<double>(d_w.values()[i])),
                         moved = std::abs(static_cast<double>(w.values()[i] - before.values()[i]));
            wrong += !(moved <= 1e-3 * g / std::sqrt(1e-4) * 1.001);  // than epsilon allows
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("adam<network>") {
    const auto formula = [](double rate, double beta_1, double beta_2, double epsilon,
                            bool epsilon_hat) {
        return [=](slots& s, double g, int t) {
            s.a = beta_1 * s.a + (1.0 - beta_1) * g;
            s.b = beta_2 * s.b + (1.0 - beta_2) * g * g;
            const double m = s.a / (1.0 - std::pow(beta_1, t)),
                         correction = std::sqrt(1.0 - std::pow(beta_2, t));
            s.w -= epsilon_hat ? rate * correction * m / (std::sqrt(s.b) + epsilon)
                               : rate * m / (std::sqrt(s.b) / correction + epsilon);
        };
    };
    follows(adam<owner>{}, formula(0.001, 0.9, 0.999, 1e-7, false));
    follows(adam<owner>{{.learning_rate = 0.01, .beta_1 = 0.5, .beta_2 = 0.6, .epsilon = 0.1}},
            formula(0.01, 0.5, 0.6, 0.1, false));
    follows(adam<owner>{{.learning_rate = 0.01,
                         .beta_1 = 0.5,
                         .beta_2 = 0.6,
                         .epsilon = 0.1,
                         .epsilon_hat = true}},
            formula(0.01, 0.5, 0.6, 0.1, true));
}

TEST_CASE("options may change between steps") {
    sgd<owner> optimizer{{.learning_rate = 1.0}};
    parameters<owner> w{}, d_w{};
    d_w.values()[0] = 1.0f;
    optimizer.update(w, d_w);
    optimizer.options.learning_rate = 0.25;
    optimizer.update(w, d_w);
    CHECK(w.values()[0] == -1.25f);
}

TEST_CASE_TEMPLATE("a parameter without a gradient stays, also without epsilon", Optimizer,
                   rmsprop<owner>, adam<owner>) {
    Optimizer optimizer;
    optimizer.options.epsilon = 0.0;
    parameters<owner> w, d_w;
    fill_random(w, 1, 1.0f);
    fill_random(d_w, 2, 1.0f);
    d_w.values()[3] = d_w.values()[count - 1] = 0.0f;  // in a vector and in the rest
    const parameters<owner> before = w;
    for (int step = 0; step < 3; ++step) optimizer.update(w, d_w);
    for (std::size_t i = 0; i < count; ++i) {
        CHECK(std::isfinite(w.values()[i]));
        CHECK((w.values()[i] == before.values()[i]) == (d_w.values()[i] == 0.0f));
    }
    d_w.values()[3] = std::numeric_limits<float>::quiet_NaN();
    optimizer.update(w, d_w);
    CHECK(std::isnan(w.values()[3]));
}
