// How gradients change parameters: Keras' optimizers, its formulas and defaults. An optimizer is a
// plain value with a slot of its own beside every parameter; `Owner` is the network (or layer) it
// trains. `update` takes its options as they are; `train_step` and `fit` check them.
#pragma once

#include <ctnn/parameters.hpp>
#include <ctnn/simd/loops.hpp>
#include <ctnn/simd/maximum.hpp>
#include <ctnn/simd/vector.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>

namespace ctnn {
namespace detail {

/// What steps are divided by at least, so that a parameter without a gradient (a moving average)
/// stays where it is, also when epsilon is 0.
inline constexpr float least_root = std::numeric_limits<float>::min();

/// An option that is not in its range, which `train_step` and `fit` refuse. Where all are, `name`
/// is null.
struct option_fault {
    const char* name = nullptr;
    const char* range = nullptr;
    double found = 0.0;
};
constexpr option_fault not_finite_from_0(const char* name, double value) noexcept {
    constexpr double most = std::numeric_limits<float>::max();
    return value >= 0.0 && value <= most ? option_fault{}
                                         : option_fault{name, "at least 0 and finite", value};
}
constexpr option_fault not_from_0_to_1(const char* name, double value) noexcept {
    return value >= 0.0 && value <= 1.0 ? option_fault{} : option_fault{name, "in [0, 1]", value};
}
constexpr option_fault not_from_0_below_1(const char* name, double value) noexcept {
    return value >= 0.0 && value < 1.0 ? option_fault{} : option_fault{name, "in [0, 1)", value};
}
constexpr option_fault first_of(std::initializer_list<option_fault> faults) noexcept {
    for (const option_fault& fault : faults)
        if (fault.name != nullptr) return fault;
    return {};
}

}  // namespace detail

/// Of ctnn::sgd.
struct sgd_options {
    double learning_rate = 0.01;  ///< at least 0
    double momentum = 0.0;        ///< in [0, 1], as in Keras; at 1 it never slows down
    bool nesterov = false;
};

/// Stochastic gradient descent: v = momentum v - rate g; w += v, or with Nesterov's look ahead
/// w += momentum v - rate g. https://keras.io/api/optimizers/sgd
template <class Owner>
class sgd {
public:
    using owner = Owner;
    constexpr explicit sgd(sgd_options o = {}) noexcept : options(o) {}

    /// One step against the gradient d_w.
    void update(parameters<Owner>& w, const parameters<Owner>& d_w) noexcept {
        const float rate = static_cast<float>(options.learning_rate),
                    momentum = static_cast<float>(options.momentum);
        simd::for_vectors<Owner::parameter_count>([&]<class T>(std::size_t i, T) {
            const T step = simd::load<T>(d_w.elements + i) * T(-rate);
            const T velocity = simd::fma(T(momentum), simd::load<T>(velocity_.elements + i), step);
            const T change = options.nesterov ? simd::fma(T(momentum), velocity, step) : velocity;
            simd::store(velocity_.elements + i, velocity);
            simd::store(w.elements + i, simd::load<T>(w.elements + i) + change);
        });
    }

    sgd_options options;  // may be changed between steps

private:
    parameters<Owner> velocity_{};
};

/// Of ctnn::rmsprop.
struct rmsprop_options {
    double learning_rate = 1e-3;  ///< at least 0
    double rho = 0.9;             ///< how much of the mean square stays, in [0, 1)
    double momentum = 0.0;        ///< in [0, 1]
    double epsilon = 1e-7;        ///< at least 0
    bool centered = false;        ///< subtract the square of the gradient's mean
};

/// s = rho s + (1 - rho) g^2; with `centered` a = rho a + (1 - rho) g, else a = 0;
/// v = momentum v + rate g / sqrt(s - a^2 + epsilon); w -= v.
/// https://keras.io/api/optimizers/rmsprop
template <class Owner>
class rmsprop {
public:
    using owner = Owner;
    constexpr explicit rmsprop(rmsprop_options o = {}) noexcept : options(o) {}

    /// One step against the gradient d_w.
    void update(parameters<Owner>& w, const parameters<Owner>& d_w) noexcept {
        const float rate = static_cast<float>(options.learning_rate),
                    momentum = static_cast<float>(options.momentum);
        const float old_part = static_cast<float>(options.rho),
                    new_part = static_cast<float>(1.0 - options.rho);
        const float epsilon = static_cast<float>(options.epsilon);
        simd::for_vectors<Owner::parameter_count>([&]<class T>(std::size_t i, T) {
            const T g = simd::load<T>(d_w.elements + i), rho(old_part), new_share(new_part);
            const T square =
                simd::fma(rho, simd::load<T>(mean_square_.elements + i), g * g * new_share);
            simd::store(mean_square_.elements + i, square);
            T variance = square;
            if (options.centered) {
                const T mean = simd::fma(rho, simd::load<T>(mean_.elements + i), g * new_share);
                simd::store(mean_.elements + i, mean);
                variance = simd::max(T(0.0f), T(square - mean * mean));
            }
            const T step = simd::divide(
                T(rate) * g,
                simd::sqrt(simd::maximum(T(variance + T(epsilon)), T(detail::least_root))));
            const T velocity = simd::fma(T(momentum), simd::load<T>(velocity_.elements + i), step);
            simd::store(velocity_.elements + i, velocity);
            simd::store(w.elements + i, simd::load<T>(w.elements + i) - velocity);
        });
    }

    rmsprop_options options;  // may be changed between steps

private:
    parameters<Owner> mean_square_{}, mean_{}, velocity_{};
};

/// Of ctnn::adam.
struct adam_options {
    double learning_rate = 1e-3;  ///< at least 0
    double beta_1 = 0.9;          ///< how much of the mean stays, in [0, 1)
    double beta_2 = 0.999;        ///< how much of the mean square stays, in [0, 1)
    double epsilon = 1e-7;        ///< at least 0
    bool epsilon_hat = false;     ///< add epsilon before s is corrected, as Keras does
};

/// m += (1 - beta_1) (g - m); s += (1 - beta_2) (g^2 - s); at step t = 1, 2, ...
/// w -= rate m / (1 - beta_1^t) / (sqrt(s / (1 - beta_2^t)) + epsilon), the paper's Algorithm 1
/// (and PyTorch's); with `epsilon_hat` w -= rate sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(s) +
/// epsilon). The two differ where gradients are as small as epsilon. Defaults are Keras'. Kingma
/// and Ba, 2014, https://arxiv.org/abs/1412.6980. https://keras.io/api/optimizers/adam
template <class Owner>
class adam {
public:
    using owner = Owner;
    constexpr explicit adam(adam_options o = {}) noexcept : options(o) {}

    /// One step against the gradient d_w.
    void update(parameters<Owner>& w, const parameters<Owner>& d_w) noexcept {
        beta_1_power_ *= options.beta_1;
        beta_2_power_ *= options.beta_2;
        const double correction = std::sqrt(1.0 - beta_2_power_);
        const float rate = static_cast<float>(options.learning_rate / (1.0 - beta_1_power_) *
                                              (options.epsilon_hat ? correction : 1.0));
        const float root_scale = static_cast<float>(options.epsilon_hat ? 1.0 : 1.0 / correction);
        const float new_part_1 = static_cast<float>(1.0 - options.beta_1);
        const float new_part_2 = static_cast<float>(1.0 - options.beta_2);
        const float epsilon = static_cast<float>(options.epsilon);
        simd::for_vectors<Owner::parameter_count>([&]<class T>(std::size_t i, T) {
            const T g = simd::load<T>(d_w.elements + i);
            const T m = simd::load<T>(mean_.elements + i),
                    s = simd::load<T>(mean_square_.elements + i);
            const T mean = simd::fma(T(new_part_1), g - m, m);
            const T square = simd::fma(T(new_part_2), simd::fma(g, g, -s), s);
            simd::store(mean_.elements + i, mean);
            simd::store(mean_square_.elements + i, square);
            const T root = simd::fma(simd::sqrt(square), T(root_scale), T(epsilon));
            const T step = simd::divide(T(rate) * mean, simd::maximum(root, T(detail::least_root)));
            simd::store(w.elements + i, simd::load<T>(w.elements + i) - step);
        });
    }

    adam_options options;  // may be changed between steps

private:
    parameters<Owner> mean_{}, mean_square_{};
    double beta_1_power_ = 1.0, beta_2_power_ = 1.0;  // beta^t
};

namespace detail {

constexpr option_fault fault_of(const sgd_options& o) noexcept {
    return first_of({not_finite_from_0("learning_rate", o.learning_rate),
                     not_from_0_to_1("momentum", o.momentum)});
}
constexpr option_fault fault_of(const rmsprop_options& o) noexcept {
    return first_of({not_finite_from_0("learning_rate", o.learning_rate),
                     not_from_0_below_1("rho", o.rho), not_from_0_to_1("momentum", o.momentum),
                     not_finite_from_0("epsilon", o.epsilon)});
}
constexpr option_fault fault_of(const adam_options& o) noexcept {
    return first_of({not_finite_from_0("learning_rate", o.learning_rate),
                     not_from_0_below_1("beta_1", o.beta_1), not_from_0_below_1("beta_2", o.beta_2),
                     not_finite_from_0("epsilon", o.epsilon)});
}

}  // namespace detail
}  // namespace ctnn
