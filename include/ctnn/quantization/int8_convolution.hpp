// A convolution in bytes: how its weights lie, and its definition. Depthwise and dense layers are
// convolutions, too.
#pragma once

#include <ctnn/kernels/convolution.hpp>
#include <ctnn/quantization/rounding.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace ctnn::detail {

/// Where weights lie: in words of four bytes, neighbours of what a filter sees along a row of pixels
/// (a tap's channels, then those of the next tap), filters side by side:
/// [group][run][word][filter][byte]. What a run or the filters lack to a multiple of four is 0.
/// Where every filter sees one channel: [row][column][filter], as floats lie.
struct int8_packing {
    bool is_depthwise = false;
    std::size_t runs = 1, run_length = 1;  // bytes of neighbouring pixels, how many such
    std::size_t words = 1;                 // in a run
    std::size_t filters = 1;               // of a group, with what fills up the last four
    std::size_t groups = 1;

    static constexpr int8_packing of(const convolution& conv) noexcept {
        if (conv.groups > 1 && conv.group_channels() == 1)
            return {true, conv.rows.taps, conv.columns.taps, 0, conv.filters, 1};
        const bool is_joined = conv.columns.dilation == 1 && conv.groups == 1;
        const std::size_t taps = conv.rows.taps * conv.columns.taps;
        int8_packing p{false,
                       is_joined ? conv.rows.taps : taps,
                       (is_joined ? conv.columns.taps : 1) * conv.group_channels(),
                       0,
                       (conv.group_filters() + 3) / 4 * 4,
                       conv.groups};
        p.words = (p.run_length + 3) / 4;
        return p;
    }
    [[nodiscard]] constexpr std::size_t bytes() const noexcept {
        return is_depthwise ? (runs * run_length * filters + 3) / 4 * 4
                            : groups * runs * words * filters * 4;
    }
    /// Where the weight of `filter` for channel `c` of its group at tap (i, j) lies.
    [[nodiscard]] constexpr std::size_t place(const convolution& conv, std::size_t i, std::size_t j,
                                              std::size_t c, std::size_t filter) const noexcept {
        if (is_depthwise) return (i * run_length + j) * filters + filter;
        const std::size_t per_group = conv.group_filters(), group = filter / per_group;
        const std::size_t at = (i * conv.columns.taps + j) * conv.group_channels() + c;
        const std::size_t run = at / run_length, k = at % run_length;
        return (((group * runs + run) * words + k / 4) * filters + filter % per_group) * 4 + k % 4;
    }
};

/// What a convolution's loops take beside the input. sum = start + sum of (x + 128) w, which may
/// wrap around on the way: start = bias - (zero_x + 128) sum of w.
template <class Rounding>
struct int8_operands {
    const std::int8_t* weights;
    const std::uint32_t* starts;
    const typename Rounding::factor* factors;
    std::int32_t zero_x, zero_y, low, high;

    [[nodiscard]] constexpr std::int8_t finish(std::uint32_t sum, std::size_t f) const noexcept {
        return to_byte(Rounding::times(static_cast<std::int32_t>(sum), factors[f]) + zero_y, low,
                       high);
    }
};

/// The definition: y(h, w, f) for rows `first` to `last` (which is not computed), written to `y`.
/// Padding is zero_x.
template <convolution Conv, class Rounding>
constexpr void int8_convolve_plainly(const std::int8_t* x, std::int8_t* y, std::size_t first,
                                     std::size_t last, const int8_operands<Rounding>& o) noexcept {
    constexpr int8_packing packing = int8_packing::of(Conv);
    constexpr std::size_t channels = Conv.group_channels(), filters = Conv.group_filters();
    for (std::size_t h = first; h < last; ++h)
        for (std::size_t w = 0; w < Conv.columns.output(); ++w)
            for (std::size_t f = 0; f < Conv.filters; ++f) {
                const std::size_t from = f / filters * channels;
                std::uint32_t sum = o.starts[f];
                for (std::size_t i = 0; i < Conv.rows.taps; ++i)
                    for (std::size_t j = 0; j < Conv.columns.taps; ++j) {
                        const auto is_inside = [](const axis& a, std::size_t at, std::size_t tap) {
                            const std::size_t pixel = at * a.stride + tap * a.dilation;
                            return pixel >= a.before && pixel - a.before < a.input;
                        };
                        const bool inside =
                            is_inside(Conv.rows, h, i) && is_inside(Conv.columns, w, j);
                        const std::int8_t* const pixel =
                            inside ? x +
                                         (Conv.rows.pixel(h, i) * Conv.columns.input +
                                          Conv.columns.pixel(w, j)) *
                                             Conv.channels +
                                         from
                                   : nullptr;
                        // Few operations for each weight, since it is compilers that run this.
                        const std::int8_t* weight = o.weights + packing.place(Conv, i, j, 0, f);
                        std::size_t k = packing.place(Conv, i, j, 0, f) % 4;
                        for (std::size_t c = 0; c < channels; ++c) {
                            const std::int32_t value = inside ? pixel[c] : o.zero_x;
                            sum += static_cast<std::uint32_t>((value + 128) * *weight);
                            if (c + 1 == channels) break;  // there may be no further weight
                            ++weight;
                            if (++k == 4) k = 0, weight += (packing.filters - 1) * 4;
                        }
                    }
                *y++ = o.finish(sum, f);
            }
}

}  // namespace ctnn::detail
