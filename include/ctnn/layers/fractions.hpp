// Options that are numbers: fractions, since a template takes whole numbers. `fits` and `check` are as
// in options.hpp.
#pragma once

#include <ctnn/layers/options.hpp>

namespace ctnn {
namespace detail {

/// A number as an option: Numerator / Denominator.
template <option_kind Kind, int Numerator, int Denominator>
struct fraction {
    static constexpr auto kind = Kind;
    static constexpr bool fits = 1 <= Denominator;
    static constexpr float value =
        static_cast<float>(Numerator) / static_cast<float>(Denominator == 0 ? 1 : Denominator);
    struct check {
        static_assert(1 <= Denominator, "ctnn: the denominator of an option must be at least 1");
    };
};

}  // namespace detail

/// The bounds of `clip`, as fractions: `low<-1, 2>` is -0.5.
template <int Numerator, int Denominator = 1>
struct low : detail::fraction<detail::option_kind::low, Numerator, Denominator> {};
template <int Numerator, int Denominator = 1>
struct high : detail::fraction<detail::option_kind::high, Numerator, Denominator> {};

/// What `rescaling` multiplies with, and adds, as fractions: `scale<1, 255>`.
template <int Numerator, int Denominator = 1>
struct scale : detail::fraction<detail::option_kind::scale, Numerator, Denominator> {};
template <int Numerator, int Denominator = 1>
struct offset : detail::fraction<detail::option_kind::offset, Numerator, Denominator> {};

/// The slope of `leaky_relu` below 0, as a fraction: `negative_slope<1, 100>` is 0.01.
template <int Numerator, int Denominator = 1>
struct negative_slope : detail::fraction<detail::option_kind::slope, Numerator, Denominator> {
    static constexpr bool fits = 0 <= Numerator && 1 <= Denominator;
    struct check {
        static_assert(0 <= Numerator, "ctnn::negative_slope: the numerator must be at least 0");
        static_assert(1 <= Denominator, "ctnn::negative_slope: the denominator must be at least 1");
    };
};

/// The limit `-alpha` of `elu` below 0, as a fraction: `alpha<1, 2>` is 0.5.
template <int Numerator, int Denominator = 1>
struct alpha : detail::fraction<detail::option_kind::alpha, Numerator, Denominator> {
    static constexpr bool fits = 1 <= Numerator && 1 <= Denominator;
    struct check {
        static_assert(1 <= Numerator, "ctnn::alpha: the numerator must be at least 1");
        static_assert(1 <= Denominator, "ctnn::alpha: the denominator must be at least 1");
    };
};

/// How much of the moving averages of `batch_normalization` a step keeps, as a fraction in [0, 1]:
/// `momentum<99, 100>`.
template <int Numerator, int Denominator = 1>
struct momentum : detail::fraction<detail::option_kind::momentum, Numerator, Denominator> {
    static constexpr bool fits = 1 <= Denominator && 0 <= Numerator && Numerator <= Denominator;
    struct check {
        static_assert(1 <= Denominator, "ctnn::momentum: the denominator must be at least 1");
        static_assert(0 <= Numerator, "ctnn::momentum: the numerator must be at least 0");
        static_assert(Numerator <= Denominator, "ctnn::momentum: it must be at most 1");
    };
};

/// What normalization adds to the variance, as a fraction above 0: `epsilon<1, 1000>`.
template <int Numerator, int Denominator = 1>
struct epsilon : detail::fraction<detail::option_kind::epsilon, Numerator, Denominator> {
    static constexpr bool fits = 1 <= Numerator && 1 <= Denominator;
    struct check {
        static_assert(1 <= Numerator, "ctnn::epsilon: the numerator must be at least 1");
        static_assert(1 <= Denominator, "ctnn::epsilon: the denominator must be at least 1");
    };
};

/// How many of the numbers `dropout` drops, as a fraction in [0, 1): `rate<1, 4>`.
template <int Numerator, int Denominator = 1>
struct rate : detail::fraction<detail::option_kind::rate, Numerator, Denominator> {
    static constexpr bool fits = 1 <= Denominator && 0 <= Numerator && Numerator < Denominator;
    struct check {
        static_assert(1 <= Denominator, "ctnn::rate: the denominator must be at least 1");
        static_assert(0 <= Numerator, "ctnn::rate: the numerator must be at least 0");
        static_assert(Numerator < Denominator, "ctnn::rate: it must be below 1");
    };
};

/// The standard deviation of `gaussian_noise`, as a fraction: `stddev<1, 10>`.
template <int Numerator, int Denominator = 1>
struct stddev : detail::fraction<detail::option_kind::deviation, Numerator, Denominator> {
    static constexpr bool fits = 1 <= Denominator && 0 <= Numerator;
    struct check {
        static_assert(0 <= Numerator, "ctnn::stddev: the numerator must be at least 0");
        static_assert(1 <= Denominator, "ctnn::stddev: the denominator must be at least 1");
    };
};

}  // namespace ctnn
