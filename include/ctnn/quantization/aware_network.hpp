// The type of a network that computes with floats as it will with bytes.
#pragma once

#include <ctnn/folded.hpp>
#include <ctnn/quantization/aware_layers.hpp>
#include <ctnn/quantization/int8_stages.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace ctnn {
namespace detail {

/// Behind which layers of a network without batch normalization values are rounded.
template <class Network>
struct aware_plan {
    using stages = int8_stages<Network>;
    static constexpr std::size_t count = stages::count;
    static constexpr auto& kinds = stages::kinds;

    /// Whether what layer `i` gives becomes bytes that were none before. The probabilities at the
    /// network's end do not: losses take their logarithm.
    static constexpr std::array<bool, count> rounds = [] {
        std::array<bool, count> result{};
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t last = i + stages::lengths[i] - 1;
            if (stages::lengths[i] == 0) continue;
            result[last] = !passes_scale(kinds[i]) || kinds[last] == int8_kind::average_pool;
            if (last > i && kinds[last] == int8_kind::average_pool) result[last - 1] = true;
        }
        if (kinds[count - 1] == int8_kind::softmax) result[count - 1] = false;
        return result;
    }();
    /// Where layer `i` stands with those layers between, and where what rounds its output; the
    /// network's first layer rounds its input.
    static constexpr std::size_t place_of(std::size_t i) noexcept {
        std::size_t place = i + 1;
        for (std::size_t k = 0; k < i; ++k) place += rounds[k];
        return place;
    }
    static constexpr std::size_t rounding_of(std::size_t i) noexcept { return place_of(i) + 1; }
};

/// What becomes of an entry, of which layer `I` is the first: entries, and the layer behind it.
template <class Plan, int WeightBits, std::size_t I, class Entry>
struct aware_entry {
    using type = entries_of<std::conditional_t<Plan::kinds[I] == int8_kind::convolution,
                                               rounded_weights<Entry, WeightBits>, Entry>>;
    static constexpr std::size_t next = I + 1;
};
template <class A, class B>
struct joined_entries;
template <class... A, class... B>
struct joined_entries<entries_of<A...>, entries_of<B...>> {
    using type = entries_of<A..., B...>;
};
/// An entry and what rounds its last layer's output.
template <class Plan, int WeightBits, std::size_t I, class Entry>
struct aware_part {
    using entry = aware_entry<Plan, WeightBits, I, Entry>;
    static constexpr std::size_t next = entry::next;
    // A list has rounded it inside.
    static constexpr bool is_list = requires { entry::is_list; };
    static constexpr bool rounds = !is_list && Plan::rounds[next - 1];
    using type = typename joined_entries<
        typename entry::type,
        std::conditional_t<rounds, entries_of<fake_quantization>, entries_of<>>>::type;
};
template <class Plan, int WeightBits, std::size_t I, class... Entries>
struct aware_entries {
    using type = entries_of<>;
    static constexpr std::size_t next = I;
};
template <class Plan, int WeightBits, std::size_t I, class First, class... Rest>
struct aware_entries<Plan, WeightBits, I, First, Rest...> {
    using first = aware_part<Plan, WeightBits, I, First>;
    using rest = aware_entries<Plan, WeightBits, first::next, Rest...>;
    using type = typename joined_entries<typename first::type, typename rest::type>::type;
    static constexpr std::size_t next = rest::next;
};
template <template <class...> class List, class Entries>
struct entries_as;
template <template <class...> class List, class... Entries>
struct entries_as<List, entries_of<Entries...>> {
    using type = List<Entries...>;
};

template <class Plan, int WeightBits, std::size_t I, class Entry>
requires requires(const Entry& entry) {
    named(entry);
}
struct aware_entry<Plan, WeightBits, I, Entry>
    : aware_entry<Plan, WeightBits, I, decltype(named(std::declval<const Entry&>()))> {};
template <class Plan, int WeightBits, std::size_t I, class... Entries>
struct aware_entry<Plan, WeightBits, I, sequence<Entries...>> {
    using inside = aware_entries<Plan, WeightBits, I, Entries...>;
    using type = entries_of<typename entries_as<sequence, typename inside::type>::type>;
    static constexpr std::size_t next = inside::next;
    static constexpr bool is_list = true;
};
template <class Plan, int WeightBits, std::size_t I, class Input, class... Entries>
struct aware_entry<Plan, WeightBits, I, network<Input, Entries...>> {
    template <class... Inside>
    using on_input = network<Input, Inside...>;
    using inside = aware_entries<Plan, WeightBits, I, Entries...>;
    using type = entries_of<typename entries_as<on_input, typename inside::type>::type>;
    static constexpr std::size_t next = inside::next;
    static constexpr bool is_list = true;
};
/// Its last layer is where the branches meet.
template <class Plan, int WeightBits, std::size_t I, class... Entries>
struct aware_entry<Plan, WeightBits, I, residual<Entries...>> {
    using inside = aware_entries<Plan, WeightBits, I, Entries...>;
    using type = entries_of<typename entries_as<residual, typename inside::type>::type>;
    static constexpr std::size_t next = inside::next + 1;
};
/// Every branch becomes a sequence.
template <class Plan, int WeightBits, std::size_t I, class Merge, class... Branches>
struct aware_entry<Plan, WeightBits, I, branches<Merge, Branches...>> {
    template <class... Inside>
    using merged = branches<Merge, Inside...>;
    using inside = aware_entries<Plan, WeightBits, I, sequence<Branches>...>;
    using type = entries_of<typename entries_as<merged, typename inside::type>::type>;
    static constexpr std::size_t next = inside::next + 1;
};

template <class Original, class Folded, int WeightBits>
struct aware_network;
template <class Original, class Input, class... Entries, int WeightBits>
struct aware_network<Original, network<Input, Entries...>, WeightBits> {
    static_assert(2 <= WeightBits && WeightBits <= 8,
                  "ctnn::quantization_aware: the bits of a weight must be 2 to 8");
    static constexpr int bits = std::clamp(WeightBits, 2, 8);  // one mistake, one error
    template <class... Inside>
    using on_input = network<Input, fake_quantized_input<Original, bits>, Inside...>;
    using plan = aware_plan<network<Input, Entries...>>;
    using type = typename entries_as<on_input,
                                     typename aware_entries<plan, bits, 0, Entries...>::type>::type;
};

}  // namespace detail

/// `folded<Network>` that computes with floats as `quantized<Network>` will with bytes, for training
/// until it bears that: what layers give is rounded to 8 bits, weights to `WeightBits`, 2 to 8, and
/// gradients pass as if they were not. Its parameters come from `make_quantization_aware`; `fit`,
/// `evaluate` and files take them as any other's, and `quantize` makes bytes of them. Rejected:
/// layers without an int8 form.
template <class Network, int WeightBits = 8>
using quantization_aware =
    typename detail::aware_network<Network, folded<Network>, WeightBits>::type;

}  // namespace ctnn
