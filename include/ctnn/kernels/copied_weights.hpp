// Filters too few for a vector: their weights are copied, so that one can be loaded.
#pragma once

#include <ctnn/kernels/convolution.hpp>
#include <ctnn/simd/pairs.hpp>

#include <algorithm>
#include <cstddef>

namespace ctnn::detail {

/// The weights of a group's filters for one vector, number after number that the filters see.
template <convolution Conv>
struct copied_weights {
    static constexpr std::size_t filters = Conv.group_filters(), lanes = lanes_for(filters),
                                 channels = Conv.group_channels(),
                                 numbers = Conv.rows.taps * Conv.columns.taps * channels;
    static constexpr bool are_paired = adds_in_pairs(Conv);
    static constexpr bool exist = are_paired || filters < lanes;

    /// A row of the kernel may end with a number that has no neighbour: both lanes multiply it with half
    /// of its weight, which is behind that of the pair.
    static constexpr bool has_single = are_paired && channels % 2 == 1;
    static constexpr std::size_t vector_size = are_paired ? 2 * lanes : lanes, single = vector_size,
                                 step = has_single ? 2 * vector_size : vector_size;
    static constexpr std::size_t bias = numbers * step, size = bias + lanes;

    /// Of the filters from `first` on.
    static void copy(const float* kernel, const float* biases, std::size_t first,
                     float* to) noexcept {
        std::fill_n(to + bias, lanes, 0.0f);
        if constexpr (Conv.has_bias) std::copy_n(biases + first, filters, to + bias);
        if constexpr (are_paired) {
            using wide = simd::vector<vector_size>;
            auto weights = weights_of(kernel, 0, first);
            for (std::size_t i = 0; i < numbers; ++i, to += step) {
                if constexpr (has_single)
                    simd::store(to + single, wide(0.5f) * simd::in_pairs<wide>(weights, weights));
                const auto next = weights_of(kernel, std::min(i + 1, numbers - 1), first);
                simd::store(to, simd::in_pairs<wide>(weights, next));
                weights = next;
            }
        } else {
            std::fill_n(to, bias, 0.0f);
            for (std::size_t i = 0; i < numbers; ++i)
                std::copy_n(kernel + i * Conv.filters + first, filters, to + i * step);
        }
    }

private:
    /// Number i's; behind them come others, whose sums nobody stores, or zeros.
    static simd::vector<lanes> weights_of(const float* kernel, std::size_t i,
                                          std::size_t first) noexcept {
        const std::size_t from = i * Conv.filters + first;
        if (from + lanes <= numbers * Conv.filters)
            return simd::load<simd::vector<lanes>>(kernel + from);
        float some[lanes]{};
        std::copy_n(kernel + from, filters, some);
        return simd::load<simd::vector<lanes>>(some);
    }
};

}  // namespace ctnn::detail
