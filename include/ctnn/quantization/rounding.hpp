// From exact sums to bytes: the two sets of rules. Scales are of floats, y = scale (byte - zero).
#pragma once

#include <ctnn/quantization/fixed_point.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace ctnn {
namespace detail {

/// A number of 24 bits or fewer times 2^exponent.
struct short_number {
    std::uint64_t mantissa = 0;
    int exponent = 0;
};
/// The upper 24 bits of x 2^exponent, rounded with halves to even: what a float can hold.
constexpr short_number round_to_24_bits(std::uint64_t x, int exponent) noexcept {
    const int extra = static_cast<int>(std::bit_width(x)) - 24;
    if (extra <= 0) return {x, exponent};
    const std::uint64_t kept = x >> extra, rest = x & ((std::uint64_t{1} << extra) - 1),
                        half = std::uint64_t{1} << (extra - 1);
    return {kept + (rest > half || (rest == half && (kept & 1) != 0)), exponent + extra};
}
/// float(sum) * factor, rounded to an integer, halves to even; at most 2^30. The definition, in
/// integers: for constant expressions, and processors whose floats are wider or slower than these.
constexpr std::int32_t float_product_in_integers(std::int32_t sum, float factor) noexcept {
    const auto bits = std::bit_cast<std::uint32_t>(factor);
    const auto biased = static_cast<int>(bits >> 23 & 255);
    if (biased == 0 || sum == 0) return 0;  // smaller than any byte's half
    const std::uint64_t mantissa = (bits & 0x7FFFFF) | 0x800000;
    const std::uint32_t size =
        sum < 0 ? 0u - static_cast<std::uint32_t>(sum) : static_cast<std::uint32_t>(sum);
    const short_number whole = round_to_24_bits(size, 0);
    const short_number product =
        round_to_24_bits(whole.mantissa * mantissa, whole.exponent + biased - 150);
    std::uint64_t result = 0;
    constexpr std::uint64_t most = std::uint64_t{1} << 30;
    if (product.exponent >= 0) {
        result =
            product.exponent > 30 ? most : std::min(most, product.mantissa << product.exponent);
    } else if (product.exponent >= -25) {
        const int down = -product.exponent;
        const std::uint64_t rest = product.mantissa & ((std::uint64_t{1} << down) - 1),
                            half = std::uint64_t{1} << (down - 1);
        result = product.mantissa >> down;
        result += rest > half || (rest == half && (result & 1) != 0);
    }
    const auto rounded = static_cast<std::int32_t>(result);
    return sum < 0 ? -rounded : rounded;
}
constexpr std::int32_t float_product(std::int32_t sum, float factor) noexcept {
    if (std::is_constant_evaluated()) return float_product_in_integers(sum, factor);
#if defined(__SSE2__)
    // Halves to even unless the program has changed how its floats round.
    const __m128 product = _mm_mul_ss(_mm_cvtsi32_ss(_mm_setzero_ps(), sum), _mm_set_ss(factor));
    constexpr float most = 1 << 30;
    return _mm_cvtss_si32(_mm_max_ss(_mm_set_ss(-most), _mm_min_ss(_mm_set_ss(most), product)));
#elif defined(__ARM_FP) && (__ARM_FP & 4) != 0 && !defined(__aarch64__)
    const float product = static_cast<float>(sum) * factor;
    std::int32_t nearest;  // by the mode of rounding, and saturated
    asm("vcvtr.s32.f32 %0, %1" : "=t"(nearest) : "t"(product));
    constexpr std::int32_t most = 1 << 30;
    return std::clamp(nearest, -most, most);
#else
    return float_product_in_integers(sum, factor);
#endif
}

/// Away from zero where x is halfway between two integers.
constexpr std::int32_t rounded(double x) noexcept {
    constexpr double most = 1 << 30;
    if (!(x == x)) return 0;
    x = std::clamp(x, -most, most);
    return static_cast<std::int32_t>(x < 0 ? x - 0.5 : x + 0.5);
}
constexpr std::int8_t to_byte(std::int32_t x, std::int32_t low = -128,
                              std::int32_t high = 127) noexcept {
    return static_cast<std::int8_t>(std::clamp(x, low, high));
}
/// e^x for x <= 0, the float next to it: Taylor's series of a 64th, to the power of 64.
constexpr float exp_of_negative(double x) noexcept {
    if (x < -200.0) return 0.0f;
    double term = 1.0, sum = 1.0;
    for (int i = 1; i < 24; ++i) sum += term *= x / 64.0 / i;
    for (int i = 0; i < 6; ++i) sum *= sum;
    return static_cast<float>(sum);
}
/// The exponent of a float: 2^exponent <= x < 2^(exponent + 1).
constexpr int exponent_of(float x) noexcept {
    return static_cast<int>(std::bit_cast<std::uint32_t>(x) >> 23 & 255) - 127;
}
constexpr double power_of_two(int exponent) noexcept {
    double result = 1.0;
    for (; exponent > 0; --exponent) result *= 2.0;
    for (; exponent < 0; ++exponent) result /= 2.0;
    return result;
}
constexpr std::int32_t round_to_even(double x) noexcept {
    const auto down =
        static_cast<std::int64_t>(x) - (x < static_cast<double>(static_cast<std::int64_t>(x)));
    const double rest = x - static_cast<double>(down);
    return static_cast<std::int32_t>(down + (rest > 0.5 || (rest == 0.5 && (down & 1) != 0)));
}

/// How the bytes of a value mean numbers: scale (byte - zero).
struct byte_scale {
    float scale = 1.0f;
    std::int32_t zero = 0;
    bool operator==(const byte_scale&) const = default;
};

}  // namespace detail

/// What becomes of a sum. Sums are exact in 32 bits; implementations of TensorFlow Lite's int8
/// specification differ in how they round after that, and so in the bytes.
/// https://ai.google.dev/edge/litert/models/quantization_spec
namespace rounding {

/// As TensorFlow Lite on phones and desktops (XNNPACK): one multiplication of 32-bit floats, halves
/// to even.
struct tflite {
    using factor = float;
    static constexpr factor factor_of(float x, float kernel, float y, bool /*is_one*/) noexcept {
        return x * kernel / y;
    }
    static constexpr std::int32_t times(std::int32_t sum, factor f) noexcept {
        return detail::float_product(sum, f);
    }

    /// Of a sum of values: round(sum of q[i] (x[i] - zero[i]) / 2^shift), halves up.
    template <std::size_t Terms>
    struct addition {
        std::array<std::int32_t, Terms> q{};
        std::int32_t offset = 0, shift = 0;
        bool operator==(const addition&) const = default;

        static constexpr addition of(std::span<const detail::byte_scale> x, float y) noexcept {
            addition a;
            float largest = 0.0f;
            for (const auto& term : x) largest = std::max(largest, term.scale / y);
            const int bits = 21 - static_cast<int>(std::bit_width(x.size() - 1));
            a.shift = std::clamp(bits - detail::exponent_of(largest), 1, 30);
            std::uint32_t sum = std::uint32_t{1} << (a.shift - 1);
            for (std::size_t i = 0; i < x.size(); ++i) {
                a.q[i] = detail::round_to_even(static_cast<double>(x[i].scale / y) *
                                               detail::power_of_two(a.shift));
                sum -= static_cast<std::uint32_t>(a.q[i]) * static_cast<std::uint32_t>(x[i].zero);
            }
            a.offset = static_cast<std::int32_t>(sum);
            return a;
        }
        template <std::size_t Count>
        [[nodiscard]] constexpr std::int32_t
        operator()(const std::array<std::int32_t, Count>& x) const noexcept {
            auto sum = static_cast<std::uint32_t>(offset);
            for (std::size_t i = 0; i < Count; ++i)
                sum += static_cast<std::uint32_t>(q[i]) * static_cast<std::uint32_t>(x[i]);
            return static_cast<std::int32_t>(sum) >> shift;
        }
    };

    /// From a table of e^-d in floats.
    struct softmax {
        std::array<float, 256> exps{};  // of 0, -scale, -2 scale, ...
        float scale = 1.0f / 256.0f;    // of the result
        bool operator==(const softmax&) const = default;

        static constexpr softmax of(float x, float y) noexcept {
            softmax s;
            for (std::size_t d = 0; d < 256; ++d)
                s.exps[d] =
                    detail::exp_of_negative(-static_cast<double>(x * static_cast<float>(d)));
            s.scale = y;
            return s;
        }
        constexpr void operator()(const std::int8_t* x, std::int8_t* y, std::size_t count,
                                  std::int32_t zero) const noexcept {
            std::int32_t most = x[0];
            for (std::size_t i = 1; i < count; ++i) most = std::max<std::int32_t>(most, x[i]);
            float sum = 0.0f;
            for (std::size_t i = 0; i < count; ++i)
                sum += exps[static_cast<std::size_t>(most - x[i])];
            const float share = 1.0f / (sum * scale);
            for (std::size_t i = 0; i < count; ++i) {
                // A product of floats is exact in double, so there is one rounding, that to float.
                const auto part = static_cast<float>(
                    static_cast<double>(exps[static_cast<std::size_t>(most - x[i])]) *
                    static_cast<double>(share));
                y[i] = detail::to_byte(detail::rounded(static_cast<double>(part)) + zero);
            }
        }
    };
};

/// As TensorFlow Lite Micro and the reference kernels: integers alone, a factor of 31 bits, rounded
/// twice, halves away from zero.
struct tflite_micro {
    using factor = detail::fixed_factor;
    /// `is_one`: the layer has one scale for all its weights.
    static constexpr factor factor_of(float x, float kernel, float y, bool is_one) noexcept {
        const double product = is_one ? static_cast<double>(x * kernel)
                                      : static_cast<double>(x) * static_cast<double>(kernel);
        return factor::nearest(product / static_cast<double>(y));
    }
    static constexpr std::int32_t times(std::int32_t sum, factor f) noexcept {
        return f.times(sum);
    }

    template <std::size_t Terms>
    struct addition {
        std::array<factor, Terms> of_terms{};
        std::array<std::int32_t, Terms> zeros{};
        factor of_sum{};
        bool operator==(const addition&) const = default;

        static constexpr addition of(std::span<const detail::byte_scale> x, float y) noexcept {
            addition a;
            double most = 0.0;
            for (const auto& term : x) most = std::max(most, static_cast<double>(term.scale));
            most *= 2.0;
            for (std::size_t i = 0; i < x.size(); ++i) {
                a.of_terms[i] = factor::nearest(static_cast<double>(x[i].scale) / most);
                a.zeros[i] = x[i].zero;
            }
            a.of_sum = factor::nearest(most / ((1 << 20) * static_cast<double>(y)));
            return a;
        }
        template <std::size_t Count>
        [[nodiscard]] constexpr std::int32_t
        operator()(const std::array<std::int32_t, Count>& x) const noexcept {
            std::int32_t sum = 0;
            for (std::size_t i = 0; i < Count; ++i)
                sum += of_terms[i].times((x[i] - zeros[i]) * (1 << 20));
            return of_sum.times(sum);
        }
    };

    struct softmax {
        std::int32_t q = 0, left = 0, least = 0;  // differences below `least` are 0
        bool operator==(const softmax&) const = default;

        static constexpr softmax of(float x, float /*y*/) noexcept {
            const double real = std::min(static_cast<double>(x) * (1 << 26), 2147483647.0);
            const factor f = factor::nearest(real);
            const auto radius =
                static_cast<std::int32_t>(31.0 * (1 << 26) / detail::power_of_two(f.shift));
            return {f.q, f.shift, -radius};
        }
        constexpr void operator()(const std::int8_t* x, std::int8_t* y, std::size_t count,
                                  std::int32_t /*zero*/) const noexcept {
            std::int32_t most = x[0];
            for (std::size_t i = 1; i < count; ++i) most = std::max<std::int32_t>(most, x[i]);
            const auto exp_of = [&](std::int32_t difference) {
                return detail::fixed_exp(detail::high_product(
                    static_cast<std::int32_t>(static_cast<std::uint32_t>(difference) << left), q));
            };
            std::uint32_t sum = 0;  // times 2^19, at most 4096 of the largest
            for (std::size_t i = 0; i < count; ++i)
                if (x[i] - most >= least)
                    sum = std::min(sum + static_cast<std::uint32_t>(
                                             detail::rounded_shift(exp_of(x[i] - most), 12)),
                                   std::uint32_t{0x7FFF'FFFF});
            const int headroom = std::countl_zero(sum);
            const auto normal =
                static_cast<std::int32_t>((sum << headroom) - (std::uint32_t{1} << 31));
            const std::int32_t share = detail::fixed_reciprocal_of_one_plus(normal);
            const int bits = 12 - headroom + 31 - 8;  // with more than 31 all of them are 0
            for (std::size_t i = 0; i < count; ++i)
                y[i] = x[i] - most < least || bits > 31
                           ? std::int8_t{-128}
                           : detail::to_byte(
                                 detail::rounded_shift(
                                     detail::high_product(share, exp_of(x[i] - most)), bits) -
                                 128);
        }
    };
};

}  // namespace rounding
}  // namespace ctnn
