// The network: its list of layers (layer_list.hpp) and their places in memory (plan.hpp) become
// `predict`.
#pragma once

#include <ctnn/kernels/convolution.hpp>
#include <ctnn/network/branches.hpp>
#include <ctnn/network/checks.hpp>
#include <ctnn/network/layer_calls.hpp>
#include <ctnn/network/prediction_stages.hpp>
#include <ctnn/simd/lanes.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

namespace ctnn {
namespace detail {

/// Scratch memory: plain, uninitialised, owned by whoever calls.
template <class T, std::size_t Count>
struct scratch {
    alignas(alignment_of<T, Count>) T memory[std::max<std::size_t>(1, Count)];
};

template <class Network, class Shape>
struct nested_network;

}  // namespace detail

/// A network: the shape of its input, and a list of specifications (layers, sequences, networks,
/// branches: `add`, `residual`, `concatenate`, ...).
///
/// The type holds no data: `parameters`, `workspace` and `batch_workspace` are plain values beside
/// it. `predict` is noexcept, allocates nothing and works in constant expressions. Rejected: an
/// empty input, an entry that is no layer, and whatever a layer rejects on the shape that reaches
/// it. https://keras.io/guides/sequential_model
template <class Input, class... Entries>
struct network {
    static_assert(sizeof(detail::network_input<Input>) > 0);
    using input_shape = std::conditional_t<detail::is_shape<Input>, Input, shape<0, 0, 0>>;

private:
    using list = detail::layer_list<detail::entry_list<input_shape, Entries...>,
                                    std::make_index_sequence<sizeof...(Entries)>>;

public:
    /// Every layer in the order of computation, nested networks dissolved: a Hana tuple of types.
    using leaves = typename list::leaves;
    /// What is known of them: names, offsets of parameters, ...
    using table = detail::leaf_table<input_shape, list>;
    /// What each of them reads: 0 is the network's input, i + 1 what layer i gives.
    static constexpr auto reads = list::reads;
    template <std::size_t Index>
    using leaf = detail::type_at<Index, leaves>;
    static constexpr std::size_t leaf_count = table::count;

    /// The shape after entry `Index` of the list as it was written, from 0.
    template <std::size_t Index>
    using shape_after = detail::type_at<Index + 1, typename list::shapes>;
    using output_shape = typename list::output_shape;
    static constexpr std::size_t entry_count = sizeof...(Entries);
    /// Entry `Index` of the list as it was written, put on its shape.
    template <std::size_t Index>
    using layer = detail::type_at<Index, typename list::entries>;
    /// Where the parameters of entry `Index` start.
    template <std::size_t Index>
    static constexpr std::size_t offset = [] {
        return []<std::size_t... I>(std::index_sequence<I...>) {
            return (std::size_t{0} + ... + layer<I>::parameter_count);
        }
        (std::make_index_sequence<Index>{});
    }();

    /// How many floats are learnt, and how many multiplications with an addition one image costs,
    /// forward.
    static constexpr std::size_t parameter_count = table::parameters;
    static constexpr std::size_t parameter_bytes = parameter_count * sizeof(float);
    /// Those that training changes.
    static constexpr std::size_t trained_parameter_count = table::trained_parameters;
    static constexpr std::size_t multiply_adds = table::multiply_adds;
    /// A hash of what gives parameters their meaning: the layers that compute something (`flatten`
    /// and `expect` do not), their shapes and options. The same for every compiler and processor.
    static constexpr std::uint64_t fingerprint =
        detail::fnv_1a().add_shape<input_shape>().add(table::fingerprint).value();
    /// Name, extents and place of every parameter array.
    static constexpr const std::array<parameter_entry, table::arrays>& parameter_table =
        table::table;

    /// How a prediction is computed: which layers in one go, and where everything lies, for one
    /// image and, as `plan_for<T>`, for one per lane of T.
    using prediction = detail::prediction_stages<input_shape, list>;
    static constexpr auto stage_lengths = prediction::lengths;
    template <class T>
    static constexpr auto plan_for = prediction::template plan<T>;
    static constexpr auto plan = plan_for<float>;
    /// The activation and the pooling layer that the stage beginning with leaf `Index` computes
    /// too.
    template <std::size_t Index>
    using fused_activation = typename prediction::template activation<Index>;
    template <std::size_t Index>
    using fused_pooling = typename prediction::template pooling<Index>;

    using input = tensor<input_shape>;
    using output = tensor<output_shape>;
    using parameters = ctnn::parameters<network>;
    using weights = parameter_view<network, const float>;
    using gradients = parameter_view<network, float>;
    /// All scratch memory of one prediction.
    using workspace = detail::scratch<float, plan.size>;
    static constexpr std::size_t workspace_bytes = sizeof(workspace);
    /// The same for as many images at once as the processor has lanes, with room for these images.
    struct batch_workspace {
        tensor<input_shape, simd::native> x;
        tensor<output_shape, simd::native> y;
        detail::scratch<simd::native, plan_for<simd::native>.size> scratch;
    };

    /// The network's output for one image.
    [[nodiscard]] static constexpr output predict(weights w, const input& x,
                                                  workspace& scratch) noexcept {
        output y;
        compute(w, tensor_view(x), tensor_view(y), scratch.memory);
        return y;
    }
    /// The same, with `workspace_bytes` of the stack as scratch memory; at most 256 KiB.
    [[nodiscard]] static constexpr output predict(weights w, const input& x) noexcept {
        constexpr std::size_t needed = workspace_bytes, most = std::size_t{256} * 1024;
        static_assert(needed <= most, "ctnn::network::predict: the workspace must be at most 256 "
                                      "KiB to lie on the stack; give one");
        workspace scratch;
        return predict(w, x, scratch);
    }
    /// The outputs for any number of images; `outputs` must be as long as `images` (if it is not,
    /// the shorter length counts). The fastest way when there are many.
    static constexpr void predict(weights w, std::span<const input> images,
                                  std::span<output> outputs, batch_workspace& scratch) noexcept {
        assert(images.size() == outputs.size());
        const std::size_t count = std::min(images.size(), outputs.size());
        for (std::size_t first = 0; first < count; first += simd::native_lanes) {
            std::array<const input*, simd::native_lanes> from;
            from.fill(&images[first]);  // in lanes without an image too
            std::array<output*, simd::native_lanes> to{};
            for (std::size_t n = 0; n < std::min(simd::native_lanes, count - first); ++n) {
                from[n] = &images[first + n];
                to[n] = &outputs[first + n];
            }
            to_lanes<simd::native>(from, tensor_view(scratch.x));
            compute(w, tensor_view<input_shape, const simd::native>(scratch.x),
                    tensor_view(scratch.y), scratch.scratch.memory);
            from_lanes(tensor_view<output_shape, const simd::native>(scratch.y), to);
        }
    }
    /// An image of another shape: says so.
    template <class Other, class... Workspace>
    static constexpr output predict(weights, const tensor<Other>&, Workspace&...) noexcept {
        static_assert(sizeof(detail::same_shape<Other, input_shape>) > 0);
        return {};
    }
    /// Parameters of another network: says so.
    template <detail::of_another<network> Parameters, class... Others>
    static constexpr output predict(const Parameters&, const Others&...) noexcept {
        static_assert(sizeof(detail::parameters_of<typename Parameters::owner, network>) > 0);
        return {};
    }

    /// y = f(w, x) for one image per lane of `T`, with plan_for<T>.size vectors of memory.
    template <class T>
    static constexpr void compute(weights w, tensor_view<input_shape, const T> x,
                                  tensor_view<output_shape, T> y, T* memory) noexcept {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (compute_stage<I>(w, x.data(), y.data(), memory), ...);
        }
        (std::make_index_sequence<leaf_count>{});
        constexpr bool is_computed =
            plan_for<T>.values[reads.output].where == detail::placement::result;
        if constexpr (!is_computed)  // the output is the input
            std::copy_n(place_of<reads.output>(x.data(), y.data(), memory), output_shape::size,
                        y.data());
    }

    // As an entry of another network's list: itself, on no other shape than its input_shape.
    template <class Shape>
    using output_on =
        std::conditional_t<std::is_same_v<Shape, input_shape>, output_shape, shape<0, 0, 0>>;
    template <class Shape>
    using on = detail::nested_network<network, Shape>;

private:
    /// Where a value lies.
    template <std::size_t Value, class T>
    static constexpr T* place_of(const T* x, T* y, T* memory) noexcept {
        constexpr detail::placement place = plan_for<T>.values[Value];
        if constexpr (place.where == detail::placement::memory)
            return memory + place.offset;
        else if constexpr (place.where == detail::placement::result)
            return y + place.offset;
        else
            return const_cast<T*>(x);  // read only
    }
    /// What layer `Index` reads: a view, or pointers if there are several.
    template <std::size_t Index, class T>
    static constexpr auto inputs_of(const T* x, T* y, T* memory) noexcept {
        constexpr std::size_t first = reads.first[Index];
        constexpr std::size_t count = reads.first[Index + 1] - first;
        if constexpr (count == 1)
            return tensor_view<typename leaf<Index>::input_shape, const T>(
                place_of<reads.values[first]>(x, y, memory));
        else
            return [&]<std::size_t... I>(std::index_sequence<I...>) {
                return std::array<const T*, count>{
                    place_of<reads.values[first + I]>(x, y, memory)...};
            }
        (std::make_index_sequence<count>{});
    }
    /// Writes what scales stage `Index` to the end of its scratch memory.
    template <std::size_t Index, class T>
    static constexpr const float* write_scale(weights w, T* scratch) noexcept {
        using layer = leaf<Index + 1>;
        T* const to = scratch + prediction::template scratch<Index, T> -
                      prediction::template scale_numbers<Index, T>;
        float* numbers;
        if constexpr (std::is_same_v<T, float>)
            numbers = to;
        else
            numbers = reinterpret_cast<float*>(to);
        layer::write_scale(parameter_view<layer, const float>(w.first + table::offsets[Index + 1]),
                           numbers);
        constexpr std::size_t used = 2 * layer::output_shape::channels;
        std::fill(numbers + used, numbers + detail::scale_size(used / 2), 0.0f);
        return numbers;
    }
    /// Runs the stage that begins with layer `Index`.
    template <std::size_t Index, class T>
    static constexpr void compute_stage(weights w, const T* x, T* y, T* memory) noexcept {
        using first = leaf<Index>;
        if constexpr (stage_lengths[Index] > 0 && table::computes(Index)) {
            using last = leaf<Index + stage_lengths[Index] - 1>;
            T* const scratch = memory + plan_for<T>.layers[Index].scratch;
            const auto from = inputs_of<Index>(x, y, memory);
            const tensor_view<typename last::output_shape, T> into(
                place_of<Index + stage_lengths[Index]>(x, y, memory));
            const parameter_view<first, const float> weights_here(w.first + table::offsets[Index]);
            constexpr std::size_t addend = prediction::template addend<Index>;
            if constexpr (addend != detail::no_value &&
                          plan_for<T>.layers[Index].where != detail::placement::input)
                std::copy_n(place_of<addend>(x, y, memory), into.size(), into.data());
            constexpr std::size_t step = prediction::template output_step<Index, T>;
            const auto fused = [&](auto... scale) {
                detail::compute_fused<first, fused_activation<Index>, fused_pooling<Index>, step>(
                    weights_here, from, into, scratch, scale...);
            };
            if constexpr (prediction::template scales<Index>)
                fused(write_scale<Index>(w, scratch));
            else if constexpr (stage_lengths[Index] > 1 || step > 0)
                fused();
            else
                detail::compute<first>(weights_here, from, into, scratch);
        }
    }
};

namespace detail {

/// A network that stands in another's list.
template <class Network, class Shape>
struct nested_network : Network {
    static constexpr std::size_t found = difference<Shape, typename Network::input_shape>::of_found;
    static constexpr std::size_t expected =
        difference<Shape, typename Network::input_shape>::of_wanted;
    static_assert(found == expected,
                  "ctnn::network: the shape that reaches a nested network must be its input_shape");
};

}  // namespace detail

/// Layers that stand for one entry in a network's list, to be named once and used again.
template <class... Entries>
struct sequence {
    static_assert(detail::are_looked_at<Entries...>);

    template <class Input>
    using on = network<Input, Entries...>;
    template <class Input>
    using output_on = detail::type_at<sizeof...(Entries), detail::shapes_along<Input, Entries...>>;
};

}  // namespace ctnn
