// What the compiler knows of a pass forward and back: what is computed in one go, where everything
// lies, who asks for gradients, and where segments begin.
#pragma once

#include <ctnn/network.hpp>
#include <ctnn/training/training_plan.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace ctnn::detail {

/// Of the first `LeafCount` layers of `Network`, with numbers of `T`.
template <class Network, class T, std::size_t LeafCount, bool ToInput>
struct pass_plan {
    static constexpr std::size_t read_count = Network::reads.first[LeafCount];
    static constexpr auto all = [] {
        planned_network<LeafCount, read_count> result{
            Network::input_shape::size,
            {},
            Network::reads.template of_first<LeafCount, read_count>()};
        std::copy_n(Network::table::layers.begin(), LeafCount, result.layers.begin());
        return result;
    }();
    static constexpr auto stage_lengths = training_stage_lengths(all);
    static constexpr auto network = all.with(stage_lengths);
    static constexpr auto places = plan_training(network, ToInput);

    template <std::size_t Index>
    using leaf = typename Network::template leaf<Index>;
    template <std::size_t Index>
    static constexpr std::size_t first_read = network.reads.first[Index];
    template <std::size_t Index>
    static constexpr std::size_t reads_of = network.reads.first[Index + 1] - first_read<Index>;
    /// Value number `I` of those that layer `Index` reads.
    template <std::size_t Index, std::size_t I = 0>
    static constexpr std::size_t read_by = network.reads.values[first_read<Index> + I];

    /// Whether anybody asks for a gradient with respect to what layer `index` reads.
    static constexpr bool wants_input(std::size_t index) noexcept {
        bool wants = false;
        for (const std::size_t value : network.reads.read_by(index))
            wants |= places.is_wanted[value];
        return wants;
    }
    /// Whether the gradient of the map before pooling is not stored in stage `Index`: only
    /// parameters need it, and they take it from the positions of the maxima.
    template <std::size_t Index>
    static constexpr bool skips_map = network.pools(Index) && leaf<Index>::facts.takes_positions &&
                                      !wants_input(Index);
    /// Says so where a layer cannot be trained; then nothing is computed, so that it is one error.
    template <std::size_t Index>
    static constexpr bool is_trainable = [] {
        if constexpr (places.is_wanted[Index + 1])
            return checked_trainable_layer<leaf<Index>, T, wants_input(Index)>::is_good;
        else
            return true;
    }();
    static constexpr bool are_trainable = []<std::size_t... I>(std::index_sequence<I...>) {
        return (true && ... && is_trainable<I>);
    }
    (std::make_index_sequence<LeafCount>{});
    /// Where the positions of stage `index`'s maxima start, in bytes for each lane.
    static constexpr std::size_t position_offset(std::size_t index) noexcept {
        std::size_t offset = 0;
        for (std::size_t i = 0; i < index; ++i)
            if (network.pools(i)) offset += network.size_of(network.given_by(i));
        return offset;
    }
    /// The elementwise layer that layer `Index` computes along.
    template <std::size_t Index>
    using activation = std::conditional_t<(stage_lengths[Index] > 1 + network.pools(Index)),
                                          leaf<std::min(Index + 1, LeafCount - 1)>, no_activation>;

    /// Numbers of scratch memory that layer `Index` needs, forward and back.
    template <std::size_t Index>
    static constexpr std::size_t scratch_of = [] {
        using this_leaf = leaf<Index>;
        std::size_t size = 0;
        if constexpr (!this_leaf::facts.reshapes && stage_lengths[Index] > 0) {
            if constexpr (!network.pools(Index))
                size = this_leaf::template compute_scratch<T, no_pooling>();
            if constexpr (skips_map<Index>)
                size = std::max(
                    size,
                    this_leaf::template gradient_scratch<T, activation<Index>,
                                                         leaf<Index + stage_lengths[Index] - 1>>());
            else
                size = std::max(
                    size, this_leaf::template gradient_scratch<T, no_activation, no_pooling>());
        }
        return size;
    }();
    static constexpr std::size_t scratch_size = []<std::size_t... I>(std::index_sequence<I...>) {
        return std::max({std::size_t{0}, scratch_of<I>...});
    }
    (std::make_index_sequence<LeafCount>{});

    // Layers that look at the whole batch. Each begins a segment.
    static constexpr std::size_t batch_layers = [] {
        std::size_t count = 0;
        for (const planned_layer& layer : network.layers) count += layer.is.sees_batch;
        return count;
    }();
    static constexpr std::size_t segment_begin(std::size_t segment) noexcept {
        std::size_t i = 0, found = 0;
        for (; found < segment && i < LeafCount; ++i) found += network.layers[i].is.sees_batch;
        return segment == 0 ? 0 : found < segment ? LeafCount : i - 1;
    }
    /// How many numbers a batch layer finds out of the batch, forward, and as many back.
    template <std::size_t Index>
    static constexpr std::size_t batch_numbers = [] {
        if constexpr (leaf<Index>::facts.sees_batch)
            return leaf<Index>::batch_numbers;
        else
            return std::size_t{0};
    }();
    template <std::size_t Index>
    static constexpr std::size_t statistics_offset = [
    ]<std::size_t... I>(std::index_sequence<I...>) {
        return (std::size_t{0} + ... + (2 * batch_numbers<I>));
    }
    (std::make_index_sequence<Index>{});

    /// Whether layers take random numbers.
    static constexpr bool is_random = [] {
        bool any = false;
        for (const planned_layer& layer : network.layers) any |= layer.is.draws;
        return any;
    }();
    /// Whether forward in training is something else than in a prediction.
    static constexpr bool trains_differently = [] {
        bool any = batch_layers > 0 || is_random;
        for (const planned_layer& layer : network.layers)
            any |= layer.is.trains_differently || layer.is.only_in_training;
        return any;
    }();
};

}  // namespace ctnn::detail
