// The parameters' first values, as Keras draws them. The same seed gives the same floats on every
// platform: the generator is the standard's, and what is made of its bits is exact arithmetic.
#pragma once

#include <ctnn/parameters.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>

namespace ctnn {
namespace detail {

/// How many inputs one output sees, and how many outputs one input reaches (Keras' compute_fans).
struct fans {
    double in, out;
};

constexpr fans fans_of(const parameter_entry& entry) noexcept {
    if (entry.rank == 1)
        return {static_cast<double>(entry.extents[0]), static_cast<double>(entry.extents[0])};
    std::size_t window = 1;
    for (std::size_t axis = 0; axis + 2 < entry.rank; ++axis) window *= entry.extents[axis];
    return {static_cast<double>(window * entry.extents[entry.rank - 2]),
            static_cast<double>(window * entry.extents[entry.rank - 1])};
}

class random_numbers {
public:
    explicit random_numbers(std::uint64_t seed) : bits_(seed) {}

    /// In [-1, 1), a multiple of 2^-24: exact in a float, its square exact in a double.
    double uniform() { return std::ldexp(static_cast<double>(bits_() >> 39U), -24) - 1.0; }

    /// Of the standard normal distribution cut off at 2 standard deviations: drawn uniformly from
    /// [-2, 2), kept with probability e^(-x^2 / 2).
    double truncated_normal() {
        for (;;) {
            const double x = 2.0 * uniform();
            if (happens_with_exp_of_minus(x * x / 4.0) && happens_with_exp_of_minus(x * x / 4.0))
                return x;
        }
    }

private:
    /// True with probability e^-y for y in [0, 1], without computing it: how long does a row of
    /// random numbers below y go on falling? (von Neumann, "Various techniques used in connection
    /// with random digits", 1951.)
    bool happens_with_exp_of_minus(double y) {
        for (bool even = true;; even = !even) {
            const double next = std::ldexp(static_cast<double>(bits_() >> 11U), -53);
            if (!(next < y)) return even;
            y = next;
        }
    }

    std::mt19937_64 bits_;
};

/// Uniform numbers in [-limit, limit) with limit = sqrt(3 scale / fan).
template <class Parameters>
void draw_uniform(Parameters& w, const parameter_entry& entry, random_numbers& random, double scale,
                  double fan) {
    const double limit = std::sqrt(3.0 * scale / fan);
    for (std::size_t i = 0; i < entry.size; ++i)
        w.values()[entry.offset + i] = static_cast<float>(random.uniform() * limit);
}

/// Truncated normal numbers with standard deviation sqrt(scale / fan): cutting the tails off leaves
/// 0.8796... of it, so the uncut one is that much larger.
template <class Parameters>
void draw_normal(Parameters& w, const parameter_entry& entry, random_numbers& random, double scale,
                 double fan) {
    const double deviation = std::sqrt(scale / fan) / 0.87962566103423978;
    for (std::size_t i = 0; i < entry.size; ++i)
        w.values()[entry.offset + i] = static_cast<float>(random.truncated_normal() * deviation);
}

}  // namespace detail

/// Every kernel is 0.
struct zeros {
    template <class Parameters>
    void operator()(Parameters& w, const parameter_entry& entry, detail::random_numbers&) const {
        for (std::size_t i = 0; i < entry.size; ++i) w.values()[entry.offset + i] = 0.0f;
    }
};

/// Every kernel is `value`.
struct constant {
    float value = 0.0f;
    template <class Parameters>
    void operator()(Parameters& w, const parameter_entry& entry, detail::random_numbers&) const {
        for (std::size_t i = 0; i < entry.size; ++i) w.values()[entry.offset + i] = value;
    }
};

/// Truncated normal, standard deviation sqrt(2 / fan_in): for `relu`. He et al., 2015,
/// https://arxiv.org/abs/1502.01852. https://keras.io/api/layers/initializers/#henormal-class
struct he_normal {
    std::uint64_t seed = 0;
    template <class Parameters>
    void operator()(Parameters& w, const parameter_entry& entry,
                    detail::random_numbers& random) const {
        detail::draw_normal(w, entry, random, 2.0, detail::fans_of(entry).in);
    }
};

/// Uniform in [-limit, limit), limit = sqrt(6 / fan_in). He et al., 2015.
struct he_uniform {
    std::uint64_t seed = 0;
    template <class Parameters>
    void operator()(Parameters& w, const parameter_entry& entry,
                    detail::random_numbers& random) const {
        detail::draw_uniform(w, entry, random, 2.0, detail::fans_of(entry).in);
    }
};

/// Truncated normal, standard deviation sqrt(2 / (fan_in + fan_out)): for `tanh`, `sigmoid`,
/// `softmax`. Glorot and Bengio, 2010, https://proceedings.mlr.press/v9/glorot10a.html
struct glorot_normal {
    std::uint64_t seed = 0;
    template <class Parameters>
    void operator()(Parameters& w, const parameter_entry& entry,
                    detail::random_numbers& random) const {
        const detail::fans fan = detail::fans_of(entry);
        detail::draw_normal(w, entry, random, 2.0, fan.in + fan.out);
    }
};

/// Uniform in [-limit, limit), limit = sqrt(6 / (fan_in + fan_out)): Keras' default.
struct glorot_uniform {
    std::uint64_t seed = 0;
    template <class Parameters>
    void operator()(Parameters& w, const parameter_entry& entry,
                    detail::random_numbers& random) const {
        const detail::fans fan = detail::fans_of(entry);
        detail::draw_uniform(w, entry, random, 2.0, fan.in + fan.out);
    }
};

/// Truncated normal, standard deviation sqrt(1 / fan_in). LeCun et al., "Efficient BackProp", 1998.
struct lecun_normal {
    std::uint64_t seed = 0;
    template <class Parameters>
    void operator()(Parameters& w, const parameter_entry& entry,
                    detail::random_numbers& random) const {
        detail::draw_normal(w, entry, random, 1.0, detail::fans_of(entry).in);
    }
};

/// Gives every kernel (array of two or more axes) its first values and every other array, such as a
/// bias, 0, or 1 if it is `starting_at_one`, in the order of the network's table. One layer can be
/// done by itself: `initialize(w.layer<0>(), he_normal{.seed = 1})`.
template <class Owner, class Initializer>
void initialize(parameter_view<Owner, float> w, const Initializer& initializer) {
    detail::random_numbers random([&] {
        if constexpr (requires { initializer.seed; })
            return initializer.seed;
        else
            return std::uint64_t{0};
    }());
    for (const parameter_entry& entry : Owner::parameter_table) {
        if (entry.rank >= 2 && entry.first_value == 0.0f)
            initializer(w, entry, random);
        else
            constant{.value = entry.first_value}(w, entry, random);
    }
    detail::derive_parameters(w);
}
/// The same for all parameters of a network or layer.
template <class Owner, class Initializer>
void initialize(parameters<Owner>& w, const Initializer& initializer) {
    initialize(w.view(), initializer);
}

}  // namespace ctnn
