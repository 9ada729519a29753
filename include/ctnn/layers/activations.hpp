// Activations beside relu, leaky_relu, elu, sigmoid and tanh, which have headers of their own. Each
// acts on every number by itself; any shape. https://keras.io/api/layers/activations
#pragma once

#include <ctnn/layer.hpp>
#include <ctnn/layers/option_list.hpp>
#include <ctnn/simd/elementary_functions.hpp>

#include <array>
#include <bit>
#include <cstdint>

namespace ctnn {
namespace detail {

/// An elementwise layer that is increasing, and says its slope from y.
template <class Layer, class Input>
struct increasing : elementwise<Layer, Input> {
    static constexpr layer_facts facts{
        .in_place = true, .is_elementwise = true, .is_increasing = true};
};
/// One whose slope cannot be said from y: slope takes x.
template <class Layer, class Input>
struct elementwise_of_input : elementwise<Layer, Input> {
    static constexpr layer_facts facts{
        .in_place = true, .needs_input = true, .is_elementwise = true};
};

/// `inside` where low < y < high, else 0; y if it is not a number.
template <class T>
constexpr T slope_between(T low, T y, T high, T inside) noexcept {
    const T below = simd::select(y < high, inside, T(0.0f));
    return simd::select(low < y, below, simd::select(simd::is_nan(y), y, T(0.0f)));
}

}  // namespace detail

/// y = min(max(x, 0), 6); slope 1 between, else 0. https://www.tensorflow.org/api_docs/python/tf/nn/relu6
struct relu6 {
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : detail::increasing<on<Input>, Input> {
        static constexpr std::string_view name = "relu6";
        template <class T>
        static constexpr T value(T x) noexcept {
            return simd::min(T(6.0f), simd::max(T(0.0f), x));  // in this order NaN stays
        }
        template <class T>
        static constexpr T slope(T y) noexcept {
            return detail::slope_between(T(0.0f), y, T(6.0f), T(1.0f));
        }
    };
};

/// y = min(max(x, low), high); slope 1 between, else 0. `clip<low<-1>, high<1>>`: fractions, as
/// `low<-1, 2>`. Rejected: a low that is not below high. Both must be given.
template <class... Options>
struct clip {
    using kind = detail::option_kind;
    using given = detail::options<detail::accepts<kind::low, kind::high>, Options...>;
    using lowest = detail::option_or<kind::low, low<0>, given>;
    using highest = detail::option_or<kind::high, high<1>, given>;

    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : detail::increasing<on<Input>, Input> {
        static constexpr std::string_view name = "clip";
        static constexpr float low = lowest::value, high = highest::value;
        static constexpr std::array<std::uint64_t, 2> settings{std::bit_cast<std::uint32_t>(low),
                                                               std::bit_cast<std::uint32_t>(high)};
        static_assert(sizeof(typename given::check) > 0);
        static constexpr std::size_t given_bounds = !given::fit ? 2 : sizeof...(Options), all = 2;
        static_assert(given_bounds == all, "ctnn::clip: both low<> and high<> must be given");
        static_assert(given_bounds != all || low < high,
                      "ctnn::clip: low must be below high; exchange them");
        template <class T>
        static constexpr T value(T x) noexcept {
            return simd::min(T(high), simd::max(T(low), x));
        }
        template <class T>
        static constexpr T slope(T y) noexcept {
            return detail::slope_between(T(low), y, T(high), T(1.0f));
        }
    };
};

/// y = min(max(x + 3, 0), 6) / 6, as in Keras 3 and PyTorch.
struct hard_sigmoid {
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : detail::increasing<on<Input>, Input> {
        static constexpr std::string_view name = "hard_sigmoid";
        template <class T>
        static constexpr T value(T x) noexcept {
            return simd::min(T(1.0f), simd::max(T(0.0f), simd::fma(x, T(1.0f / 6.0f), T(0.5f))));
        }
        template <class T>
        static constexpr T slope(T y) noexcept {
            return detail::slope_between(T(0.0f), y, T(1.0f), T(1.0f / 6.0f));
        }
    };
};

/// y = x hard_sigmoid(x): x above 3, 0 below -3. Howard et al., 2019, https://arxiv.org/abs/1905.02244
struct hard_swish {
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : detail::elementwise_of_input<on<Input>, Input> {
        static constexpr std::string_view name = "hard_swish";
        template <class T>
        static constexpr T value(T x) noexcept {
            return x * hard_sigmoid::on<Input>::value(x);
        }
        template <class T>
        static constexpr T slope(T x) noexcept {  // (2 x + 3) / 6 between -3 and 3
            const T between = simd::fma(x, T(1.0f / 3.0f), T(0.5f));
            return simd::select(T(-3.0f) < x, simd::select(x < T(3.0f), between, T(1.0f)),
                                simd::select(simd::is_nan(x), x, T(0.0f)));
        }
    };
};

/// y = x sigmoid(x), also called SiLU. Ramachandran et al., 2017, https://arxiv.org/abs/1710.05941
struct swish {
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : detail::elementwise_of_input<on<Input>, Input> {
        static constexpr std::string_view name = "swish";
        template <class T>
        static constexpr T value(T x) noexcept {
            return x * simd::sigmoid(x);
        }
        template <class T>
        static constexpr T slope(T x) noexcept {
            const T s = simd::sigmoid(x);
            return simd::fma(x * s, T(1.0f) - s, s);
        }
    };
};

/// y = x P(z <= x) for a normal z: x (1 + erf(x / sqrt(2))) / 2, Keras' default (not approximate).
/// Hendrycks and Gimpel, 2016, https://arxiv.org/abs/1606.08415
struct gelu {
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : detail::elementwise_of_input<on<Input>, Input> {
        static constexpr std::string_view name = "gelu";
        template <class T>
        static constexpr T value(T x) noexcept {
            return x * probability(x);
        }
        template <class T>
        static constexpr T slope(T x) noexcept {  // P(z <= x) + x times the normal density
            const T density = T(0.3989422804f) * simd::exp(T(-0.5f) * x * x);
            return simd::fma(x, density, probability(x));
        }

    private:
        template <class T>
        static constexpr T probability(T x) noexcept {
            return simd::fma(T(0.5f), simd::erf(T(0.7071067812f) * x), T(0.5f));
        }
    };
};

/// y = log(1 + e^x). Glorot et al., 2011, https://proceedings.mlr.press/v15/glorot11a.html
struct softplus {
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : detail::increasing<on<Input>, Input> {
        static constexpr std::string_view name = "softplus";
        template <class T>
        static constexpr T value(T x) noexcept {
            return simd::max(T(0.0f), x) + simd::log_of_1_plus(simd::exp(-simd::abs(x)));
        }
        template <class T>
        static constexpr T slope(T y) noexcept {  // sigmoid(x) = 1 - e^-y
            return -simd::exp_minus_1(-y);
        }
    };
};

/// y = x / (1 + |x|), in (-1, 1).
struct softsign {
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : detail::increasing<on<Input>, Input> {
        static constexpr std::string_view name = "softsign";
        template <class T>
        static constexpr T value(T x) noexcept {
            return simd::divide(x, T(1.0f) + simd::abs(x));
        }
        template <class T>
        static constexpr T slope(T y) noexcept {  // 1 / (1 + |x|)^2
            const T rest = T(1.0f) - simd::abs(y);
            return rest * rest;
        }
    };
};

/// y = scale x above 0, else scale alpha (e^x - 1), with the scale 1.0507 and the alpha 1.6733 that
/// keep mean 0 and variance 1. Klambauer et al., 2017, https://arxiv.org/abs/1706.02515
struct selu {
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : detail::increasing<on<Input>, Input> {
        static constexpr std::string_view name = "selu";
        static constexpr float scale = 1.05070098f, limit = 1.05070098f * 1.67326324f;
        template <class T>
        static constexpr T value(T x) noexcept {
            return simd::select(x > T(0.0f), x * T(scale),
                                T(limit) * simd::exp_minus_1(simd::min(T(0.0f), x)));
        }
        template <class T>
        static constexpr T slope(T y) noexcept {
            return simd::select(y > T(0.0f), T(scale), y + T(limit));
        }
    };
};

/// y = e^x, at most e^88.
struct exponential {
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : detail::increasing<on<Input>, Input> {
        static constexpr std::string_view name = "exponential";
        template <class T>
        static constexpr T value(T x) noexcept {
            return simd::exp(x);
        }
        template <class T>
        static constexpr T slope(T y) noexcept {
            return y;
        }
    };
};

/// y = x scale + offset: `rescaling<scale<1, 255>>` takes bytes, 0 to 255, to 0 to 1. Options:
/// scale<> (1), offset<> (0), fractions. https://keras.io/api/layers/preprocessing_layers/image_preprocessing/rescaling
template <class... Options>
struct rescaling {
    using kind = detail::option_kind;
    using given = detail::options<detail::accepts<kind::scale, kind::offset>, Options...>;

    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : elementwise<on<Input>, Input> {
        static constexpr std::string_view name = "rescaling";
        static constexpr float scale = detail::option_or<kind::scale, ctnn::scale<1>, given>::value,
                               offset =
                                   detail::option_or<kind::offset, ctnn::offset<0>, given>::value;
        static constexpr layer_facts facts{
            .in_place = true, .is_elementwise = true, .is_increasing = scale >= 0.0f};
        static constexpr std::array<std::uint64_t, 2> settings{
            std::bit_cast<std::uint32_t>(scale), std::bit_cast<std::uint32_t>(offset)};
        static_assert(sizeof(typename given::check) > 0);
        template <class T>
        static constexpr T value(T x) noexcept {
            return simd::fma(x, T(scale), T(offset));
        }
        template <class T>
        static constexpr T slope(T y) noexcept {
            return simd::select(simd::is_nan(y), y, T(scale));
        }
    };
};

}  // namespace ctnn
