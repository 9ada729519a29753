// A list of specifications becomes a list of layers, each put on the shape that reaches it, nested
// networks dissolved; and what is known of such a list. The only header that includes Boost.Hana.
#pragma once

#include <ctnn/layer_concept.hpp>
#include <ctnn/network/plan.hpp>

#include <boost/hana/at.hpp>
#include <boost/hana/flatten.hpp>
#include <boost/hana/scan_left.hpp>
#include <boost/hana/tuple.hpp>
#include <boost/hana/type.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

namespace ctnn::detail {

namespace hana = boost::hana;

/// The shapes between the entries of a list, the input's first. Never fails: from the first entry
/// that does not fit (or is none) on, they are empty. Checking comes later, outside of Hana, where
/// the compiler's message is short.
struct next_shape {
    template <class Input, class Entry>
    constexpr auto operator()(hana::basic_type<Input>, hana::basic_type<Entry>) const noexcept {
        if constexpr (Input::size == 0 || !specification<Entry>)
            return hana::type_c<shape<0, 0, 0>>;
        else
            return hana::type_c<typename output_of<Entry, Input>::type>;
    }
};

/// Always true. Makes the compiler say what is wrong with the entries that are networks, before and
/// outside of Hana.
template <class... Entries>
inline constexpr bool are_looked_at = (true && ... && (requires { sizeof(Entries); } || true));

template <class Input, class... Entries>
using shapes_along =
    decltype(hana::scan_left(hana::tuple_t<Entries...>, hana::type_c<Input>, next_shape{}));

template <std::size_t Index, class... Types>
using type_in = typename std::decay_t<decltype(hana::at_c<Index>(
    std::declval<hana::tuple<hana::type<Types>...>>()))>::type;
template <std::size_t Index, class Tuple>
using type_at = typename std::decay_t<decltype(hana::at_c<Index>(std::declval<Tuple>()))>::type;

/// What stands in a network's list after the first mistake: nothing, so that one mistake is one
/// error.
template <class Input>
struct not_reached {
    using input_shape = Input;
    using output_shape = Input;
    using arrays = parameter_arrays<>;
    static constexpr std::string_view name = "";
    static constexpr std::size_t parameter_count = 0, multiply_adds = 0;
};

/// Entry number `Index` (from 0) of a network's list; the error names it as `Entry`.
template <std::size_t Index, class Entry>
struct network_entry {
    static_assert(
        specification<Entry>,
        "ctnn::network: every entry of the list must be a layer, a sequence<> or a network<>");
};
template <class Entry, class Input, bool IsReached>
struct layer_of {
    using type = not_reached<Input>;
};
template <specification Entry, class Input>
struct layer_of<Entry, Input, true> {
    using type = typename Entry::template on<Input>;
};

/// An entry's part of the network: its layers and what they read. Itself alone, or those of the
/// network or of the branches that it is; none of one that does not fit or is no layer, of which the
/// compiler says what is wrong.
template <class Layer>
concept has_leaves = requires {
    typename Layer::leaves;
};
template <class Layer, bool Fits, bool IsNetwork = has_leaves<Layer>>
struct part_of_network {
    using leaves = hana::tuple<>;
    static constexpr auto reads = chain<0>();
};
template <class Layer>
struct part_of_network<Layer, true, true> {
    using leaves = typename Layer::leaves;
    static constexpr auto reads = Layer::reads;
};
template <class Layer>
struct part_of_network<Layer, true, false> {
    static_assert(sizeof(checked_layer<Layer>) > 0);
    static constexpr bool is_good = judged_layer<Layer>::is_good;
    using leaves = std::conditional_t<is_good, hana::tuple<hana::type<Layer>>, hana::tuple<>>;
    static constexpr auto reads = chain<is_good>();
};

/// All of a network's layers in the order of computation, nested networks dissolved.
template <class Entries, class Indices>
struct layer_list;
template <class Input, class... Entries>
struct entry_list {};

template <class Input, class... Entries, std::size_t... I>
struct layer_list<entry_list<Input, Entries...>, std::index_sequence<I...>> {
    static_assert(are_looked_at<Entries...>);
    using shapes = shapes_along<Input, Entries...>;
    using output_shape = type_at<sizeof...(Entries), shapes>;
    /// The first entry whose output is empty (it says why when it is put on its shape), or their
    /// number.
    static constexpr std::size_t first_misfit = [] {
        std::size_t found = Input::size == 0 ? 0 : sizeof...(Entries);
        ((found == sizeof...(Entries) && type_at<I + 1, shapes>::size == 0 ? void(found = I)
                                                                           : void()),
         ...);
        return found;
    }();
    template <std::size_t Index, class Entry>
    using put = typename layer_of<Entry, type_at<Index, shapes>,
                                  Input::size != 0 && Index <= first_misfit>::type;
    template <std::size_t Index, class Entry>
    using check = std::conditional_t<Index <= first_misfit, network_entry<Index, Entry>, char>;
    // Looks at every entry and layer, and by that makes the compiler say what is wrong.
    static_assert((true && ... && (sizeof(check<I, Entries>) > 0)));
    static_assert((true && ... && (sizeof(put<I, Entries>) > 0)));

    using entries = hana::tuple<hana::type<put<I, Entries>>...>;
    template <std::size_t Index, class Entry>
    using part = part_of_network<put<Index, Entry>, (Index < first_misfit)>;
    using leaves =
        decltype(hana::flatten(std::declval<hana::tuple<typename part<I, Entries>::leaves...>>()));
    /// What each of them reads.
    static constexpr auto reads = [] {
        links_writer<(std::size_t{0} + ... + part<I, Entries>::reads.layers),
                     (std::size_t{0} + ... + part<I, Entries>::reads.all)>
            writer;
        [[maybe_unused]] std::size_t value = 0;
        ((value = writer.add(part<I, Entries>::reads, value)), ...);
        return writer.to;
    }();
};

/// What is known of all layers of a list together.
template <class Input, class List, class Leaves = typename List::leaves>
struct leaf_table;
template <class Input, class List, class... Layers>
struct leaf_table<Input, List, hana::tuple<Layers...>> {
    static constexpr std::size_t count = sizeof...(Layers);
    static constexpr std::array<planned_layer, count> layers{planned_layer{
        Layers::type::output_shape::size, Layers::type::facts, Layers::type::parameter_count > 0, 0,
        1, Layers::type::output_shape::height* Layers::type::output_shape::width}...};
    static constexpr planned_network<count, List::reads.all> network{Input::size, layers,
                                                                     List::reads};
    static constexpr std::size_t parameters =
        (std::size_t{0} + ... + Layers::type::parameter_count);
    static constexpr std::size_t trained_parameters =
        (std::size_t{0} + ... + Layers::type::arrays::trained);
    static constexpr std::size_t multiply_adds =
        (std::size_t{0} + ... + Layers::type::multiply_adds);
    static constexpr std::size_t arrays = (std::size_t{0} + ... + Layers::type::arrays::arrays);
    /// Whether layer `i` computes something in a prediction.
    static constexpr bool computes(std::size_t i) noexcept {
        return !layers[i].is.reshapes && !layers[i].is.only_in_training;
    }
    /// Of the layers that compute something, and of what they read unless it is what the one before
    /// them gives.
    static constexpr std::uint64_t fingerprint = [] {
        fnv_1a hash;
        // A value by the number of layers that compute something, up to the one that gives it.
        const auto number_of = [](std::size_t value) {
            while (value > 0 && !computes(value - 1)) value = List::reads.read_by(value - 1)[0];
            std::size_t number = 0;
            for (std::size_t i = 0; i < value; ++i) number += computes(i);
            return number;
        };
        std::size_t i = 0, before = 0;
        [[maybe_unused]] const auto add = [&](std::uint64_t of_layer) {
            if (computes(i)) {
                hash.add(of_layer);
                const auto reads = List::reads.read_by(i);
                if (reads.size() > 1 || number_of(reads[0]) != before)
                    for (const std::size_t value : reads) hash.add(number_of(value));
                ++before;
            }
            ++i;
        };
        (add(Layers::type::fingerprint), ...);
        return hash.value();
    }();
    static constexpr std::array<std::string_view, count> names{Layers::type::name...};
    /// The last layer that computes something; `count` when none does.
    static constexpr std::size_t last_computing = [] {
        std::size_t last = count;
        for (std::size_t i = 0; i < count; ++i)
            if (!layers[i].is.reshapes) last = i;
        return last;
    }();
    /// Where each layer's parameters start.
    static constexpr std::array<std::size_t, count + 1> offsets = [] {
        std::array<std::size_t, count + 1> result{};
        std::size_t i = 0;
        ((result[i + 1] = result[i] + Layers::type::parameter_count, ++i), ...);
        return result;
    }();
    static constexpr std::array<parameter_entry, arrays> table = [] {
        std::array<parameter_entry, arrays> result{};
        parameter_entry* row = result.data();
        std::size_t i = 0;
        [[maybe_unused]] const auto write = [&](auto list) {
            const auto number = std::count(
                names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i) + 1, names[i]);
            row = write_entries(list, row, names[i], static_cast<std::size_t>(number), offsets[i]);
            ++i;
        };
        (write(typename Layers::type::arrays{}), ...);
        return result;
    }();
};

}  // namespace ctnn::detail
