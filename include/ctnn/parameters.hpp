// What is learnt: the parameters of a layer or network as one contiguous array of floats, with
// typed views on its named parts. Gradients and optimizer slots have the same type.
#pragma once

#include <ctnn/tensor.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace ctnn {
namespace detail {

template <std::size_t Length>
struct fixed_string {  // a string that can be a template argument
    char text[Length]{};
    constexpr fixed_string(const char (&from)[Length]) noexcept { std::copy_n(from, Length, text); }
    [[nodiscard]] constexpr std::string_view view() const noexcept { return {text, Length - 1}; }
};

}  // namespace detail

/// One named array of a layer's parameters, as Keras lays it out: `parameter_array<"kernel", 5, 5,
/// 1, 6>`. An extent of 0 says that the layer does without it.
template <detail::fixed_string Name, std::size_t... Extents>
struct parameter_array {
    static_assert(sizeof...(Extents) >= 1 && sizeof...(Extents) <= 6,
                  "ctnn::parameter_array: the number of extents must be 1 to 6");
    static constexpr std::string_view name = Name.view();
    static constexpr std::size_t rank = sizeof...(Extents);
    static constexpr std::size_t size = (std::size_t{1} * ... * Extents);
    static constexpr std::array<std::size_t, 6> extents{Extents...};
    static constexpr bool is_trained = true;
    static constexpr float first_value = 0.0f;  // unless initialize() draws it: a kernel
    template <class Float>
    using view = array_view<Float, Extents...>;
};

/// The same for numbers that a layer keeps with its parameters, in files too, but that no gradient
/// changes, such as a moving mean. parameter_gradient leaves their part of d_w alone, at 0.
template <detail::fixed_string Name, std::size_t... Extents>
struct untrained_array : parameter_array<Name, Extents...> {
    static constexpr bool is_trained = false;
};

/// The same for numbers that initialize() sets to 1, not to 0, such as a factor:
/// `starting_at_one<parameter_array<"gamma", C>>`.
template <class Array>
struct starting_at_one : Array {
    static constexpr float first_value = 1.0f;
};

/// All arrays of one layer, in the order in which they lie in memory and in files.
template <class... Arrays>
struct parameter_arrays {
    static constexpr std::size_t count = (std::size_t{0} + ... + Arrays::size);
    static constexpr std::size_t trained =
        (std::size_t{0} + ... + (Arrays::is_trained ? Arrays::size : 0));
    static constexpr std::size_t arrays = (std::size_t{0} + ... + (Arrays::size > 0));
};

/// One row of the table of a network's parameters; `name` as in "conv2d_1/kernel".
struct parameter_entry {
    std::string_view layer;              ///< "conv2d"
    std::size_t number;                  ///< 1 for the first layer of this name
    std::string_view array;              ///< "kernel"
    std::size_t rank;                    ///< how many extents count
    std::array<std::size_t, 6> extents;  ///< the rest is 0
    std::size_t offset;                  ///< of the first float
    std::size_t size;                    ///< in floats
    bool is_trained;                     ///< whether training changes it
    float first_value;                   ///< what initialize() sets it to, if it is no kernel
};

namespace detail {

template <fixed_string Name, class List>
struct find_array;
template <fixed_string Name, class... Arrays>
struct find_array<Name, parameter_arrays<Arrays...>> {
    static constexpr std::size_t index = [] {
        std::size_t i = 0;
        static_cast<void>(((Arrays::name == Name.view() || (++i, false)) || ...));
        return i;
    }();
    static constexpr std::size_t offset = [] {
        std::size_t sum = 0;
        static_cast<void>(((Arrays::name == Name.view() || (sum += Arrays::size, false)) || ...));
        return sum;
    }();
    static constexpr std::size_t size =
        (std::size_t{0} + ... + (Arrays::name == Name.view() ? Arrays::size : 0));
};

template <std::size_t Index, class First, class... Rest>
struct nth_array : nth_array<Index - 1, Rest...> {};
template <class First, class... Rest>
struct nth_array<0, First, Rest...> {
    using type = First;
};
template <std::size_t Index, class... Arrays>
nth_array<Index, Arrays...> array_at(parameter_arrays<Arrays...>);

template <class Owner, fixed_string Name>
concept has_array = requires {
    requires(find_array<Name, typename Owner::arrays>::size > 0);
};
template <class Owner, std::size_t Index>
concept has_layer = requires {
    requires(Index < Owner::entry_count);
};

/// Writes one layer's rows, shifted to where the layer stands in the network.
template <class... Arrays>
constexpr parameter_entry* write_entries(parameter_arrays<Arrays...>, parameter_entry* row,
                                         [[maybe_unused]] std::string_view layer,
                                         [[maybe_unused]] std::size_t number, std::size_t offset) {
    for (const parameter_entry& entry : std::initializer_list<parameter_entry>{
             {layer, number, Arrays::name, Arrays::rank, Arrays::extents, 0, Arrays::size,
              Arrays::is_trained, Arrays::first_value}...})
        if (entry.size > 0) {
            *row = entry;
            row++->offset = offset;
            offset += entry.size;
        }
    return row;
}

}  // namespace detail

template <class Owner>
struct parameters;

/// The parameters of a layer or network (`Owner`) inside someone else's memory. `Float` is `float`
/// or `const float`. A layer's arrays by name: `get<"kernel">()`, `kernel()`, `bias()`; a network's
/// layers by position in its list: `layer<0>()`.
template <class Owner, class Float>
struct parameter_view {
    using owner = Owner;

    Float* first;

    constexpr explicit parameter_view(Float* memory) noexcept : first(memory) {}
    constexpr parameter_view(parameters<Owner>& w) noexcept : first(w.elements) {}
    constexpr parameter_view(const parameters<Owner>& w) noexcept requires std::is_const_v<Float>
        : first(w.elements) {}
    template <class Other>
    constexpr parameter_view(
        parameter_view<Owner, Other> w) noexcept requires std::is_const_v<Float> &&
        (!std::is_const_v<Other>)
        : first(w.first) {}

    [[nodiscard]] constexpr std::span<Float, Owner::parameter_count> values() const noexcept {
        return std::span<Float, Owner::parameter_count>{first, Owner::parameter_count};
    }
    template <detail::fixed_string Name>
    [[nodiscard]] constexpr auto get() const noexcept requires detail::has_array<Owner, Name> {
        using found = detail::find_array<Name, typename Owner::arrays>;
        using array =
            typename decltype(detail::array_at<found::index>(typename Owner::arrays{}))::type;
        return typename array::template view<Float>{first + found::offset};
    }
    [[nodiscard]] constexpr auto
    kernel() const noexcept requires detail::has_array<Owner, "kernel"> {
        return get<"kernel">();
    }
    [[nodiscard]] constexpr auto bias() const noexcept requires detail::has_array<Owner, "bias"> {
        return get<"bias">();
    }
    template <std::size_t Index>
    [[nodiscard]] constexpr auto layer() const noexcept requires detail::has_layer<Owner, Index> {
        return parameter_view<typename Owner::template layer<Index>, Float>(
            first + Owner::template offset<Index>);
    }
};

/// The parameters of a layer or network, as a value: `Owner::parameter_count` floats in one aligned
/// array. `w.values()` is all of them; the parts are those of `parameter_view`. Plain memory, like
/// a tensor: `parameters<net> w;` is uninitialised, `{}` is zero.
template <class Owner>
struct parameters {
    using owner = Owner;

    alignas(detail::alignment_of<float, Owner::parameter_count>) float elements
        [std::max<std::size_t>(1, Owner::parameter_count)];

    constexpr auto view() noexcept { return parameter_view<Owner, float>(*this); }
    constexpr auto view() const noexcept { return parameter_view<Owner, const float>(*this); }
    [[nodiscard]] constexpr auto values() noexcept { return view().values(); }
    [[nodiscard]] constexpr auto values() const noexcept { return view().values(); }

    template <detail::fixed_string Name>
    [[nodiscard]] constexpr auto get() noexcept requires detail::has_array<Owner, Name> {
        return view().template get<Name>();
    }
    template <detail::fixed_string Name>
    [[nodiscard]] constexpr auto get() const noexcept requires detail::has_array<Owner, Name> {
        return view().template get<Name>();
    }
    [[nodiscard]] constexpr auto kernel() noexcept requires detail::has_array<Owner, "kernel"> {
        return view().kernel();
    }
    [[nodiscard]] constexpr auto
    kernel() const noexcept requires detail::has_array<Owner, "kernel"> {
        return view().kernel();
    }
    [[nodiscard]] constexpr auto bias() noexcept requires detail::has_array<Owner, "bias"> {
        return view().bias();
    }
    [[nodiscard]] constexpr auto bias() const noexcept requires detail::has_array<Owner, "bias"> {
        return view().bias();
    }
    template <std::size_t Index>
    [[nodiscard]] constexpr auto layer() noexcept requires detail::has_layer<Owner, Index> {
        return view().template layer<Index>();
    }
    template <std::size_t Index>
    [[nodiscard]] constexpr auto layer() const noexcept requires detail::has_layer<Owner, Index> {
        return view().template layer<Index>();
    }
};

namespace detail {

/// Writes what follows from other parameters, where layers have such: after these have changed.
template <class Layer>
constexpr void derive_parameters(parameter_view<Layer, float> w) noexcept {
    if constexpr (requires { Layer::derive(w); })
        Layer::derive(w);
    else if constexpr (requires { Layer::leaf_count; })
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (derive_parameters(parameter_view<typename Layer::template leaf<I>, float>(
                 w.first + Layer::table::offsets[I])),
             ...);
        }
    (std::make_index_sequence<Layer::leaf_count>{});
}
template <class Network>
constexpr void derive_parameters(parameters<Network>& w) noexcept {
    derive_parameters(w.view());
}

}  // namespace detail
}  // namespace ctnn
