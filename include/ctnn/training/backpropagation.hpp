// A network forward with everything kept that the way back needs, and the way back: from
// dLoss/d(output) to dLoss/d(parameters). Plain memory, no heap; `T` is `float` for one image, a
// SIMD vector for one image per lane.
#pragma once

#include <ctnn/network.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace ctnn {

/// The memory of one pass forward and back through the first `LeafCount` layers of a network.
/// Fill `x`, call `forward`, write dLoss/d(output()) to `d_output()`, call `backward`. `ToInput`:
/// whether that gives dLoss/dx too, for which nobody asks in training.
template <class Network, class T, std::size_t LeafCount = Network::leaf_count, bool ToInput = false>
struct backpropagation {
private:
    static constexpr auto layers = [] {
        std::array<detail::planned_layer, LeafCount> result{};
        std::copy_n(Network::table::layers.begin(), LeafCount, result.begin());
        return result;
    }();
    /// Below the first layer with parameters nobody asks for gradients.
    static constexpr std::size_t first_with_parameters = [] {
        std::size_t i = 0;
        while (i < LeafCount && Network::table::offsets[i + 1] == 0) ++i;
        return i;
    }();
    static constexpr auto stage_lengths = detail::training_stage_lengths(layers);
    static constexpr auto kept = detail::plan_training(detail::fuse(layers, stage_lengths));

    template <std::size_t Index>
    using leaf = typename Network::template leaf<Index>;

    /// Whether the gradient of the map before pooling is not stored in stage `Index`: only
    /// parameters need it, and they take it from the positions of the maxima.
    template <std::size_t Index>
    static constexpr bool skips_map = [] {
        if constexpr (!ToInput && Index == first_with_parameters && Index < LeafCount)
            return stage_lengths[Index] > 1 && leaf<Index>::facts.takes_positions;
        else
            return false;
    }();
    static constexpr auto gradients_kept = detail::plan_gradients(
        layers, ToInput ? 0
                        : first_with_parameters + (skips_map<first_with_parameters>
                                                       ? stage_lengths[first_with_parameters] - 1
                                                       : 0));
    /// Says so where a layer cannot be trained; then nothing is computed, so that it is one error.
    template <std::size_t Index>
    static constexpr bool is_trainable =
        detail::checked_trainable_layer<leaf<Index>, T,
                                        ToInput || (Index > first_with_parameters)>::is_good;
    static constexpr bool are_trainable = []<std::size_t... I>(std::index_sequence<I...>) {
        return (true && ... && is_trainable<first_with_parameters + I>);
    }
    (std::make_index_sequence<LeafCount - std::min(LeafCount, first_with_parameters)>{});
    template <std::size_t Index>
    using leaf_input = typename leaf<Index>::input_shape;
    template <std::size_t Index>
    using leaf_output = typename leaf<Index>::output_shape;

    /// The first layer of the stage that layer `index` belongs to.
    static constexpr std::size_t stage_of(std::size_t index) noexcept {
        while (stage_lengths[index] == 0) --index;
        return index;
    }
    /// Where the positions of stage `index`'s maxima start, in bytes for each lane.
    static constexpr std::size_t position_offset(std::size_t index) noexcept {
        std::size_t offset = 0;
        for (std::size_t i = 0; i < index; ++i)
            if (stage_lengths[i] > 1) offset += layers[i + stage_lengths[i] - 1].output;
        return offset;
    }
    /// In the place of memory that is not needed; two kinds, because two of one have two addresses.
    struct nothing {};
    struct no_positions {};
    template <std::size_t Index>
    using activation =
        std::conditional_t<stage_lengths[Index] == 3, leaf<std::min(Index + 1, LeafCount - 1)>,
                           detail::no_activation>;

    /// Numbers of scratch memory that layer `Index` needs, forward and back.
    template <std::size_t Index>
    static constexpr std::size_t scratch_of = [] {
        using this_leaf = leaf<Index>;
        std::size_t size = 0;
        if constexpr (!this_leaf::facts.reshapes && stage_lengths[Index] > 0) {
            if constexpr (stage_lengths[Index] == 1)
                size = this_leaf::template compute_scratch<T, detail::no_pooling>();
            if constexpr (skips_map<Index>)
                size = std::max(
                    size,
                    this_leaf::template gradient_scratch<T, activation<Index>,
                                                         leaf<Index + stage_lengths[Index] - 1>>());
            else
                size = std::max(size, this_leaf::template gradient_scratch<T, detail::no_activation,
                                                                           detail::no_pooling>());
        }
        return size;
    }();
    static constexpr std::size_t scratch_size = []<std::size_t... I>(std::index_sequence<I...>) {
        return std::max({std::size_t{0}, scratch_of<I>...});
    }
    (std::make_index_sequence<LeafCount>{});

public:
    using input_shape = typename Network::input_shape;
    using output_shape = typename decltype([] {
        if constexpr (LeafCount == 0)
            return std::type_identity<input_shape>{};
        else
            return std::type_identity<leaf_output<LeafCount - 1>>{};
    }())::type;
    using weights = typename Network::weights;
    using gradients = typename Network::gradients;

    tensor<input_shape, T> x;
    detail::scratch<T, kept.size> activations;
    detail::scratch<T, std::max(gradients_kept.size, output_shape::size)> d_activations;
    [[no_unique_address]] std::conditional_t<scratch_size == 0, nothing,
                                             detail::scratch<T, scratch_size>>
        scratch;

    /// Of the maxima where a convolution, an activation and pooling are computed in one go.
    [[no_unique_address]] std::conditional_t<
        position_offset(LeafCount) == 0, no_positions,
        std::array<std::uint8_t, position_offset(LeafCount) * simd::lanes_of<T>>>
        positions;

    /// Runs the layers on `x` and keeps what each of them gave.
    constexpr void forward(weights w) noexcept {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (forward_through<I>(w), ...);
        }
        (std::make_index_sequence<(are_trainable ? LeafCount : 0)>{});
    }
    [[nodiscard]] constexpr tensor_view<output_shape, const T> output() const noexcept {
        return tensor_view<output_shape, const T>(output_of<LeafCount>());
    }
    [[nodiscard]] constexpr tensor_view<output_shape, T> d_output() noexcept {
        return tensor_view<output_shape, T>(d_output_of<LeafCount>());
    }
    /// Adds dLoss/dw, summed over the lanes, to `d_w`, given `d_output()`, which it overwrites.
    constexpr void backward(weights w, gradients d_w) noexcept requires(!ToInput) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (backward_through<LeafCount - 1 - I>(w, d_w), ...);
        }
        (std::make_index_sequence<(
             are_trainable ? LeafCount - std::min(LeafCount, first_with_parameters) : 0)>{});
    }
    /// The same, and writes dLoss/dx.
    constexpr void backward(weights w, gradients d_w, tensor_view<input_shape, T> d_x) noexcept
        requires(ToInput) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (backward_through<LeafCount - 1 - I>(w, d_w), ...);
        }
        (std::make_index_sequence<(are_trainable ? LeafCount : 0)>{});
        if constexpr (LeafCount > 0 && are_trainable) {
            const tensor_view<leaf_output<0>, const T> d_y(d_output_of<1>());
            if constexpr (leaf<0>::facts.reshapes || leaf<0>::facts.in_place)
                std::copy_n(d_y.data(), input_shape::size, d_x.data());
            else
                detail::input_gradient<leaf<0>>(weights_of<0>(w), input_of<0>(), d_y, d_x);
        } else {
            std::copy_n(d_output().data(), input_shape::size, d_x.data());
        }
    }

private:
    /// What layer `Count` - 1 gave; for 0 the network's input.
    template <std::size_t Count>
    constexpr const T* output_of() const noexcept {
        if constexpr (Count == 0)
            return x.data();
        else if constexpr (kept.layers[Count - 1].where == detail::placement::input)
            return output_of<Count - 1>();
        else
            return activations.memory + kept.layers[Count - 1].offset;
    }
    template <std::size_t Count>
    constexpr T* d_output_of() noexcept {
        if constexpr (Count == 0)
            return d_activations.memory;  // no layers: the output is the input
        else
            return d_activations.memory + gradients_kept.layers[Count - 1].offset;
    }
    constexpr T* scratch_memory() noexcept {
        if constexpr (scratch_size == 0)
            return nullptr;
        else
            return scratch.memory;
    }
    template <std::size_t Index>
    constexpr auto input_of() const noexcept {
        return tensor_view<leaf_input<Index>, const T>(output_of<Index>());
    }
    template <std::size_t Index>
    static constexpr auto weights_of(weights w) noexcept {
        return parameter_view<leaf<Index>, const float>(w.first + Network::table::offsets[Index]);
    }

    template <std::size_t Index>
    constexpr void forward_through(weights w) noexcept {
        if constexpr (stage_lengths[Index] > 1) {
            using pooling = leaf<Index + stage_lengths[Index] - 1>;
            leaf<Index>::template compute_with_positions<activation<Index>, pooling>(
                weights_of<Index>(w), input_of<Index>(),
                tensor_view<typename pooling::output_shape, T>(
                    const_cast<T*>(output_of<Index + 1>())),
                positions.data() + position_offset(Index) * simd::lanes_of<T>);
        } else if constexpr (stage_lengths[Index] == 1 && !leaf<Index>::facts.reshapes) {
            const tensor_view<leaf_output<Index>, T> y(
                const_cast<T*>(output_of<Index + 1>()));  // ours
            detail::compute_in_training<leaf<Index>>(weights_of<Index>(w), input_of<Index>(), y,
                                                     scratch_memory());
        }
    }

    /// Adds the layer's parameter gradient and, where it is asked for, turns the gradient with
    /// respect to its output into that with respect to its input (layer 0's is the caller's).
    template <std::size_t Index>
    constexpr void backward_through(weights w, gradients d_w) noexcept {
        using this_leaf = leaf<Index>;
        constexpr std::size_t stage = stage_of(Index), next = stage + stage_lengths[stage];
        if constexpr (skips_map<stage>) {
            if constexpr (stage == Index)
                this_leaf::template parameter_gradient_from_positions<activation<stage>,
                                                                      leaf<next - 1>>(
                    input_of<Index>(),
                    tensor_view<leaf_output<next - 1>, const T>(output_of<next>()),
                    positions.data() + position_offset(stage) * simd::lanes_of<T>,
                    tensor_view<leaf_output<next - 1>, const T>(d_output_of<next>()),
                    parameter_view<this_leaf, float>(d_w.first + Network::table::offsets[Index]),
                    scratch_memory());
        } else if constexpr (stage != Index) {
            // The stage's last layer goes back through all but its first.
            if constexpr (Index + 1 == next)
                this_leaf::template input_gradient_from_positions<activation<stage>>(
                    tensor_view<leaf_output<Index>, const T>(output_of<Index + 1>()),
                    positions.data() + position_offset(stage) * simd::lanes_of<T>,
                    tensor_view<leaf_output<Index>, const T>(d_output_of<Index + 1>()),
                    tensor_view<leaf_input<Index>, T>(d_output_of<Index>()));
        } else if constexpr (!this_leaf::facts.reshapes) {
            const tensor_view<leaf_output<Index>, const T> d_y(d_output_of<Index + 1>());
            detail::parameter_gradient<this_leaf>(
                input_of<Index>(), d_y,
                parameter_view<this_leaf, float>(d_w.first + Network::table::offsets[Index]),
                scratch_memory());
            if constexpr (this_leaf::facts.needs_input) {
                detail::input_gradient<this_leaf>(
                    weights_of<Index>(w), input_of<Index>(), d_y,
                    tensor_view<leaf_input<Index>, T>(d_output_of<Index + 1>()));
            } else if constexpr (this_leaf::facts.in_place) {
                this_leaf::input_gradient_from_output(
                    tensor_view<leaf_output<Index>, const T>(output_of<Index + 1>()), d_y,
                    tensor_view<leaf_input<Index>, T>(d_output_of<Index + 1>()));
            } else if constexpr (Index > (ToInput ? 0 : first_with_parameters)) {
                const tensor_view<leaf_input<Index>, T> d_x(d_output_of<Index>());
                detail::input_gradient<this_leaf>(weights_of<Index>(w), input_of<Index>(), d_y,
                                                  d_x);
            }
        }
    }
};

}  // namespace ctnn
