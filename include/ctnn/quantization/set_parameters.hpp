// Writes the parameters of a network in bytes: for `quantize` and for model files.
#pragma once

#include <ctnn/quantization/quantized.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace ctnn::detail {

/// The byte of a number at the bounds of an activation: away from zero where it is halfway.
constexpr std::int32_t nearest_byte(double number, byte_scale s) noexcept {
    return std::clamp(rounded(number / static_cast<double>(s.scale)) + s.zero, -128, 127);
}

/// What one layer gives at one number: its `value`.
template <class Layer>
constexpr double value_at(double x) noexcept {
    return static_cast<double>(Layer::value(static_cast<float>(x)));
}

/// Writes what is said of layers into `to`; `scales` must be there.
template <class Parameters>
struct int8_writer {
    using owner = typename Parameters::owner;
    using stages = typename owner::stages;
    using rules = typename owner::rules;
    template <std::size_t Index>
    using leaf = typename owner::network::template leaf<Index>;

    Parameters& to;

    [[nodiscard]] constexpr byte_scale scale_of(std::size_t value) const noexcept {
        return to.scales[stages::scale_of[value]];
    }
    /// The scales of what layer `Index` reads and gives.
    template <std::size_t Index>
    [[nodiscard]] constexpr byte_scale input_scale(std::size_t which = 0) const noexcept {
        return scale_of(owner::network::reads.read_by(Index)[which]);
    }
    template <std::size_t Index>
    [[nodiscard]] constexpr byte_scale output_scale() const noexcept {
        return scale_of(Index + stages::lengths[Index]);
    }

    /// A convolution: `kernel` has the byte of tap (i, j), channel c of its group and filter f at
    /// i strides[0] + j strides[1] + c strides[2] + f strides[3], strides[1] being that of a tap's
    /// channels together. `bias(f)` is of 32 bits, `kernel_scale(f)` a float; `is_one`: it is one
    /// scale for all filters.
    template <std::size_t Index, class Byte, class Bias, class Scale>
    constexpr void set_convolution(const Byte* kernel, const std::array<std::size_t, 4>& strides,
                                   const Bias& bias, const Scale& kernel_scale,
                                   bool is_one) const noexcept {
        constexpr convolution conv = int8_convolution_of<leaf<Index>>();
        constexpr int8_packing packing = int8_packing::of(conv);
        constexpr int8_sizes at = stages::places[Index];
        const byte_scale x = input_scale<Index>(), y = output_scale<Index>();
        constexpr std::size_t run = packing.is_depthwise ? 1 : packing.run_length,
                              runs = packing.is_depthwise ? packing.runs * packing.run_length
                                                          : packing.runs,
                              taps = run / conv.group_channels(), word = packing.filters * 4;
        std::int8_t* const weights = to.weights.data() + at.weights;
        const std::size_t next = strides[2];
        for (std::size_t f = 0; f < conv.filters; ++f) {
            std::uint32_t sum = 0;
            // Few operations for each weight, since it is compilers that run this.
            for (std::size_t r = 0; r < runs; ++r) {
                const std::size_t tap = r * taps;
                std::size_t from = tap / conv.columns.taps * strides[0] +
                                   tap % conv.columns.taps * strides[1] + f * strides[3];
                std::size_t into =
                    packing.place(conv, tap / conv.columns.taps, tap % conv.columns.taps, 0, f);
                const auto take = [&](std::size_t b) {
                    return static_cast<std::uint32_t>(
                        weights[into + b] = static_cast<std::int8_t>(kernel[from + b * next]));
                };
                std::size_t k = 0;
                for (; k + 4 <= run; k += 4, from += 4 * next, into += word)
                    sum += take(0) + take(1) + take(2) + take(3);
                for (std::size_t b = 0; k + b < run; ++b) sum += take(b);
            }
            to.starts[at.channels + f] = static_cast<std::uint32_t>(bias(f)) -
                                         static_cast<std::uint32_t>(x.zero + 128) * sum;
            to.factors[at.channels + f] =
                rules::factor_of(x.scale, kernel_scale(f), y.scale, is_one);
        }
    }

    /// All that follows from scales alone: bounds, tables, sums, softmax.
    constexpr void set_the_rest() const noexcept {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (set_rest_of<I>(), ...);
        }
        (std::make_index_sequence<stages::count>{});
    }

private:
    template <std::size_t Index>
    constexpr void set_rest_of() const noexcept {
        constexpr int8_kind kind = stages::kinds[Index];
        constexpr int8_sizes at = stages::places[Index];
        if constexpr (stages::lengths[Index] > 0) {
            constexpr std::size_t clamp = stages::clamp_of(Index);
            if constexpr (clamp < stages::count) {
                // A clamp gives its bounds at arguments far out.
                const byte_scale y = output_scale<Index>();
                to.bounds[at.limits] = {
                    static_cast<std::int8_t>(nearest_byte(value_at<leaf<clamp>>(-1e30), y)),
                    static_cast<std::int8_t>(nearest_byte(value_at<leaf<clamp>>(1e30), y))};
            }
            if constexpr (kind == int8_kind::table || kind == int8_kind::clamp) {
                const byte_scale x = input_scale<Index>(), y = output_scale<Index>();
                for (std::int32_t byte = -128; byte < 128; ++byte)
                    to.tables[at.tables][static_cast<std::size_t>(byte + 128)] =
                        static_cast<std::int8_t>(nearest_byte(
                            value_at<leaf<Index>>(static_cast<double>(x.scale) * (byte - x.zero)),
                            y));
            }
            if constexpr (kind == int8_kind::add || kind == int8_kind::average) {
                constexpr std::size_t inputs = leaf<Index>::facts.inputs;
                std::array<byte_scale, inputs> x{};
                for (std::size_t k = 0; k < inputs; ++k) {
                    x[k] = input_scale<Index>(k);
                    if (kind == int8_kind::average) x[k].scale /= static_cast<float>(inputs);
                }
                to.sums[at.sums] =
                    rules::template addition<stages::terms>::of(x, output_scale<Index>().scale);
            }
            if constexpr (kind == int8_kind::multiply)
                to.factors[at.channels] =
                    rules::factor_of(input_scale<Index>(0).scale, input_scale<Index>(1).scale,
                                     output_scale<Index>().scale, false);
            if constexpr (kind == int8_kind::softmax)
                to.softmaxes[at.softmaxes] =
                    rules::softmax::of(input_scale<Index>().scale, output_scale<Index>().scale);
        }
    }
};

}  // namespace ctnn::detail
