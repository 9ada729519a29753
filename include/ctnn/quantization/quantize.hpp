// From a trained float network to one in bytes: ranges of its values on the user's images become
// scales. For hosts: allocates and throws.
#pragma once

#include <ctnn/dataset.hpp>
#include <ctnn/quantization/choose_scale.hpp>
#include <ctnn/quantization/convert_parameters.hpp>
#include <ctnn/quantization/int8_entries.hpp>
#include <ctnn/quantization/observed_values.hpp>
#include <ctnn/quantization/quantization_report.hpp>
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
            if (stages::exists(v) && !(range.low < range.high) && !has_fixed_scale<Quantized>(v))
                fail(v, "must not be the same number everywhere on all images, found " +
                            std::to_string(range.low));
        }
        if (options_.range != range_method::min_max)
            see_all([](observed_range& range, std::span<const float> numbers, std::size_t) {
                if (range.low < range.high) range.count(numbers);
            });
    }
    /// Writes the scales of all values.
    template <class Scales>
    void choose_scales(Scales& scales) const {
        for (std::size_t v = 0; v <= stages::count; ++v)
            if (stages::origins[v] == v)
                scales[stages::scale_of[v]] =
                    has_fixed_scale<Quantized>(v)
                        ? fixed_scale<Quantized>(v)
                        : choose_scale(ranges_[stages::scale_of[v]], options_);
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
                {value_name<Quantized>(v), range.low, range.high, s.scale, s.zero,
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
    [[noreturn]] static void fail(std::size_t value, const std::string& sentence) {
        throw std::invalid_argument("ctnn::quantize: what '" + value_name<Quantized>(value) +
                                    "' gives " + sentence);
    }

    const parameters<network>& w_;
    std::span<const input> images_;
    const quantize_options& options_;
    kept_values<network> values_;
    std::array<observed_range, stages::scales> ranges_{};
};

inline void check_quantize_options(std::size_t images, const quantize_options& options) {
    if (images == 0)
        throw std::invalid_argument("ctnn::quantize: there must be images, found none");
    if (!(0.0 <= options.outliers && options.outliers <= 0.5))
        throw std::invalid_argument("ctnn::quantize: outliers must be 0 to 0.5, found " +
                                    std::to_string(options.outliers));
    if (options.weight_bits < 2 || options.weight_bits > 8)
        throw std::invalid_argument("ctnn::quantize: weight_bits must be 2 to 8, found " +
                                    std::to_string(options.weight_bits));
}

template <class Rounding, class Network, class Label>
quantized_parameters<Network, Rounding>
quantize_with_labels(const parameters<Network>& w, std::span<const typename Network::input> images,
                     const quantize_options& options, bool has_labels, const Label& label) {
    check_quantize_options(images.size(), options);
    using result = quantized<Network, Rounding>;
    const std::unique_ptr<const parameters<folded<Network>>> of_folded(
        new parameters<folded<Network>>(fold(w)));
    const auto work = std::make_unique<quantizer<result>>(*of_folded, images, options);
    quantized_parameters<Network, Rounding> q{};
    work->observe();
    work->choose_scales(q.scales);
    convert_parameters<result>(*of_folded, options.weight_bits, q);
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
