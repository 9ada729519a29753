// A network in bytes: the type, its parameters, and predictions.
#pragma once

#include <ctnn/folded.hpp>
#include <ctnn/quantization/int8_parameters.hpp>
#include <ctnn/quantization/int8_pooling.hpp>
#include <ctnn/quantization/int8_stages.hpp>
#include <ctnn/quantization/int8_sums.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace ctnn {

template <class Network, class Rounding = rounding::tflite>
struct quantized;

/// The parameters of a network in bytes: a plain value, all in one constant, for flash. Made by
/// `quantize`, by `weights_in` from a model file, or by `load`.
template <class Network, class Rounding = rounding::tflite>
struct quantized_parameters : int8_arrays<Rounding, detail::int8_stages<folded<Network>>::counts> {
    using owner = quantized<Network, Rounding>;
    bool operator==(const quantized_parameters&) const = default;
};

/// The parameters of a network in bytes, `Owner`, where they lie. Rejected: those of another one.
template <class Owner>
struct int8_view {
    using arrays = int8_arrays<typename Owner::rules, Owner::stages::counts>;

    const arrays& all;

    constexpr int8_view(const typename Owner::parameters& w) noexcept : all(w) {}
    template <std::uint64_t Fingerprint, class Rounding, int8_counts Counts>
    constexpr int8_view(const constant_int8<Fingerprint, Rounding, Counts>& w) noexcept
        : all(checked(w)) {}

private:
    static constexpr arrays none{};
    template <std::uint64_t Fingerprint, class Rounding, int8_counts Counts>
    static constexpr const arrays&
    checked(const constant_int8<Fingerprint, Rounding, Counts>& w) noexcept {
        constexpr std::uint64_t found = Fingerprint, expected = Owner::fingerprint;
        static_assert(found == expected,
                      "ctnn::constant_int8: the fingerprint must be the network's; export its own "
                      "parameters");
        if constexpr (found == expected)
            return w;
        else
            return none;  // one mistake, one error
    }
};

/// `Network` in bytes, by the rules of `Rounding`: a network type like the float one, in integers
/// alone. Batch normalization and dropout are folded first.
///
/// Values are bytes, number = scale (byte - zero) with one scale and zero for each value; weights are
/// bytes in [-127, 127] with a scale for each filter and zero 0, biases and sums 32 bits. The result
/// is the same, byte for byte, on every processor. Rejected: layers without such a form
/// (`conv2d_transpose`, `layer_normalization`, `prelu`, bilinear `up_sampling2d`).
/// https://ai.google.dev/edge/litert/models/quantization_spec
template <class Network, class Rounding>
struct quantized {
    using float_network = Network;
    /// Whose layers are computed.
    using network = folded<Network>;
    using stages = detail::int8_stages<network>;
    using rules = Rounding;

    using input_shape = typename network::input_shape;
    using output_shape = typename network::output_shape;
    using input = tensor<input_shape, std::int8_t>;
    using output = tensor<output_shape, std::int8_t>;
    using parameters = quantized_parameters<Network, Rounding>;
    using weights = int8_view<quantized>;
    using arrays = int8_arrays<Rounding, stages::counts>;
    /// Weights and biases.
    static constexpr std::size_t parameter_count = network::parameter_count;
    static constexpr std::size_t multiply_adds = network::multiply_adds;
    static constexpr std::uint64_t fingerprint =
        detail::fnv_1a()
            .add(network::fingerprint)
            .add(std::is_same_v<Rounding, rounding::tflite> ? 1u : 2u)
            .value();

    /// All scratch memory of one prediction.
    using workspace = detail::scratch<std::int8_t, stages::plan.size>;
    static constexpr std::size_t workspace_bytes = sizeof(workspace);
    /// The same with room for input and output, for images of floats.
    struct float_workspace {
        input x;
        output y;
        quantized::workspace scratch;
    };

    [[nodiscard]] static constexpr output predict(weights w, const input& x,
                                                  workspace& scratch) noexcept {
        output y;
        compute(w.all, x.data(), y.data(), scratch.memory);
        return y;
    }
    /// The same, with `workspace_bytes` of the stack as scratch memory; at most 256 KiB.
    [[nodiscard]] static constexpr output predict(weights w, const input& x) noexcept {
        typename on_stack<workspace>::type scratch;
        return predict(w, x, scratch);
    }
    /// The input's bytes for numbers: halves to even; what is not a number becomes the byte of 0.
    static constexpr void to_bytes(weights w, const tensor<input_shape>& x, input& bytes) noexcept {
        const detail::byte_scale scale = w.all.scales[stages::scale_of[0]];
        for (std::size_t i = 0; i < input_shape::size; ++i) bytes[i] = to_byte_of(x[i], scale);
    }
    /// The numbers that an output's bytes mean.
    [[nodiscard]] static constexpr tensor<output_shape> to_floats(weights w,
                                                                  const output& bytes) noexcept {
        const detail::byte_scale s = w.all.scales[stages::scale_of[network::reads.output]];
        tensor<output_shape> y;
        for (std::size_t i = 0; i < output_shape::size; ++i)
            y[i] = s.scale * static_cast<float>(bytes[i] - s.zero);
        return y;
    }
    /// Of numbers, as the float network takes and gives them: `to_bytes`, `predict`, `to_floats`.
    [[nodiscard]] static constexpr tensor<output_shape>
    predict(weights w, const tensor<input_shape>& x, float_workspace& memory) noexcept {
        to_bytes(w, x, memory.x);
        compute(w.all, memory.x.data(), memory.y.data(), memory.scratch.memory);
        return to_floats(w, memory.y);
    }
    [[nodiscard]] static constexpr tensor<output_shape>
    predict(weights w, const tensor<input_shape>& x) noexcept {
        typename on_stack<float_workspace>::type memory;
        return predict(w, x, memory);
    }

    /// y = f(w, x), with stages::plan.size bytes of memory. `observe(value, first, size)` is called
    /// behind every stage, if it is given.
    template <class Observe = int>
    static constexpr void compute(const arrays& w, const std::int8_t* x, std::int8_t* y,
                                  std::int8_t* memory,
                                  [[maybe_unused]] const Observe& observe = {}) noexcept {
        const auto run = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
            if constexpr (stages::lengths[I] > 0) {
                compute_stage<I>(w, x, y, memory);
                if constexpr (!std::is_same_v<Observe, int>) {
                    constexpr std::size_t given = I + stages::lengths[I];
                    observe(given, place_of<given>(x, y, memory),
                            leaf<given - 1>::output_shape::size);
                }
            }
        };
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (run(std::integral_constant<std::size_t, I>{}), ...);
        }
        (std::make_index_sequence<stages::count>{});
        constexpr bool is_computed =
            stages::plan.values[network::reads.output].where == detail::placement::result;
        if constexpr (!is_computed)  // the output is the input
            std::copy_n(place_of<network::reads.output>(x, y, memory), output_shape::size, y);
    }

private:
    template <std::size_t Index>
    using leaf = typename network::template leaf<Index>;
    using kind = detail::int8_kind;

    template <class Memory>
    struct on_stack {
        static constexpr std::size_t needed = sizeof(Memory), most = std::size_t{256} * 1024;
        static_assert(needed <= most, "ctnn::quantized::predict: the workspace must be at most 256 "
                                      "KiB to lie on the stack; give one");
        using type = Memory;
    };
    static constexpr std::int8_t to_byte_of(float x, detail::byte_scale s) noexcept {
        const float number = x / s.scale;
        constexpr float most = 1024.0f;
        if (!(number == number)) return static_cast<std::int8_t>(s.zero);
        return detail::to_byte(
            detail::round_to_even(static_cast<double>(std::clamp(number, -most, most))) + s.zero);
    }

    template <std::size_t Value>
    static constexpr std::int8_t* place_of(const std::int8_t* x, std::int8_t* y,
                                           std::int8_t* memory) noexcept {
        constexpr detail::placement place = stages::plan.values[Value];
        if constexpr (place.where == detail::placement::memory)
            return memory + place.offset;
        else if constexpr (place.where == detail::placement::result)
            return y;
        else
            return const_cast<std::int8_t*>(x);  // read only
    }

    template <std::size_t Index>
    static constexpr void compute_stage(const arrays& w, const std::int8_t* x, std::int8_t* y,
                                        std::int8_t* memory) noexcept {
        constexpr auto& reads = network::reads;
        constexpr std::size_t first = reads.first[Index], inputs = reads.first[Index + 1] - first;
        constexpr std::size_t given = Index + stages::lengths[Index];
        constexpr kind what = stages::kinds[Index];
        constexpr detail::int8_sizes at = stages::places[Index];
        using layer = leaf<Index>;
        using output_here = typename layer::output_shape;
        const auto from = [&]<std::size_t... I>(std::index_sequence<I...>) {
            return std::array<const std::int8_t*, inputs>{
                place_of<reads.values[first + I]>(x, y, memory)...};
        }
        (std::make_index_sequence<inputs>{});
        const auto scale_of = [&](std::size_t value) { return w.scales[stages::scale_of[value]]; };
        std::int8_t* const to = place_of<given>(x, y, memory);

        if constexpr (what == kind::convolution) {
            constexpr detail::convolution conv = detail::int8_convolution_of<layer>();
            using loops = detail::int8_convolution<conv>;
            const detail::int8_operands<Rounding> o{
                w.weights.data() + at.weights,  w.starts.data() + at.channels,
                w.factors.data() + at.channels, scale_of(reads.values[first]).zero,
                scale_of(given).zero,           w.bounds[at.limits].low,
                w.bounds[at.limits].high};
            std::int8_t* const scratch = memory + stages::plan.layers[Index].scratch;
            if constexpr (stages::pooling_of(Index) == stages::count)
                loops::run(from[0], to, 0, conv.rows.output(), o, scratch);
            else
                convolve_and_pool<conv, Index>(from[0], to, o, scratch);
        } else if constexpr (what == kind::table || what == kind::clamp) {
            const auto& table = w.tables[at.tables];
            for (std::size_t i = 0; i < output_here::size; ++i)
                to[i] = table[static_cast<std::size_t>(from[0][i] + 128)];
        } else if constexpr (what == kind::max_pool || what == kind::average_pool) {
            constexpr auto window = detail::int8_window_of<layer>();
            detail::int8_pool<window[0], window[1], layer::input_shape::channels,
                              what == kind::max_pool>(from[0], to, 0, window[0].output());
        } else if constexpr (what == kind::add || what == kind::average) {
            const auto bounds = w.bounds[at.limits];
            detail::int8_add(w.sums[at.sums], from, to, output_here::size,
                             {scale_of(given).zero, bounds.low, bounds.high});
        } else if constexpr (what == kind::multiply) {
            const auto bounds = w.bounds[at.limits];
            detail::int8_multiply<Rounding>(
                w.factors[at.channels], from,
                {scale_of(reads.values[first]).zero, scale_of(reads.values[first + 1]).zero},
                {layer::sizes[0] == output_here::size, layer::sizes[1] == output_here::size}, to,
                output_here::size, output_here::channels,
                {scale_of(given).zero, bounds.low, bounds.high});
        } else if constexpr (what == kind::maximum) {
            for (std::size_t i = 0; i < output_here::size; ++i) {
                std::int8_t most = from[0][i];
                for (std::size_t k = 1; k < inputs; ++k) most = std::max(most, from[k][i]);
                to[i] = most;
            }
        } else if constexpr (what == kind::concatenate) {
            layer::compute(from, tensor_view<output_here, std::int8_t>(to));
        } else if constexpr (what == kind::softmax) {
            for (std::size_t i = 0; i < output_here::size; i += output_here::channels)
                w.softmaxes[at.softmaxes](from[0] + i, to + i, output_here::channels,
                                          scale_of(given).zero);
        } else if constexpr (what == kind::move) {
            detail::int8_move<layer>(from[0], to, scale_of(given).zero);
        }
    }

    template <detail::convolution Conv, std::size_t Index>
    static constexpr void convolve_and_pool(const std::int8_t* x, std::int8_t* y,
                                            const detail::int8_operands<Rounding>& o,
                                            std::int8_t* scratch) noexcept {
        using pooling = leaf<stages::pooling_of(Index)>;
        constexpr auto window = detail::int8_window_of<pooling>();
        constexpr detail::axis strip{window[0].taps, window[0].taps, window[0].taps, 1, 0, 0};
        constexpr bool takes_maximum = stages::kinds[stages::pooling_of(Index)] == kind::max_pool;
        constexpr std::size_t rows = window[0].taps;
        std::int8_t* const rest = scratch + stages::template strip<Index>;
        for (std::size_t h = 0; h < window[0].output(); ++h) {
            detail::int8_convolution<Conv>::run(x, scratch, h * rows, (h + 1) * rows, o, rest);
            detail::int8_pool<strip, window[1], Conv.filters, takes_maximum>(
                scratch, y + h * window[1].output() * Conv.filters, 0, 1);
        }
    }
};

}  // namespace ctnn
