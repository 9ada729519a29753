// From the parameters of a float network to those in bytes, where the scales of its values are known.
#pragma once

#include <ctnn/quantization/round_kernel.hpp>
#include <ctnn/quantization/set_parameters.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ctnn::detail {

/// "conv2d_1" for the layer that gives a value.
template <class Quantized>
std::string value_name(std::size_t value) {
    if (value == 0) return "input";
    const auto& names = Quantized::network::table::names;
    const auto end = names.begin() + static_cast<std::ptrdiff_t>(value);
    return std::string(names[value - 1]) + "_" +
           std::to_string(std::count(names.begin(), end, names[value - 1]));
}
/// TensorFlow Lite's specification: probabilities have 1/256 and -128, tanh has 1/128 and 0.
template <class Quantized>
bool has_fixed_scale(std::size_t value) {
    if (value == 0 || Quantized::stages::origins[value] != value) return false;
    const std::string_view name = Quantized::network::table::names[value - 1];
    return name == "softmax" || name == "sigmoid" || name == "tanh";
}
template <class Quantized>
byte_scale fixed_scale(std::size_t value) {
    if (Quantized::network::table::names[value - 1] == "tanh") return {1.0f / 128.0f, 0};
    return {1.0f / 256.0f, -128};
}

template <class Quantized>
struct parameter_converter {
    using network = typename Quantized::network;
    using stages = typename Quantized::stages;

    const parameters<network>& w;
    int weight_bits;
    int8_writer<typename Quantized::parameters> writer;

    template <std::size_t Index>
    void convert_layer() const {
        if constexpr (stages::kinds[Index] == int8_kind::convolution) {
            using layer = typename network::template leaf<Index>;
            constexpr convolution conv = int8_convolution_of<layer>();
            const auto [kernel, bias] = arrays_of(
                parameter_view<layer, const float>(w.elements + network::table::offsets[Index]));
            const float* const given_bias = bias;
            const float x = writer.template input_scale<Index>().scale;
            for (const float weight : kernel) require_finite(Index, weight);
            for (std::size_t f = 0; f < conv.filters && given_bias != nullptr; ++f)
                require_finite(Index, given_bias[f]);
            std::vector<float> scales(conv.filters);
            std::vector<std::int8_t> bytes(kernel.size());
            std::vector<std::int32_t> biases(conv.filters);
            round_kernel(
                kernel, given_bias, x, weight_bits, conv.filters,
                [&](std::size_t i, std::size_t f, float n, float scale) {
                    bytes[i] = static_cast<std::int8_t>(n);
                    scales[f] = scale;
                },
                [&](std::size_t f, std::int32_t n, double) { biases[f] = n; });
            writer.template set_convolution<Index>(
                bytes.data(),
                {conv.columns.taps * conv.tap_size(), conv.tap_size(), conv.filters, 1},
                [&](std::size_t f) { return biases[f]; }, [&](std::size_t f) { return scales[f]; },
                false);
        }
    }

private:
    static void require_finite(std::size_t layer, float weight) {
        if (!(weight - weight == 0.0f))
            throw std::invalid_argument("ctnn::quantize: the parameters of '" +
                                        value_name<Quantized>(layer + 1) +
                                        "' must be finite, found " + std::to_string(weight));
    }
    template <class Layer>
    static std::pair<std::span<const float>, const float*>
    arrays_of(parameter_view<Layer, const float> w) {
        const float* bias = nullptr;
        if constexpr (requires { w.kernel(); }) {
            if constexpr (requires { w.bias(); }) bias = w.bias().data();
            return {std::span<const float>(w.kernel().data(), w.kernel().size()), bias};
        } else {
            const auto scale = w.template get<"scale">();
            return {std::span<const float>(scale.data(), scale.size()),
                    w.template get<"offset">().data()};
        }
    }
};

/// Writes all parameters that are no scales of values. Throws std::invalid_argument where one is not
/// finite.
template <class Quantized>
void convert_parameters(const parameters<typename Quantized::network>& w, int weight_bits,
                        typename Quantized::parameters& to) {
    const parameter_converter<Quantized> converter{w, weight_bits, {to}};
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (converter.template convert_layer<I>(), ...);
    }
    (std::make_index_sequence<Quantized::stages::count>{});
    converter.writer.set_the_rest();
}

}  // namespace ctnn::detail
