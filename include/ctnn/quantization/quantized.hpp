// A network in bytes: the type, its parameters, and predictions.
#pragma once

#include <ctnn/folded.hpp>
#include <ctnn/quantization/int8_batch.hpp>
#include <ctnn/quantization/int8_computation.hpp>
#include <ctnn/quantization/int8_parameters.hpp>
#include <ctnn/quantization/int8_stages.hpp>

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
    template <std::size_t Index>
    using leaf = typename network::template leaf<Index>;
    static constexpr std::size_t leaf_count = network::leaf_count;

    using input_shape = typename network::input_shape;
    using output_shape = typename network::output_shape;
    using input = tensor<input_shape, std::int8_t>;
    using output = tensor<output_shape, std::int8_t>;
    using parameters = quantized_parameters<Network, Rounding>;
    using weights = int8_view<quantized>;
    using arrays = int8_arrays<Rounding, stages::counts>;
    /// Weights and biases; and the bytes of all numbers.
    static constexpr std::size_t parameter_count = network::parameter_count;
    static constexpr std::size_t parameter_bytes = sizeof(arrays);
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
    /// Scratch memory for many images.
    using batch_workspace = detail::int8_batch_memory<network>;
    /// The outputs for any number of images; `outputs` must be as long as `images` (if it is not, the
    /// shorter length counts). The fastest way when there are many.
    static void predict(weights w, std::span<const input> images, std::span<output> outputs,
                        batch_workspace& memory) noexcept {
        assert(images.size() == outputs.size());
        detail::int8_predict<network, Rounding>(w.all, images.data(), outputs.data(),
                                                std::min(images.size(), outputs.size()), memory);
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

    /// The same, but for the network's last layer, a softmax, which is computed of the numbers that
    /// its input's bytes mean: probabilities are not rounded to multiples of 1/256. Needs floating
    /// point. Rejected: a network whose last layer is another one.
    [[nodiscard]] static constexpr tensor<output_shape>
    predict_with_float_softmax(weights w, const tensor<input_shape>& x,
                               float_workspace& memory) noexcept {
        constexpr std::size_t last = leaf_count - 1;
        constexpr bool is_softmax = stages::kinds[last] == detail::int8_kind::softmax;
        static_assert(
            is_softmax,
            "ctnn::quantized::predict_with_float_softmax: the last layer must be softmax");
        tensor<output_shape> y;
        if constexpr (is_softmax) {
            constexpr std::size_t logits = network::reads.values[network::reads.first[last]];
            const detail::byte_scale s = w.all.scales[stages::scale_of[logits]];
            const auto take = [&](std::size_t value, const std::int8_t* bytes, std::size_t) {
                for (std::size_t i = 0; value == logits && i < output_shape::size; ++i)
                    y[i] = s.scale * static_cast<float>(bytes[i] - s.zero);
            };
            to_bytes(w, x, memory.x);
            take(0, memory.x.data(), 0);
            compute(w.all, memory.x.data(), memory.y.data(), memory.scratch.memory, take);
            leaf<last>::compute(tensor_view<output_shape, const float>(y.data()),
                                tensor_view<output_shape, float>(y.data()));
        }
        return y;
    }
    [[nodiscard]] static constexpr tensor<output_shape>
    predict_with_float_softmax(weights w, const tensor<input_shape>& x) noexcept {
        typename on_stack<float_workspace>::type memory;
        return predict_with_float_softmax(w, x, memory);
    }

    /// y = f(w, x), with stages::plan.size bytes of memory. `observe(value, first, size)` is called
    /// behind every stage, if it is given.
    template <class Observe = int>
    static constexpr void compute(const arrays& w, const std::int8_t* x, std::int8_t* y,
                                  std::int8_t* memory,
                                  [[maybe_unused]] const Observe& observe = {}) noexcept {
        detail::int8_computation<network, Rounding, 1>::run(w, x, y, memory, observe);
    }

private:
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
};

}  // namespace ctnn
