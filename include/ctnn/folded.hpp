// A network without batch normalization: each one becomes part of the layer before it, which costs
// nothing in predictions.
#pragma once

#include <ctnn/layers/batch_normalization.hpp>
#include <ctnn/layers/dropout.hpp>
#include <ctnn/layers/scale_and_offset.hpp>
#include <ctnn/network.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace ctnn {
namespace detail {

/// What becomes of a layer.
enum class fold_step {
    keeps,       // its parameters are copied
    takes_next,  // and the batch normalization behind it goes into them
    is_taken,    // that one
    scales,      // a batch normalization alone: a factor and a summand for each channel
    is_dropped   // only there in training
};
template <class... Entries>
struct entries_of {};
template <class Entries, fold_step... Steps>
struct folding;
template <class... Entries, fold_step... Steps>
struct folding<entries_of<Entries...>, Steps...> {
    using entries = entries_of<Entries...>;
    static constexpr std::array<fold_step, sizeof...(Steps)> steps{Steps...};
    template <template <class...> class List>
    using as = List<Entries...>;
    template <class Input>
    using as_network = network<Input, Entries...>;
};
template <class... Foldings>
struct joined_foldings {
    using type = folding<entries_of<>>;
};
template <class... A, fold_step... S>
struct joined_foldings<folding<entries_of<A...>, S...>> {
    using type = folding<entries_of<A...>, S...>;
};
template <class... A, fold_step... S, class... B, fold_step... R, class... Rest>
struct joined_foldings<folding<entries_of<A...>, S...>, folding<entries_of<B...>, R...>, Rest...>
    : joined_foldings<folding<entries_of<A..., B...>, S..., R...>, Rest...> {};

template <class Entry>
struct fold_entry {
    using type = folding<entries_of<Entry>, fold_step::keeps>;
};
/// A type of the user's that has one of these as its base is that.
template <class... Entries>
sequence<Entries...> named(const sequence<Entries...>&);
template <class Input, class... Entries>
network<Input, Entries...> named(const network<Input, Entries...>&);
template <class Merge, class... Branches>
branches<Merge, Branches...> named(const branches<Merge, Branches...>&);
template <class Entry>
requires requires(const Entry& entry) {
    named(entry);
}
struct fold_entry<Entry> : fold_entry<decltype(named(std::declval<const Entry&>()))> {};

template <class... Entries>
struct fold_entries {
    using type = folding<entries_of<>>;
};
template <class First, class... Rest>
struct fold_entries<First, Rest...> {
    using type = typename joined_foldings<typename fold_entry<First>::type,
                                          typename fold_entries<Rest...>::type>::type;
};
template <class First, class... Options, class... Rest>
requires requires {
    typename First::with_bias;
}
struct fold_entries<First, batch_normalization<Options...>, Rest...> {
    using type = typename joined_foldings<
        folding<entries_of<typename First::with_bias>, fold_step::takes_next, fold_step::is_taken>,
        typename fold_entries<Rest...>::type>::type;
};

/// What is behind a sequence goes into its last layer, if that takes it.
template <class... Entries, class... Options, class... Rest>
struct fold_entries<sequence<Entries...>, batch_normalization<Options...>, Rest...>
    : fold_entries<sequence<Entries..., batch_normalization<Options...>>, Rest...> {};

template <class... Options>
struct fold_entry<batch_normalization<Options...>> {
    using type = folding<entries_of<scale_and_offset>, fold_step::scales>;
};
template <class Rate>
struct fold_entry<dropout<Rate>> {
    using type = folding<entries_of<>, fold_step::is_dropped>;
};
template <class Rate>
struct fold_entry<spatial_dropout2d<Rate>> {
    using type = folding<entries_of<>, fold_step::is_dropped>;
};
template <class Deviation>
struct fold_entry<gaussian_noise<Deviation>> {
    using type = folding<entries_of<>, fold_step::is_dropped>;
};

/// A list with the steps of a folding, as one entry.
template <class Entry, class Folding>
struct with_steps_of;
template <class Entry, class... Entries, fold_step... Steps>
struct with_steps_of<Entry, folding<entries_of<Entries...>, Steps...>> {
    using type = folding<entries_of<Entry>, Steps...>;
    using as_merge = folding<entries_of<Entry>, Steps..., fold_step::keeps>;
};
template <class... Entries>
struct fold_entry<sequence<Entries...>> {
    using inside = typename fold_entries<Entries...>::type;
    using type = typename with_steps_of<typename inside::template as<sequence>, inside>::type;
};
template <class Input, class... Entries>
struct fold_entry<network<Input, Entries...>> {
    using inside = typename fold_entries<Entries...>::type;
    using type = typename with_steps_of<typename inside::template as_network<Input>, inside>::type;
};
template <class... Entries>
struct fold_entry<residual<Entries...>> {
    using inside = typename fold_entries<Entries...>::type;
    using type = typename with_steps_of<typename inside::template as<residual>, inside>::as_merge;
};
/// A branch that is dropped, or becomes several layers, is a sequence.
template <class Folding>
struct as_branch {
    using type = typename with_steps_of<typename Folding::template as<sequence>, Folding>::type;
};
template <class Entry, fold_step... Steps>
struct as_branch<folding<entries_of<Entry>, Steps...>> {
    using type = folding<entries_of<Entry>, Steps...>;
};
template <class Kind, class... Branches>
struct fold_branches {
    using inside = typename joined_foldings<
        typename as_branch<typename fold_entry<Branches>::type>::type...>::type;
};
template <class Merge, class... Branches>
struct fold_entry<branches<Merge, Branches...>> {
    using inside = typename fold_branches<Merge, Branches...>::inside;
    template <class... Folded>
    using merged = branches<Merge, Folded...>;
    using type = typename with_steps_of<typename inside::template as<merged>, inside>::as_merge;
};
/// Its arguments are its branches: not so in `template <class A> struct block : add<A, relu> {};`.
template <class Entry, class... Branches>
concept merges = requires(Entry* entry) {
    []<class Merge>(branches<Merge, Branches...>*) {}(entry);
};
template <template <class...> class Merge, class... Branches>
requires merges<Merge<Branches...>, Branches...>
struct fold_entry<Merge<Branches...>> {
    using inside = typename fold_branches<void, Branches...>::inside;
    using type = typename with_steps_of<typename inside::template as<Merge>, inside>::as_merge;
};

template <class Network>
struct fold_network;
template <class Input, class... Entries>
struct fold_network<network<Input, Entries...>> {
    using folding = typename fold_entries<Entries...>::type;
    using type = typename folding::template as_network<Input>;
    static constexpr auto steps = folding::steps;
};

/// The factor of channel c, and the summand beside the mean.
template <class Normalization>
constexpr float factor_of(parameter_view<Normalization, const float> w, std::size_t c) noexcept {
    return w.template get<"gamma">()[c] /
           simd::sqrt(w.template get<"moving_variance">()[c] + Normalization::added_to_variance);
}

}  // namespace detail

/// The network type without batch normalization, and without `dropout`, `spatial_dropout2d` and
/// `gaussian_noise`. A batch normalization directly behind `conv2d`, `depthwise_conv2d`, `conv1d`,
/// `depthwise_conv1d` or `dense` in the same list becomes part of that layer (which has a bias
/// then); any other becomes a `scale_and_offset`.
template <class Network>
using folded = typename detail::fold_network<Network>::type;

/// The parameters of `folded<Network>` that give the same predictions, up to rounding.
template <class Network>
[[nodiscard]] constexpr parameters<folded<Network>> fold(const parameters<Network>& w) noexcept {
    using detail::fold_step;
    constexpr auto steps = detail::fold_network<Network>::steps;
    parameters<folded<Network>> result{};
    const auto copy = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
        constexpr fold_step step = steps[I];
        constexpr std::size_t place = [&] {
            std::size_t count = 0;
            for (std::size_t i = 0; i < I; ++i)
                count += steps[i] != fold_step::is_taken && steps[i] != fold_step::is_dropped;
            return count;
        }();
        if constexpr (step == fold_step::is_taken || step == fold_step::is_dropped) {
            return;
        } else {
            using from = typename Network::template leaf<I>;
            using to = typename folded<Network>::template leaf<place>;
            const float* const first = w.elements + Network::table::offsets[I];
            float* const into = result.elements + folded<Network>::table::offsets[place];
            [[maybe_unused]] const parameter_view<to, float> target(into);
            if constexpr (step == fold_step::keeps) {
                std::copy_n(first, from::parameter_count, into);
            } else if constexpr (step == fold_step::scales) {
                const parameter_view<from, const float> source(first);
                for (std::size_t c = 0; c < from::input_shape::channels; ++c) {
                    const float factor = detail::factor_of(source, c);
                    target.template get<"scale">()[c] = factor;
                    target.template get<"offset">()[c] =
                        source.template get<"beta">()[c] -
                        source.template get<"moving_mean">()[c] * factor;
                }
            } else {
                using normalization = typename Network::template leaf<I + 1>;
                const parameter_view<from, const float> source(first);
                const parameter_view<normalization, const float> next(
                    w.elements + Network::table::offsets[I + 1]);
                constexpr std::size_t filters = normalization::input_shape::channels;
                for (std::size_t f = 0; f < filters; ++f) {
                    const float factor = detail::factor_of(next, f);
                    // The filter is the last axis, or all that is behind the window.
                    for (std::size_t i = f; i < source.kernel().size(); i += filters)
                        target.kernel().data()[i] = source.kernel().data()[i] * factor;
                    float distance = -next.template get<"moving_mean">()[f];
                    if constexpr (requires { source.bias(); }) distance += source.bias()[f];
                    target.bias()[f] = next.template get<"beta">()[f] + distance * factor;
                }
            }
        }
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (copy(std::integral_constant<std::size_t, I>{}), ...);
    }
    (std::make_index_sequence<Network::leaf_count>{});
    return result;
}

}  // namespace ctnn
