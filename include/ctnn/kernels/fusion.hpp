// What a layer computes along with itself: the activation and the pooling layer behind it, or these
// in their place.
#pragma once

#include <ctnn/simd/loops.hpp>

#include <cstddef>
#include <type_traits>

namespace ctnn::detail {

/// In the place of an activation or a pooling layer that is not there.
struct no_activation {
    static constexpr bool is_increasing = true;
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
    static constexpr bool takes_maximum = false;
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

/// Where the activation is computed: after pooling, once for a window, if that gives the same
/// numbers.
template <class Activation, class Pooling>
struct activation_around {
    static constexpr bool comes_after = Activation::is_increasing && Pooling::takes_maximum;
    using before = std::conditional_t<comes_after, no_activation, Activation>;
    using after = std::conditional_t<comes_after, Activation, no_activation>;
};

/// `kept`, combined with at(0), ..., at(Count - 1): a row of a pooling window, in pairs.
template <class Pooling, std::size_t Count, class T, class At>
[[gnu::always_inline]] constexpr T combine_row(T kept, At&& at) noexcept {
    simd::unroll<Count / 2>([&](auto n) CTNN_INLINED {
        kept = Pooling::combine(kept, T(at(std::integral_constant<std::size_t, 2 * n>{})),
                                T(at(std::integral_constant<std::size_t, 2 * n + 1>{})));
    });
    if constexpr (Count % 2 == 1)
        kept = Pooling::combine(kept, T(at(std::integral_constant<std::size_t, Count - 1>{})));
    return kept;
}

}  // namespace ctnn::detail
