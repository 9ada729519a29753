// From the list of layers to the stages of a prediction: which layers are computed in one go, with which
// memory.
#pragma once

#include <ctnn/network/layer_list.hpp>

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace ctnn::detail {

/// How a prediction by these layers is computed: which of them in one go, and where everything
/// lies.
template <class Input, class List>
struct prediction_stages {
    using leaves = typename List::leaves;
    using table = leaf_table<Input, List>;
    static constexpr auto network = table::network.in_prediction();
    static constexpr std::array<std::size_t, table::count> lengths = stage_lengths(network);

    /// What stage `Index` adds its convolution to, or no_value.
    template <std::size_t Index>
    static constexpr std::size_t addend = network.with(lengths).addend_of(Index);
    /// Whether stage `Index` scales its convolution.
    template <std::size_t Index>
    static constexpr bool scales = network.with(lengths).scales(Index);

    /// The activation or pooling layer that stage `Index` computes too, or `None`.
    template <std::size_t Index, bool IsPooling, class None>
    static constexpr auto follower() noexcept {
        constexpr std::size_t last = Index + lengths[Index];
        constexpr bool pools =
            lengths[Index] > 1 && table::layers[last - 1].is.pools_disjoint_windows;
        constexpr bool adds = addend<Index> != no_value;
        constexpr std::size_t before = Index + 1 + scales<Index> + adds;
        constexpr std::size_t found = IsPooling ? last - 1 : before;
        if constexpr (IsPooling ? pools : before < last - pools)
            return std::type_identity<type_at<found, leaves>>{};
        else
            return std::type_identity<None>{};
    }

    template <std::size_t Index>
    using plain_activation = typename decltype(follower<Index, false, no_activation>())::type;
    template <std::size_t Index>
    using scaled_activation = std::conditional_t<scales<Index>, scaling<plain_activation<Index>>,
                                                 plain_activation<Index>>;
    template <std::size_t Index>
    using activation =
        std::conditional_t<addend<Index> != no_value, adding<scaled_activation<Index>>,
                           scaled_activation<Index>>;
    template <std::size_t Index>
    using pooling = typename decltype(follower<Index, true, no_pooling>())::type;

    /// Numbers of `T` that hold what scales stage `Index`, behind its other scratch memory.
    template <std::size_t Index, class T>
    static constexpr std::size_t scale_numbers = [] {
        constexpr std::size_t lanes = simd::lanes_of<T>;
        if constexpr (scales<Index>)
            return (scale_size(type_at<Index, leaves>::output_shape::channels) + lanes - 1) / lanes;
        else
            return std::size_t{0};
    }();
    /// Numbers of `T` of scratch memory that stage `Index` needs.
    template <std::size_t Index, class T>
    static constexpr std::size_t scratch = [] {
        using first = type_at<Index, leaves>;
        if constexpr (lengths[Index] == 0 || !table::computes(Index))
            return std::size_t{0};
        else
            return first::template compute_scratch<T, pooling<Index>>() + scale_numbers<Index, T>;
    }();

    template <class T>
    static constexpr auto planned = []<std::size_t... I>(std::index_sequence<I...>) {
        return with_concatenations_chosen(
            network.with(lengths, std::array<std::size_t, table::count>{scratch<I, T>...}));
    }
    (std::make_index_sequence<table::count>{});
    /// From one pixel of what stage `Index` writes to the next, where it writes into a part of a
    /// concatenation, else 0.
    template <std::size_t Index, class T>
    static constexpr std::size_t output_step = [] {
        constexpr std::size_t into = planned<T>.concatenation_of(Index);
        if constexpr (into == no_value)
            return std::size_t{0};
        else
            return table::layers[into].output / table::layers[into].pixels;
    }();

    template <class T>
    static constexpr memory_plan<table::count> plan = plan_prediction(planned<T>);
};

}  // namespace ctnn::detail
