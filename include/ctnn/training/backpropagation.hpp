// A network forward with everything kept that the way back needs, and the way back: from
// dLoss/d(output) to dLoss/d(parameters). Plain memory, no heap; `T` is `float` for one image, a
// SIMD vector for one image per lane.
#pragma once

#include <ctnn/network.hpp>
#include <ctnn/network/layer_calls.hpp>
#include <ctnn/simd/random.hpp>
#include <ctnn/training/pass_plan.hpp>

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
///
/// A network with layers that look at the whole batch (batch_normalization) goes through it segment
/// by segment: all images of a batch through segment 0, then all through segment 1, ... `forward`
/// and `backward` take the images in the lanes for the batch.
template <class Network, class T, std::size_t LeafCount = Network::leaf_count, bool ToInput = false>
struct backpropagation {
private:
    using plan = detail::pass_plan<Network, T, LeafCount, ToInput>;
    template <std::size_t Index>
    using leaf = typename plan::template leaf<Index>;
    template <std::size_t Index>
    using leaf_input = typename leaf<Index>::input_shape;
    template <std::size_t Index>
    using leaf_output = typename leaf<Index>::output_shape;
    template <std::size_t Index>
    using activation = typename plan::template activation<Index>;
    /// In the place of memory that is not needed; several kinds, because two of one have two
    /// addresses.
    template <int>
    struct nothing {};

public:
    /// Whether layers take random numbers: then `random` must be set.
    static constexpr bool is_random = plan::is_random;
    using input_shape = typename Network::input_shape;
    using output_shape = typename decltype([] {
        if constexpr (LeafCount == 0)
            return std::type_identity<input_shape>{};
        else
            return std::type_identity<leaf_output<LeafCount - 1>>{};
    }())::type;
    using weights = typename Network::weights;
    using gradients = typename Network::gradients;
    static constexpr std::size_t segments = plan::batch_layers + 1;
    /// Whether forward in training is something else than in a prediction.
    static constexpr bool trains_differently = plan::trains_differently;
    /// How many numbers are alive at once, at most, of those in `memory`.
    static constexpr std::size_t largest_set = plan::places.largest_set;

    tensor<input_shape, T> x;
    detail::scratch<T, plan::places.size> memory;
    [[no_unique_address]] std::conditional_t<plan::scratch_size == 0, nothing<0>,
                                             detail::scratch<T, plan::scratch_size>>
        scratch;

    /// Of the maxima where a convolution, an activation and pooling are computed in one go.
    [[no_unique_address]] std::conditional_t<
        plan::position_offset(LeafCount) == 0, nothing<1>,
        std::array<std::uint8_t, plan::position_offset(LeafCount) * simd::lanes_of<T>>>
        positions;
    /// What batch layers found out of the batch.
    [[no_unique_address]] std::conditional_t<
        plan::batch_layers == 0, nothing<2>,
        std::array<float, plan::template statistics_offset<LeafCount>>>
        statistics;
    /// Keys of the images in the lanes, for layers that take random numbers.
    [[no_unique_address]] std::conditional_t<is_random, detail::random_lanes<T>, nothing<3>> random;

    /// Runs the layers on `x` and keeps what each of them gave.
    constexpr void forward(weights w) noexcept {
        [&]<std::size_t... S>(std::index_sequence<S...>) {
            (forward_segment<S>(w, simd::lanes_of<T>, simd::lanes_of<T>), ...);
        }
        (std::make_index_sequence<segments>{});
    }
    /// Runs the layers on `x` as a prediction does.
    constexpr void predict(weights w) noexcept {
        if constexpr (trains_differently)
            run<false, 0, LeafCount>(w, 0);
        else
            forward(w);
    }
    [[nodiscard]] constexpr tensor_view<output_shape, const T> output() const noexcept {
        return tensor_view<output_shape, const T>(value<plan::network.reads.output>());
    }
    [[nodiscard]] constexpr tensor_view<output_shape, T> d_output() noexcept {
        return tensor_view<output_shape, T>(d_value<plan::network.reads.output>());
    }
    /// Adds dLoss/dw, summed over the lanes, to `d_w`, given `d_output()`, which it overwrites.
    constexpr void backward(weights w, gradients d_w) noexcept requires(!ToInput) {
        backward_all(w, d_w);
    }
    /// The same, and writes dLoss/dx.
    constexpr void backward(weights w, gradients d_w, tensor_view<input_shape, T> d_x) noexcept
        requires(ToInput) {
        backward_all(w, d_w);
        std::copy_n(d_value<0>(), input_shape::size, d_x.data());
    }

    // Segment by segment. `images`: how many of the lanes have an image; `batch`: how many images
    // the batch has. Between two segments the statistics of all passes are merged.

    /// Runs the layers of segment `S`, and looks at what reaches the next one.
    template <std::size_t S>
    constexpr void forward_segment(weights w, std::size_t images, std::size_t batch) noexcept {
        run<true, plan::segment_begin(S), plan::segment_begin(S + 1)>(w, batch);
        if constexpr (S < plan::batch_layers) {
            constexpr std::size_t next = plan::segment_begin(S + 1);
            leaf<next>::gather(input_of<next>(), images, statistics_of<next>());
        }
    }
    /// Back through segment `S`; adds the gradient of its parameters to `d_w`.
    template <std::size_t S>
    constexpr void backward_segment(weights w, gradients d_w, std::size_t images,
                                    std::size_t batch) noexcept {
        constexpr std::size_t begin = plan::segment_begin(S) + (S > 0),
                              end = plan::segment_begin(S + 1);
        if constexpr (S < plan::batch_layers) send_back<end, 0>(w, images, batch);
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (backward_through<end - 1 - I>(w, d_w), ...);
        }
        (std::make_index_sequence<(plan::are_trainable ? end - begin : 0)>{});
        if constexpr (S > 0) {
            using this_leaf = leaf<begin - 1>;
            float* const sums =
                statistics_of<begin - 1>() + plan::template batch_numbers<begin - 1>;
            this_leaf::template gather_gradients<activation<begin - 1>>(
                weights_of<begin - 1>(w), input_of<begin - 1>(),
                tensor_view<leaf_output<begin - 1>, const T>(d_value<begin>()),
                statistics_of<begin - 1>(), batch, sums);
            this_leaf::parameter_gradient(sums, gradients_of<begin - 1>(d_w));
        }
    }
    /// What the batch layer before segment `S` > 0 found out, of `images` images; now also of
    /// `others`, of which there are `more`.
    template <std::size_t S>
    constexpr void merge_forward(std::size_t images, const backpropagation& others,
                                 std::size_t more) noexcept {
        constexpr std::size_t index = plan::segment_begin(S);
        leaf<index>::merge(statistics_of<index>(), images,
                           others.statistics.data() + plan::template statistics_offset<index>,
                           more);
    }
    template <std::size_t S>
    constexpr void merge_backward(const backpropagation& others) noexcept {
        constexpr std::size_t index = plan::segment_begin(S),
                              count = plan::template batch_numbers<index>;
        for (std::size_t i = 0; i < count; ++i)
            statistics_of<index>()[count + i] +=
                others.statistics[plan::template statistics_offset<index> + count + i];
    }
    /// What the batch layers found out becomes that of `from`.
    constexpr void take_statistics(const backpropagation& from) noexcept {
        statistics = from.statistics;
    }
    /// Lets the batch layers keep what they found out of `batch` images (moving averages).
    constexpr void keep_statistics(gradients w, std::size_t batch) const noexcept {
        [&]<std::size_t... S>(std::index_sequence<S...>) {
            (leaf<plan::segment_begin(S + 1)>::keep(
                 gradients_of<plan::segment_begin(S + 1)>(w),
                 statistics.data() + plan::template statistics_offset<plan::segment_begin(S + 1)>,
                 batch),
             ...);
        }
        (std::make_index_sequence<plan::batch_layers>{});
    }
    /// First parameter of segment `S`; of the one behind the last, their number.
    template <std::size_t S>
    static constexpr std::size_t first_parameter = Network::table::offsets[plan::segment_begin(S)];

private:
    template <std::size_t Value>
    constexpr const T* value() const noexcept {
        if constexpr (plan::places.is_input[Value])
            return x.data();
        else
            return memory.memory + plan::places.values[Value];
    }
    template <std::size_t Value>
    constexpr T* d_value() noexcept {
        return memory.memory + plan::places.gradients[Value];
    }
    constexpr T* scratch_memory() noexcept {
        if constexpr (plan::scratch_size == 0)
            return nullptr;
        else
            return scratch.memory;
    }
    template <std::size_t Index>
    constexpr auto input_of() const noexcept {
        if constexpr (plan::template reads_of<Index> == 1)
            return tensor_view<leaf_input<Index>, const T>(value<plan::template read_by<Index>>());
        else
            return [&]<std::size_t... I>(std::index_sequence<I...>) {
                return std::array<const T*, plan::template reads_of<Index>>{
                    value<plan::template read_by<Index, I>>()...};
            }
        (std::make_index_sequence<plan::template reads_of<Index>>{});
    }
    template <std::size_t Index>
    constexpr float* statistics_of() noexcept {
        return statistics.data() + plan::template statistics_offset<Index>;
    }
    template <std::size_t Index>
    static constexpr auto weights_of(weights w) noexcept {
        return parameter_view<leaf<Index>, const float>(w.first + Network::table::offsets[Index]);
    }
    template <std::size_t Index>
    static constexpr auto gradients_of(gradients d_w) noexcept {
        return parameter_view<leaf<Index>, float>(d_w.first + Network::table::offsets[Index]);
    }

    template <bool IsTraining, std::size_t Begin, std::size_t End>
    constexpr void run(weights w, std::size_t batch) noexcept {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (forward_through<IsTraining, Begin + I>(w, batch), ...);
        }
        (std::make_index_sequence<(plan::are_trainable ? End - Begin : 0)>{});
    }
    template <bool IsTraining, std::size_t Index>
    constexpr void forward_through(weights w, [[maybe_unused]] std::size_t batch) noexcept {
        using this_leaf = leaf<Index>;
        if constexpr (plan::network.pools(Index)) {
            using pooling = leaf<Index + plan::stage_lengths[Index] - 1>;
            this_leaf::template compute_with_positions<activation<Index>, pooling>(
                weights_of<Index>(w), input_of<Index>(),
                tensor_view<typename pooling::output_shape, T>(
                    const_cast<T*>(value<Index + plan::stage_lengths[Index]>())),
                positions.data() + plan::position_offset(Index) * simd::lanes_of<T>);
        } else if constexpr (plan::stage_lengths[Index] > 0 && !this_leaf::facts.reshapes) {
            const tensor_view<leaf_output<Index>, T> y(
                const_cast<T*>(value<plan::network.given_by(Index)>()));  // ours
            if constexpr (this_leaf::facts.only_in_training && !IsTraining) {
                if (y.data() != input_of<Index>().data())
                    std::copy_n(input_of<Index>().data(), y.size(), y.data());
            } else if constexpr (this_leaf::facts.sees_batch && IsTraining) {
                this_leaf::template compute_in_training<activation<Index>>(
                    weights_of<Index>(w), input_of<Index>(), y, statistics_of<Index>(), batch);
            } else if constexpr (plan::stage_lengths[Index] > 1) {
                detail::compute_fused<this_leaf, activation<Index>, detail::no_pooling>(
                    weights_of<Index>(w), input_of<Index>(), y, scratch_memory());
            } else if constexpr (this_leaf::facts.draws && IsTraining) {
                this_leaf::compute_in_training(input_of<Index>(), y, random.of_layer(Index));
            } else if constexpr (this_leaf::facts.trains_differently && IsTraining) {
                detail::compute_in_training<this_leaf>(weights_of<Index>(w), input_of<Index>(), y,
                                                       scratch_memory());
            } else {
                detail::compute<this_leaf>(weights_of<Index>(w), input_of<Index>(), y,
                                           scratch_memory());
            }
        }
    }

    constexpr void backward_all(weights w, gradients d_w) noexcept {
        [&]<std::size_t... S>(std::index_sequence<S...>) {
            (backward_segment<segments - 1 - S>(w, d_w, simd::lanes_of<T>, simd::lanes_of<T>), ...);
        }
        (std::make_index_sequence<segments>{});
    }
    /// Adds the layer's parameter gradient and, where it is asked for, turns the gradient with
    /// respect to its output into that with respect to its inputs.
    template <std::size_t Index>
    constexpr void backward_through(weights w, gradients d_w) noexcept {
        using this_leaf = leaf<Index>;
        constexpr std::size_t stage = plan::network.stage_of(Index),
                              next = plan::network.given_by(stage);
        if constexpr (!plan::places.is_wanted[Index + 1]) {
            return;
        } else if constexpr (plan::template skips_map<stage>) {
            if constexpr (stage == Index)
                this_leaf::template parameter_gradient_from_positions<activation<stage>,
                                                                      leaf<next - 1>>(
                    input_of<Index>(), tensor_view<leaf_output<next - 1>, const T>(value<next>()),
                    positions.data() + plan::position_offset(stage) * simd::lanes_of<T>,
                    tensor_view<leaf_output<next - 1>, const T>(d_value<next>()),
                    gradients_of<Index>(d_w), scratch_memory());
        } else if constexpr (stage != Index) {
            // The stage's last layer goes back through all but its first; a batch layer does itself.
            if constexpr (!plan::network.pools(stage)) {
                if constexpr (!leaf<stage>::facts.sees_batch)
                    this_leaf::input_gradient_from_output(
                        tensor_view<leaf_output<Index>, const T>(value<next>()),
                        tensor_view<leaf_output<Index>, const T>(d_value<next>()),
                        tensor_view<leaf_output<Index>, T>(d_value<next>()));
            } else if constexpr (Index + 1 == next)
                this_leaf::template input_gradient_from_positions<activation<stage>>(
                    tensor_view<leaf_output<Index>, const T>(value<next>()),
                    positions.data() + plan::position_offset(stage) * simd::lanes_of<T>,
                    tensor_view<leaf_output<Index>, const T>(d_value<next>()),
                    tensor_view<leaf_input<Index>, T>(d_value<stage + 1>()));
        } else {
            if constexpr (!this_leaf::facts.reshapes && plan::template reads_of<Index> == 1)
                detail::parameter_gradient<this_leaf>(
                    input_of<Index>(),
                    tensor_view<leaf_output<Index>, const T>(d_value<Index + 1>()),
                    gradients_of<Index>(d_w), scratch_memory());
            [&]<std::size_t... I>(std::index_sequence<I...>) {
                (send_back<Index, I>(w, 0, 0), ...);
            }
            (std::make_index_sequence<plan::template reads_of<Index>>{});
        }
    }
    /// The gradient with respect to value number `I` of those that layer `Index` reads.
    template <std::size_t Index, std::size_t I>
    constexpr void send_back(weights w, [[maybe_unused]] std::size_t images,
                             [[maybe_unused]] std::size_t batch) noexcept {
        using this_leaf = leaf<Index>;
        constexpr layer_facts is = this_leaf::facts;
        constexpr std::size_t read = plan::template read_by<Index, I>;
        constexpr detail::gradient mode = plan::places.modes[plan::template first_read<Index> + I];
        if constexpr (mode != detail::gradient::none) {
            const tensor_view<leaf_output<Index>, const T> d_y(d_value<Index + 1>());
            using shape_here = typename decltype([] {
                if constexpr (read == 0)
                    return std::type_identity<input_shape>{};
                else
                    return std::type_identity<leaf_output<read - 1>>{};
            }())::type;
            const tensor_view<shape_here, T> d_x(
                mode == detail::gradient::takes ? d_value<Index + 1>()
                : mode == detail::gradient::writes || is.adds_gradient
                    ? d_value<read>()
                    : memory.memory + plan::places.parts[plan::template first_read<Index> + I]);
            if constexpr (mode == detail::gradient::adds && is.adds_gradient) {
                this_leaf::add_input_gradient(weights_of<Index>(w), input_of<Index>(), d_y, d_x);
            } else if constexpr (is.reshapes || is.passes_gradient) {
                if constexpr (mode == detail::gradient::writes)
                    std::copy_n(d_y.data(), d_x.size(), d_x.data());
            } else if constexpr (plan::template reads_of<Index> > 1) {
                this_leaf::template input_gradient<I>(input_of<Index>(), d_y, d_x);
            } else if constexpr (is.sees_batch) {
                this_leaf::template input_gradient_in_training<activation<Index>>(
                    weights_of<Index>(w), input_of<Index>(), d_y, d_x, statistics_of<Index>(),
                    statistics_of<Index>() + plan::template batch_numbers<Index>, images, batch);
            } else if constexpr (is.draws) {
                this_leaf::input_gradient_in_training(d_y, d_x, random.of_layer(Index));
            } else if constexpr (is.in_place && !is.needs_input) {
                this_leaf::input_gradient_from_output(
                    tensor_view<leaf_output<Index>, const T>(value<Index + 1>()), d_y, d_x);
            } else {
                detail::input_gradient<this_leaf>(weights_of<Index>(w), input_of<Index>(), d_y,
                                                  d_x);
            }
            if constexpr (mode == detail::gradient::adds && !is.adds_gradient) {
                T* const sum = d_value<read>();
                for (std::size_t i = 0; i < shape_here::size; ++i) sum[i] = sum[i] + d_x[i];
            }
        }
    }
};

}  // namespace ctnn
