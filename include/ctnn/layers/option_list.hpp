// What a layer makes of the options it was given: finds each by its kind, and says which one is
// wrong.
#pragma once

#include <ctnn/layers/fractions.hpp>
#include <ctnn/layers/options.hpp>

#include <concepts>
#include <cstddef>
#include <type_traits>

namespace ctnn::detail {

template <class T>
concept option = requires {
    { T::kind } -> std::same_as<const option_kind&>;
};

template <class Option>
constexpr bool is_kind(option_kind wanted) noexcept {
    if constexpr (option<Option>) return Option::kind == wanted;
    return false;
}

template <option_kind Kind, class... Options>
inline constexpr std::size_t times_given = (std::size_t{0} + ... +
                                            std::size_t{is_kind<Options>(Kind)});

template <class Option, class... Options>
constexpr std::size_t times_of_its_kind() noexcept {
    if constexpr (option<Option>) return times_given<Option::kind, Options...>;
    return 1;
}
template <class Option>
constexpr bool is_in_range() noexcept {
    if constexpr (requires { Option::fits; }) return Option::fits;
    return true;
}

/// Stops the compiler at an option of a kind that the layer does not take, or has already; the
/// error names it as `Option`.
template <class Option, bool IsTaken, std::size_t Times>
struct option_check {
    static_assert(IsTaken,
                  "ctnn::layer: every option must be one that the layer takes; remove this one");
    static constexpr std::size_t times = Times, most = 1;
    static_assert(
        times <= most,
        "ctnn::layer: every option must be given at most once; remove this one or the other");
};
struct no_check {};

/// Stops the compiler at a layer among the options of another one, which Keras' `activation=` is;
/// the error names it as `Layer`.
template <class Layer>
struct layer_among_options {
    static constexpr bool is_option = option<Layer>;
    static_assert(is_option, "ctnn::layer: every option must be an option, not a layer; put this "
                             "one behind it, as an entry of its own");
};
template <class T>
inline constexpr bool is_a_layer = requires {
    typename T::template on<shape<1, 1, 1>>;
};

template <option_kind... Kinds>
struct accepts {};

/// The options of a layer that accepts one of each kind of `Accepts`. Where an option is wrong,
/// `fit` is false and `check`, which the layer looks at when it is put on a shape, says why.
template <class Accepts, class... Options>
struct options {
    static constexpr bool fit = true;
    using check = no_check;
};
template <option_kind... Kinds, class First, class... Rest>
struct options<accepts<Kinds...>, First, Rest...> {
private:
    using others = options<accepts<Kinds...>, Rest...>;
    static constexpr bool is_taken = (false || ... || is_kind<First>(Kinds));
    static constexpr std::size_t times = times_of_its_kind<First, First, Rest...>();
    static constexpr auto choose_check() noexcept {
        if constexpr (!others::fit)
            return std::type_identity<typename others::check>{};
        else if constexpr (!is_taken && is_a_layer<First>)
            return std::type_identity<layer_among_options<First>>{};
        else if constexpr (!is_taken || times > 1)
            return std::type_identity<option_check<First, is_taken, times>>{};
        else if constexpr (!is_in_range<First>())
            return std::type_identity<typename First::check>{};
        else
            return std::type_identity<no_check>{};
    }

public:
    static constexpr bool fit = is_taken && times <= 1 && is_in_range<First>() && others::fit;
    using check = typename decltype(choose_check())::type;
};

/// A layer that takes options, with those of this list that are not of `Kind`.
template <template <class...> class Layer, option_kind Kind, class Kept, class... Options>
struct without_option;
template <class...>
struct option_pack {};
template <template <class...> class Layer, option_kind Kind, class... Kept>
struct without_option<Layer, Kind, option_pack<Kept...>> {
    using type = Layer<Kept...>;
};
template <template <class...> class Layer, option_kind Kind, class... Kept, class First,
          class... Rest>
struct without_option<Layer, Kind, option_pack<Kept...>, First, Rest...>
    : without_option<Layer, Kind,
                     std::conditional_t<is_kind<First>(Kind), option_pack<Kept...>,
                                        option_pack<Kept..., First>>,
                     Rest...> {};

template <option_kind Kind, class Default, class Given>
struct find_option {
    using type = Default;
};
template <option_kind Kind, class Default, class Accepts, class First, class... Rest>
struct find_option<Kind, Default, options<Accepts, First, Rest...>> {
    using type =
        typename std::conditional_t<is_kind<First>(Kind), std::type_identity<First>,
                                    find_option<Kind, Default, options<Accepts, Rest...>>>::type;
};

/// The option of this kind among those that were given, or `Default`; where one of them is wrong,
/// `Default` for all, so that one mistake is one error.
template <option_kind Kind, class Default, class Given>
using option_or = typename std::conditional_t<Given::fit, find_option<Kind, Default, Given>,
                                              std::type_identity<Default>>::type;

}  // namespace ctnn::detail
