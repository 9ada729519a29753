// What the values of a float network are on given images: their ranges and histograms.
#pragma once

#include <ctnn/network.hpp>
#include <ctnn/network/layer_calls.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace ctnn::detail {

/// Computes a float network layer by layer and keeps every value.
template <class Network>
class kept_values {
public:
    static constexpr std::size_t count = Network::leaf_count + 1;

    kept_values() {
        std::size_t size = 0, most_scratch = 0;
        for (std::size_t v = 0; v < count; ++v) {
            places_[v] = size;
            size += (size_of(v) + 15) / 16 * 16;
        }
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            ((most_scratch =
                  std::max(most_scratch, leaf<I>::template compute_scratch<float, no_pooling>())),
             ...);
        }
        (std::make_index_sequence<Network::leaf_count>{});
        numbers_.resize(size);
        scratch_.resize(most_scratch);
    }
    void compute(parameter_view<Network, const float> w, const typename Network::input& x) {
        std::copy(x.begin(), x.end(), numbers_.begin());
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (compute_layer<I>(w), ...);
        }
        (std::make_index_sequence<Network::leaf_count>{});
    }
    [[nodiscard]] std::span<const float> operator[](std::size_t value) const {
        return {numbers_.data() + places_[value], size_of(value)};
    }

private:
    template <std::size_t Index>
    using leaf = typename Network::template leaf<Index>;
    static constexpr std::size_t size_of(std::size_t value) {
        return Network::table::network.size_of(value);
    }
    template <std::size_t Index>
    void compute_layer(parameter_view<Network, const float> w) {
        using layer = leaf<Index>;
        constexpr std::size_t first = Network::reads.first[Index],
                              inputs = Network::reads.first[Index + 1] - first;
        const parameter_view<layer, const float> here(w.first + Network::table::offsets[Index]);
        const tensor_view<typename layer::output_shape, float> y(numbers_.data() +
                                                                 places_[Index + 1]);
        const auto at = [&](std::size_t value) -> const float* {
            return numbers_.data() + places_[value];
        };
        if constexpr (layer::facts.reshapes)
            std::copy_n(at(Network::reads.values[first]), y.size(), y.data());
        else if constexpr (inputs == 1)
            detail::compute<layer>(here,
                                   tensor_view<typename layer::input_shape, const float>(
                                       at(Network::reads.values[first])),
                                   y, scratch_.data());
        else
            [&]<std::size_t... I>(std::index_sequence<I...>) {
                const std::array<const float*, inputs> x{at(Network::reads.values[first + I])...};
                detail::compute<layer>(here, x, y, scratch_.data());
            }
        (std::make_index_sequence<inputs>{});
    }

    std::array<std::size_t, count> places_{};
    std::vector<float> numbers_, scratch_;
};

/// The smallest and the largest of some numbers, and how many lie where between them.
struct observed_range {
    float low = std::numeric_limits<float>::infinity(), high = -low;
    bool is_finite = true;
    std::array<std::size_t, 2048> histogram{};  // filled in a second pass

    void see(std::span<const float> numbers) {
        for (const float x : numbers) {
            is_finite &= x - x == 0.0f;
            low = std::min(low, x);
            high = std::max(high, x);
        }
    }
    void count(std::span<const float> numbers) {
        const float steps = static_cast<float>(histogram.size()) / (high - low);
        for (const float x : numbers)
            ++histogram[std::min(histogram.size() - 1,
                                 static_cast<std::size_t>((x - low) * steps))];
    }
    /// The middle of a bin.
    [[nodiscard]] double number_of(std::size_t bin) const {
        return static_cast<double>(low) + (static_cast<double>(bin) + 0.5) *
                                              static_cast<double>(high - low) /
                                              static_cast<double>(histogram.size());
    }
};

}  // namespace ctnn::detail
