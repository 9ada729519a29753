// Options of one number become options of two, on a row; what has two numbers is refused.
#include <ctnn/layers/one_dimension.hpp>

#include <type_traits>

using namespace ctnn;
using detail::along_row, detail::axis;

template <class Option, class Expected>
inline constexpr bool becomes =
    along_row<Option>::fits&& std::is_same_v<typename along_row<Option>::type, Expected>;
static_assert(becomes<kernel<9>, kernel<1, 9>> && becomes<window<4>, window<1, 4>> &&
              becomes<stride<3>, stride<1, 3>> && becomes<dilation<5>, dilation<1, 5>> &&
              becomes<factor<2>, factor<1, 2>>);
static_assert(becomes<padding<3>, padding<0, 0, 3, 3>> &&
              becomes<padding<1, 2>, padding<0, 0, 1, 2>>);
static_assert(becomes<same, same> && becomes<valid, valid> && becomes<groups<2>, groups<2>> &&
              becomes<use_bias<false>, use_bias<false>>);  // the same in both
static_assert(!along_row<kernel<2, 3>>::fits && !along_row<window<2, 3>>::fits &&
              !along_row<stride<2, 3>>::fits && !along_row<dilation<2, 3>>::fits &&
              !along_row<factor<2, 3>>::fits && !along_row<padding<1, 2, 3, 4>>::fits);

// Causal: all that a kernel sees beside a step lies before it; three taps, 2 apart, see 4 more.
constexpr axis three_taps{10, 3, 1, 2, 0, 0};
static_assert(detail::causal_padding::columns(three_taps).before == 4 &&
              detail::causal_padding::columns(three_taps).after == 0 &&
              detail::causal_padding::rows(three_taps).before == 0 &&
              detail::causal_padding::rows(three_taps).after == 0);
static_assert(detail::causal_padding::columns(axis{10, 0, 1, 1, 0, 0}).before == 0);  // no kernel
static_assert(std::is_same_v<detail::along_row_or_causal<causal>::type, detail::causal_padding> &&
              std::is_same_v<detail::along_row_or_causal<stride<2>>::type, stride<1, 2>>);

// A default only where nothing of its kind was given.
template <class...>
struct layer {};
template <class... Options>
using with_window = detail::layer_along_row<layer, window<1, 2>, Options...>;
static_assert(std::is_same_v<with_window<>, layer<window<1, 2>>>);
static_assert(std::is_same_v<with_window<stride<3>>, layer<stride<1, 3>, window<1, 2>>>);
static_assert(std::is_same_v<with_window<window<4>, same>, layer<window<1, 4>, same>>);
