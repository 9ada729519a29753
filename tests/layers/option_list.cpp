// Options are found by their kind; of several mistakes the compiler names one.
#include <ctnn/layers/option_list.hpp>

#include <ctnn/layers/options.hpp>

#include <type_traits>

using namespace ctnn;
using kind = ctnn::detail::option_kind;
using detail::is_a_layer, detail::option_or, detail::times_given;

template <class... Options>
using given =
    detail::options<detail::accepts<kind::kernel, kind::stride, kind::padding>, Options...>;
template <class Given>
using stride_of = option_or<kind::stride, stride<9>, Given>;

// In any order; what is not given is the default.
static_assert(given<>::fit && given<kernel<3>>::fit && given<same, stride<2>, kernel<3>>::fit);
static_assert(std::is_same_v<stride_of<given<same, stride<2>, kernel<3>>>, stride<2>>);
static_assert(std::is_same_v<stride_of<given<stride<2, 5>, kernel<3>>>, stride<2, 5>>);
static_assert(std::is_same_v<stride_of<given<kernel<3>, same>>, stride<9>>);
static_assert(std::is_same_v<option_or<kind::padding, valid, given<kernel<3>, same>>, same>);

// Twice, not taken, out of range, no option at all; then all are defaults.
static_assert(!given<stride<2>, stride<2>>::fit && !given<same, kernel<3>, padding<1>>::fit);
static_assert(!given<kernel<3>, dilation<2>>::fit && !given<kernel<3>, stride<0>>::fit);
static_assert(!given<int>::fit && !given<kernel<3>, int, stride<2>>::fit);
static_assert(std::is_same_v<stride_of<given<stride<2>, dilation<2>>>, stride<9>>);

template <std::size_t Number>
struct looks_like_a_layer {
    template <class Input>
    struct on {};
};
static_assert(is_a_layer<looks_like_a_layer<1>> && !is_a_layer<kernel<3>> && !is_a_layer<int>);
static_assert(!given<looks_like_a_layer<1>>::fit);

// What would be said: of the last option that is wrong, and nothing where all are right.
template <class Given, class Check>
inline constexpr bool says = std::is_same_v<typename Given::check, Check>;
static_assert(says<given<kernel<3>, stride<2>>, detail::no_check>);
static_assert(says<given<stride<0>>, stride<0>::check>);
static_assert(says<given<stride<2>, stride<3>>, detail::option_check<stride<2>, true, 2>>);
static_assert(says<given<dilation<2>>, detail::option_check<dilation<2>, false, 1>>);
static_assert(
    says<given<looks_like_a_layer<1>>, detail::layer_among_options<looks_like_a_layer<1>>>);
static_assert(says<given<dilation<2>, stride<0>>, stride<0>::check>);

static_assert(times_given<kind::stride, stride<1>, same, stride<2>> == 2 &&
              times_given<kind::groups, stride<1>, int> == 0);

template <class...>
struct pack {};
template <kind Kind, class... Options>
using without =
    typename detail::without_option<pack, Kind, detail::option_pack<>, Options...>::type;
static_assert(
    std::is_same_v<without<kind::stride, kernel<3>, stride<2>, same>, pack<kernel<3>, same>>);
static_assert(std::is_same_v<without<kind::groups, kernel<3>, same>, pack<kernel<3>, same>>);
static_assert(std::is_same_v<without<kind::stride>, pack<>>);
