// What a layer computes along with itself: the activation and the pooling layer behind it, or these
// in their place.
#pragma once

#include <ctnn/layer_facts.hpp>
#include <ctnn/shape.hpp>
#include <ctnn/simd/loops.hpp>
#include <ctnn/simd/vector.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace ctnn::detail {

/// What the loops ask of an elementwise layer, for every T (float, or a vector: one number per
/// lane), with x, y: T
///   value(x)              y
///   slope(y)              dy/dx, said from y
///   facts.is_increasing   whether a larger x never gives a smaller y
template <class Layer>
concept activation = requires(float x) {
    { Layer::value(x) } -> std::same_as<float>;
    { Layer::slope(x) } -> std::same_as<float>;
    { Layer::facts.is_increasing } -> std::convertible_to<bool>;
};

/// What the loops ask of a pooling layer, whose windows have no pixel in common. Over a window's
/// numbers, row by row: kept = start(); kept = combine(kept, x), or combine(kept, x, next) for two
/// of them; y = finish(kept).
///   window_rows, window_columns   pixels that a window sees
///   facts.takes_maximum           whether y is the largest of them
template <class Layer>
concept pooling = requires(float x) {
    { Layer::window_rows } -> std::convertible_to<std::size_t>;
    { Layer::window_columns } -> std::convertible_to<std::size_t>;
    { Layer::template start<float>() } -> std::same_as<float>;
    { Layer::combine(x, x) } -> std::same_as<float>;
    { Layer::combine(x, x, x) } -> std::same_as<float>;
    { Layer::finish(x) } -> std::same_as<float>;
    { Layer::facts.takes_maximum } -> std::convertible_to<bool>;
};

/// Pooling by maximum whose gradient can be computed from the positions of the maxima (of each
/// window, row by row, from 0; a byte for every lane).
///   input_gradient_of_area<Activation, Channels, RowSize>(y, positions, d_y, area, first, d_x)
///       writes dLoss/dx for an area that begins with a window, `Channels` channels from `first` on,
///       in rows of RowSize numbers; `Activation` came before pooling, y and d_y are pooling's
template <class Layer>
concept pooling_with_positions = pooling<Layer> &&
    requires(const float* y, const std::uint8_t* positions, area part, float* d_x) {
    typename Layer::output_shape;
    Layer::template input_gradient_of_area<Layer, 1, 1>(y, positions, y, part, std::size_t{}, d_x);
};

/// In the place of an activation or a pooling layer that is not there.
struct no_activation {
    static constexpr layer_facts facts{.is_elementwise = true, .is_increasing = true};
    template <class T>
    static constexpr T value(T x) noexcept {
        return x;
    }
    template <class T>
    static constexpr T slope(T) noexcept {
        return T(1.0f);
    }
};
struct no_pooling {
    static constexpr layer_facts facts{.pools_disjoint_windows = true};
    static constexpr std::size_t window_rows = 1, window_columns = 1;
    template <class T>
    static constexpr T start() noexcept {
        return T(0.0f);
    }
    template <class T>
    static constexpr T combine(T, T x) noexcept {
        return x;
    }
    template <class T>
    static constexpr T combine(T, T, T x) noexcept {
        return x;
    }
    template <class T>
    static constexpr T finish(T x) noexcept {
        return x;
    }
};

/// `Activation` of a layer's output times a factor of its filter, plus a summand: what a layer that says
/// facts.fuses_scale computes along of one that says facts.scales_channels.
template <class Activation>
struct scaling : Activation {};
/// `Activation` of the sum of a layer's output (scaled, maybe) and what lies in its place, for a layer
/// that says facts.fuses_addition. No pooling comes behind.
template <class Activation>
struct adding : Activation {};

template <class Activation>
inline constexpr bool scales_output = false;
template <class Activation>
inline constexpr bool scales_output<scaling<Activation>> = true;
template <class Activation>
inline constexpr bool scales_output<adding<Activation>> = scales_output<Activation>;
template <class Activation>
inline constexpr bool adds_to_output = false;
template <class Activation>
inline constexpr bool adds_to_output<adding<Activation>> = true;

/// What scales the outputs of so many filters: factors, summands, and zeros behind them, so that a vector
/// can be loaded from each; whole vectors, as what lies behind is slower in between.
constexpr std::size_t scale_size(std::size_t filters) noexcept {
    constexpr std::size_t lanes = simd::native_lanes;
    return (2 * filters + 2 * (lanes - 1)) / lanes * lanes;
}
/// Filter f's sum, scaled if `Activation` says so.
template <class Activation, class T>
[[gnu::always_inline]] constexpr T scaled_sum(T sum, const float* scale, std::size_t f,
                                              std::size_t filters) noexcept {
    if constexpr (scales_output<Activation>)
        return simd::fma(sum, T(scale[f]), T(scale[filters + f]));
    else
        return sum;
}
/// The same for as many filters as there are lanes, from f on.
template <class Activation, class Vector>
[[gnu::always_inline]] inline Vector scaled_sums(Vector sum, const float* scale, std::size_t f,
                                                 std::size_t filters) noexcept {
    if constexpr (scales_output<Activation>)
        return simd::fma(sum, simd::load<Vector>(scale + f),
                         simd::load<Vector>(scale + filters + f));
    else
        return sum;
}

/// Where the activation is computed: after pooling, once for a window, if that gives the same
/// numbers.
template <activation Activation, pooling Pooling>
struct activation_around {
    static constexpr bool comes_after =
        Activation::facts.is_increasing && Pooling::facts.takes_maximum;
    using before = std::conditional_t<comes_after, no_activation, Activation>;
    using after = std::conditional_t<comes_after, Activation, no_activation>;
};

/// `kept`, combined with at(0), ..., at(Count - 1): a row of a pooling window, in pairs.
template <pooling Pooling, std::size_t Count, class T, class At>
[[gnu::always_inline]] constexpr T combine_row(T kept, At&& at) noexcept {
    CTNN_UNROLLED
    for (std::size_t n = 0; n < Count / 2; ++n)
        kept = Pooling::combine(kept, T(at(2 * n)), T(at(2 * n + 1)));
    if constexpr (Count % 2 == 1) kept = Pooling::combine(kept, T(at(Count - 1)));
    return kept;
}

}  // namespace ctnn::detail
