// Entries of a network's list that go several ways from one value and come together again.
#pragma once

#include <ctnn/layers/concatenate.hpp>
#include <ctnn/layers/merge.hpp>
#include <ctnn/network/layer_list.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace ctnn {
namespace detail {

template <class Input, class Branch, bool IsReached>
struct output_of_branch {
    using type = shape<0, 0, 0>;
};
template <class Input, specification Branch>
struct output_of_branch<Input, Branch, true> : output_of<Branch, Input> {};

/// The layer in which branches with these outputs meet, and its output; nothing where one of them
/// does not fit.
template <bool AreGood, class Merge, class Input, class... Outputs>
struct meeting {
    using output = shape<0, 0, 0>;
    using layer = not_reached<Input>;
};
template <class Merge, class Input, class... Outputs>
struct meeting<true, Merge, Input, Outputs...> {
    using output = typename Merge::template output_on<Outputs...>;
    using layer = typename Merge::template on<Outputs...>;
};
template <class Merge, class Input, class... Outputs>
using meeting_of =
    meeting<((2 <= sizeof...(Outputs)) && ... && (Outputs::size > 0)), Merge, Input, Outputs...>;

/// Stops the compiler at a single branch, or none.
template <std::size_t Count>
struct enough_branches {
    static constexpr std::size_t count = Count;
    static_assert(2 <= count, "ctnn::network: the branches that meet must be at least 2");
};

/// Branches on a shape: a part of a network, with layers and links of its own.
template <class Merge, class Input, class Indices, class... Branches>
struct branches_on;
template <class Merge, class Input, std::size_t... I, class... Branches>
struct branches_on<Merge, Input, std::index_sequence<I...>, Branches...> {
    static_assert(sizeof(enough_branches<sizeof...(Branches)>) > 0);
    static_assert(are_looked_at<Branches...>);
    static_assert((true && ... && (sizeof(network_entry<I, Branches>) > 0)));
    static constexpr std::size_t entry_count = sizeof...(Branches);
    /// Branch `Index`, put on the shape.
    template <std::size_t Index>
    using layer = typename layer_of<type_in<Index, Branches...>, Input, true>::type;
    static_assert((true && ... && (sizeof(layer<I>) > 0)));

    using input_shape = Input;
    using meets = meeting_of<Merge, Input,
                             typename output_of_branch<Input, Branches, Input::size != 0>::type...>;
    using output_shape = typename meets::output;
    using merge = typename meets::layer;
    static_assert(sizeof(merge) > 0);
    static constexpr bool fits = output_shape::size > 0;

    using leaves = decltype(hana::flatten(
        std::declval<hana::tuple<
            typename part_of_network<layer<I>, fits>::leaves...,
            std::conditional_t<fits, hana::tuple<hana::type<merge>>, hana::tuple<>>>>()));
    static constexpr auto reads = [] {
        constexpr std::size_t layers =
            (std::size_t{fits} + ... + part_of_network<layer<I>, fits>::reads.layers);
        constexpr std::size_t all = (std::size_t{fits ? entry_count : 0} + ... +
                                     part_of_network<layer<I>, fits>::reads.all);
        links_writer<layers, all> writer;
        const std::array<std::size_t, entry_count> ends{
            writer.add(part_of_network<layer<I>, fits>::reads, 0)...};
        if (fits) writer.add(ends);
        return writer.to;
    }();

    static constexpr std::size_t parameter_count =
        (std::size_t{0} + ... + layer<I>::parameter_count);
    static constexpr std::size_t multiply_adds = (std::size_t{0} + ... + layer<I>::multiply_adds);
    /// Where the parameters of branch `Index` start.
    template <std::size_t Index>
    static constexpr std::size_t offset = (std::size_t{0} + ... +
                                           (I < Index ? layer<I>::parameter_count : 0));
};

/// `Merge` of what the branches make of one value.
template <class Merge, class... Branches>
struct branches {
    template <class Input>
    using on =
        branches_on<Merge, Input, std::make_index_sequence<sizeof...(Branches)>, Branches...>;
    template <class Input>
    using output_on = typename meeting_of<
        Merge, Input,
        typename output_of_branch<Input, Branches, Input::size != 0>::type...>::output;
};

}  // namespace detail

template <class... Entries>
struct sequence;

/// The sum of what each branch makes of the same input, number by number. A branch is a layer, a
/// `sequence<>` (the empty one: the input itself), a network, or branches again. Rejected: shapes
/// that are not all the same. https://keras.io/api/layers/merging_layers/add
template <class... Branches>
struct add : detail::branches<detail::addition, Branches...> {};

/// F(x) + x. He et al., 2015, https://arxiv.org/abs/1512.03385
template <class... Entries>
struct residual : add<sequence<Entries...>, sequence<>> {};

/// Their mean. https://keras.io/api/layers/merging_layers/average
template <class... Branches>
struct average : detail::branches<detail::mean_of_branches, Branches...> {};

/// The largest of their numbers at each place. https://keras.io/api/layers/merging_layers/maximum
template <class... Branches>
struct maximum : detail::branches<detail::maximum_of_branches, Branches...> {};

/// Their product; a branch that gives 1 x 1 x C multiplies every pixel of those that give H x W x C.
/// https://keras.io/api/layers/merging_layers/multiply
template <class... Branches>
struct multiply : detail::branches<detail::multiplication, Branches...> {};

/// Their channels side by side: shape<H, W, C0 + C1 + ...>. Rejected: other heights or widths.
/// https://keras.io/api/layers/merging_layers/concatenate
template <class... Branches>
struct concatenate : detail::branches<detail::concatenation, Branches...> {};

}  // namespace ctnn
