// From a trained float network to one in bytes: ranges of its values on the user's images become
// scales. For hosts: allocates and throws.
#pragma once

#include <ctnn/dataset.hpp>
#include <ctnn/quantization/choose_scale.hpp>
#include <ctnn/quantization/int8_entries.hpp>
#include <ctnn/quantization/observed_values.hpp>
#include <ctnn/quantization/quantization_report.hpp>
#include <ctnn/quantization/set_parameters.hpp>
#include <ctnn/training/checks.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace ctnn {
namespace detail {

/// Makes the parameters of `Quantized` from those of its folded network.
template <class Quantized>
class quantizer {
public:
    using network = typename Quantized::network;
    using stages = typename Quantized::stages;
    using input = typename network::input;

    quantizer(const parameters<network>& w, std::span<const input> images,
              const quantize_options& options)
        : w_(w), images_(images), options_(options) {}

    /// The scales of all values.
    void observe() {
        const auto see_all = [&](auto see) {
            for (const input& image : images_) {
                values_.compute(w_, image);
                for (std::size_t v = 0; v <= stages::count; ++v)
                    if (stages::exists(v)) see(ranges_[stages::scale_of[v]], values_[v], v);
            }
        };
        see_all([&](observed_range& range, std::span<const float> numbers, std::size_t v) {
            range.see(numbers);
            if (!range.is_finite)
                fail(v, "must be finite on all images, found what is not a number or infinite");
        });
        for (std::size_t v = 0; v <= stages::count; ++v) {
            const observed_range& range = ranges_[stages::scale_of[v]];
            if (stages::exists(v) && !(range.low < range.high) && !has_fixed_scale(v))
                fail(v, "must not be the same number everywhere on all images, found " +
                            std::to_string(range.low));
        }
        if (options_.range != range_method::min_max)
            see_all([](observed_range& range, std::span<const float> numbers, std::size_t) {
                if (range.low < range.high) range.count(numbers);
            });
    }
    void write(typename Quantized::parameters& to) const {
        for (std::size_t v = 0; v <= stages::count; ++v)
            if (stages::origins[v] == v)
                to.scales[stages::scale_of[v]] =
                    has_fixed_scale(v) ? fixed_scale(v)
                                       : choose_scale(ranges_[stages::scale_of[v]], options_);
        const int8_writer<typename Quantized::parameters> writer{to};
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (write_layer<I>(writer), ...);
        }
        (std::make_index_sequence<stages::count>{});
        writer.set_the_rest();
    }
    /// Compares with the float network, image by image. `label(n)` is that of image n.
    template <class Label>
    quantization_report compare(const typename Quantized::parameters& q, bool has_labels,
                                const Label& label) {
        struct of_value {
            double squares = 0.0, errors = 0.0;
            std::size_t numbers = 0, outside = 0;
        };
        std::array<of_value, stages::count + 1> found{};
        const auto x = std::make_unique<typename Quantized::input>();
        const auto y = std::make_unique<typename Quantized::output>();
        const auto memory = std::make_unique<typename Quantized::workspace>();
        std::size_t same = 0, float_right = 0, int8_right = 0;
        for (std::size_t n = 0; n < images_.size(); ++n) {
            values_.compute(w_, images_[n]);
            const auto compare = [&](std::size_t v, const std::int8_t* bytes, std::size_t size) {
                const byte_scale s = q.scales[stages::scale_of[v]];
                const std::span<const float> numbers = values_[v];
                for (std::size_t i = 0; i < size; ++i) {
                    const double number = static_cast<double>(numbers[i]),
                                 back = static_cast<double>(s.scale) * (bytes[i] - s.zero);
                    found[v].squares += number * number;
                    found[v].errors += (number - back) * (number - back);
                    found[v].outside += distance_from_bytes(number, s) > 0.5 * s.scale * 1.001;
                }
                found[v].numbers += size;
            };
            Quantized::to_bytes(q, images_[n], *x);
            compare(0, x->data(), x->size());
            Quantized::compute(q, x->data(), y->data(), memory->memory, compare);
            const auto largest = [](const auto& numbers) {
                return static_cast<std::size_t>(std::max_element(numbers.begin(), numbers.end()) -
                                                numbers.begin());
            };
            const std::size_t of_floats = largest(values_[network::reads.output]),
                              of_bytes = largest(*y);
            same += of_floats == of_bytes;
            float_right += has_labels && of_floats == label(n);
            int8_right += has_labels && of_bytes == label(n);
        }
        quantization_report report;
        for (std::size_t v = 0; v <= stages::count; ++v) {
            if (found[v].numbers == 0 || (v > 0 && stages::kinds[v - 1] == int8_kind::reshape))
                continue;  // the same bytes as before
            const byte_scale s = q.scales[stages::scale_of[v]];
            const observed_range& range = ranges_[stages::scale_of[v]];
            report.values.push_back(
                {name_of(v), range.low, range.high, s.scale, s.zero,
                 static_cast<double>(found[v].outside) / static_cast<double>(found[v].numbers),
                 found[v].squares > 0.0 ? std::sqrt(found[v].errors / found[v].squares) : 0.0});
        }
        const auto images = static_cast<double>(images_.size());
        report.images = images_.size();
        report.agreement = static_cast<double>(same) / images;
        if (has_labels) {
            report.float_accuracy = static_cast<double>(float_right) / images;
            report.int8_accuracy = static_cast<double>(int8_right) / images;
        }
        return report;
    }

private:
    template <std::size_t Index>
    using leaf = typename network::template leaf<Index>;

    /// "conv2d_1" for the layer that gives a value.
    static std::string name_of(std::size_t value) {
        if (value == 0) return "input";
        const auto& names = network::table::names;
        const auto end = names.begin() + static_cast<std::ptrdiff_t>(value);
        return std::string(names[value - 1]) + "_" +
               std::to_string(std::count(names.begin(), end, names[value - 1]));
    }
    [[noreturn]] static void fail(std::size_t value, const std::string& sentence) {
        throw std::invalid_argument("ctnn::quantize: what '" + name_of(value) + "' gives " +
                                    sentence);
    }
    static void require_finite(std::size_t layer, float weight) {
        if (!(weight - weight == 0.0f))
            throw std::invalid_argument("ctnn::quantize: the parameters of '" + name_of(layer + 1) +
                                        "' must be finite, found " + std::to_string(weight));
    }
    /// TensorFlow Lite's specification: probabilities have 1/256 and -128, tanh has 1/128 and 0.
    static bool has_fixed_scale(std::size_t value) {
        if (value == 0 || stages::origins[value] != value) return false;
        const std::string_view name = network::table::names[value - 1];
        return name == "softmax" || name == "sigmoid" || name == "tanh";
    }
    static byte_scale fixed_scale(std::size_t value) {
        if (network::table::names[value - 1] == "tanh") return {1.0f / 128.0f, 0};
        return {1.0f / 256.0f, -128};
    }

    template <std::size_t Index>
    void write_layer(const int8_writer<typename Quantized::parameters>& writer) const {
        if constexpr (stages::kinds[Index] == int8_kind::convolution) {
            using layer = leaf<Index>;
            constexpr convolution conv = int8_convolution_of<layer>();
            const parameter_view<layer, const float> w(w_.elements +
                                                       network::table::offsets[Index]);
            const auto [kernel, bias] = arrays_of<layer>(w);
            const float* const given_bias = bias;
            const std::size_t filters = conv.filters, size = kernel.size();
            const float x = writer.template input_scale<Index>().scale;
            const auto most = static_cast<float>((1 << (options_.weight_bits - 1)) - 1);
            std::vector<float> scales(filters);
            std::vector<std::int8_t> bytes(size);
            for (std::size_t i = 0; i < size; ++i) require_finite(Index, kernel[i]);
            for (std::size_t f = 0; f < filters && given_bias != nullptr; ++f)
                require_finite(Index, given_bias[f]);
            for (std::size_t f = 0; f < filters; ++f) {
                float largest = 0.0f;
                for (std::size_t i = f; i < size; i += filters)
                    largest = std::max(largest, std::abs(kernel[i]));
                // So that the bias, in units of x's scale times this one, has 30 bits.
                const float for_bias =
                    given_bias == nullptr ? 0.0f : std::abs(given_bias[f]) / x / (1 << 29);
                scales[f] = std::max({largest / most, for_bias, 1e-30f});
                for (std::size_t i = f; i < size; i += filters)
                    bytes[i] = static_cast<std::int8_t>(
                        std::clamp(std::nearbyint(kernel[i] / scales[f]), -most, most));
            }
            writer.template set_convolution<Index>(
                bytes.data(), {conv.columns.taps * conv.tap_size(), conv.tap_size(), filters, 1},
                [&](std::size_t f) {
                    return given_bias == nullptr
                               ? 0
                               : rounded(static_cast<double>(given_bias[f]) /
                                         (static_cast<double>(x) * static_cast<double>(scales[f])));
                },
                [&](std::size_t f) { return scales[f]; }, false);
        }
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

    const parameters<network>& w_;
    std::span<const input> images_;
    const quantize_options& options_;
    kept_values<network> values_;
    std::array<observed_range, stages::scales> ranges_{};
};

template <class Rounding, class Network, class Label>
quantized_parameters<Network, Rounding>
quantize_with_labels(const parameters<Network>& w, std::span<const typename Network::input> images,
                     const quantize_options& options, bool has_labels, const Label& label) {
    if (images.empty())
        throw std::invalid_argument("ctnn::quantize: there must be images, found none");
    if (!(0.0 <= options.outliers && options.outliers <= 0.5))
        throw std::invalid_argument("ctnn::quantize: outliers must be 0 to 0.5, found " +
                                    std::to_string(options.outliers));
    if (options.weight_bits < 2 || options.weight_bits > 8)
        throw std::invalid_argument("ctnn::quantize: weight_bits must be 2 to 8, found " +
                                    std::to_string(options.weight_bits));
    using result = quantized<Network, Rounding>;
    const std::unique_ptr<const parameters<folded<Network>>> of_folded(
        new parameters<folded<Network>>(fold(w)));
    const auto work = std::make_unique<quantizer<result>>(*of_folded, images, options);
    quantized_parameters<Network, Rounding> q{};
    work->observe();
    work->write(q);
    if (options.report != nullptr) *options.report = work->compare(q, has_labels, label);
    return q;
}

}  // namespace detail

/// The parameters of `quantized<Network, Rounding>`: those of a trained network in bytes.
///
/// Batch normalization is folded. The ranges of all values are those on `images` (a few hundred of
/// the training images; their order does not matter), weights have a scale for each filter. Rejected
/// by the compiler: layers without an int8 form. Throws std::invalid_argument where there are no
/// images, where an option is out of its range, where a parameter is not finite, or where what a layer
/// gives is not finite or the same number everywhere; the sentence says which layer. Needs memory for
/// all values of one image.
/// `quantize<rounding::tflite_micro>(w, images, {.range = range_method::percentile})`
/// https://ai.google.dev/edge/litert/models/post_training_integer_quant
template <class Rounding = rounding::tflite, class Network, std::ranges::contiguous_range Images>
[[nodiscard]] quantized_parameters<Network, Rounding>
quantize(const parameters<Network>& w, const Images& images, const quantize_options& options = {}) {
    using image = std::ranges::range_value_t<Images>;
    static_assert(sizeof(detail::images_fit<image, typename Network::input>) > 0);
    if constexpr (std::is_same_v<image, typename Network::input>)
        return detail::quantize_with_labels<Rounding>(w, std::span<const image>(images), options,
                                                      false,
                                                      [](std::size_t) { return std::size_t{0}; });
    else
        return {};  // one mistake, one error
}
/// The same with the images of a data set, whose labels give the report its accuracies.
template <class Rounding = rounding::tflite, class Network, class Input, class Target>
[[nodiscard]] quantized_parameters<Network, Rounding>
quantize(const parameters<Network>& w, const dataset<Input, Target>& data,
         const quantize_options& options = {}) {
    static_assert(sizeof(detail::images_fit<Input, typename Network::input>) > 0);
    if constexpr (std::is_same_v<Input, typename Network::input>)
        return detail::quantize_with_labels<Rounding>(
            w, std::span<const Input>(data.inputs), options, true,
            [&](std::size_t n) { return static_cast<std::size_t>(data.targets[n]); });
    else
        return {};
}

}  // namespace ctnn
