// A convolution in numbers, and how its loops are cut: what conv2d and depthwise_conv2d share.
// The loops themselves: images_in_lanes.hpp (batches and training), filters_in_lanes.hpp and
// columns_in_lanes.hpp (one image).
#pragma once

#include <ctnn/kernels/fusion.hpp>
#include <ctnn/kernels/layout.hpp>
#include <ctnn/shape.hpp>
#include <ctnn/simd/loops.hpp>
#include <ctnn/simd/vector.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>

namespace ctnn::detail {

/// All that the loops know of a convolution. A group's filters see that group's channels alone;
/// `kernel` has rows.taps x columns.taps x group_channels x filters weights.
struct convolution {
    axis rows, columns;
    std::size_t channels, filters, groups;
    bool has_bias;
    // From one output (on the way back: from one pixel) to the next, and from one row of them, if others
    // lie between; else 0.
    std::size_t step = 0, row_step = 0;

    [[nodiscard]] constexpr std::size_t output_step() const noexcept {
        return step == 0 ? filters : step;
    }
    /// Numbers from one row of outputs, of so many columns, to the next.
    [[nodiscard]] constexpr std::size_t output_row(std::size_t width) const noexcept {
        return row_step == 0 ? width * output_step() : row_step;
    }
    /// The same for such outputs; 0: they lie side by side.
    [[nodiscard]] constexpr convolution with_output_step(std::size_t numbers) const noexcept {
        convolution result = *this;
        result.step = numbers == filters ? 0 : numbers;
        return result;
    }
    /// The same two for the pixels that the way back writes.
    [[nodiscard]] constexpr std::size_t pixel_step() const noexcept {
        return step == 0 ? channels : step;
    }
    [[nodiscard]] constexpr convolution with_pixel_step(std::size_t numbers) const noexcept {
        convolution result = *this;
        result.step = numbers == channels ? 0 : numbers;
        return result;
    }
    [[nodiscard]] constexpr std::size_t group_channels() const noexcept {
        return channels / groups;
    }
    [[nodiscard]] constexpr std::size_t group_filters() const noexcept { return filters / groups; }
    /// Weights of one position in the kernel.
    [[nodiscard]] constexpr std::size_t tap_size() const noexcept {
        return group_channels() * filters;
    }
    /// The bias from filter `first` on, if there is one.
    [[nodiscard]] constexpr const float* bias_from(const float* bias,
                                                   std::size_t first) const noexcept {
        return has_bias ? bias + first : nullptr;
    }
    /// What scales outputs (scaled_sum in fusion.hpp) from filter `first` on, if that is there.
    template <class Activation>
    [[nodiscard]] static constexpr const float* scale_from(const float* scale,
                                                           std::size_t first) noexcept {
        return scales_output<Activation> ? scale + first : nullptr;
    }
    /// Every filter sees one channel, its own.
    [[nodiscard]] constexpr bool is_depthwise() const noexcept {
        return groups > 1 && group_channels() == 1 && group_filters() == 1;
    }
};

/// The tile for images in the lanes. A step of the innermost loop loads columns + features numbers
/// for columns x features multiply-adds. A weight is one number for all lanes, which AVX-512
/// multiplies with straight from memory; but a processor loads no more numbers than it multiplies,
/// so two or three columns share it: 0.98 of peak, 0.88 with one column. With 16 registers a tile as
/// square as they allow needs the fewest loads.
constexpr tile tile_of_images(std::size_t lanes, std::size_t features) noexcept {
    constexpr std::size_t sums = simd::registers * 3 / 4;
    const bool is_square = lanes > 1 && simd::registers < 32, is_widest = lanes == 16;
    const std::size_t most = is_widest && features > sums / 2 ? sums / 3
                             : is_square || is_widest         ? sums / 2
                                                              : sums;
    const std::size_t parts = std::max<std::size_t>(1, (features + most - 1) / most);
    const std::size_t each = std::max<std::size_t>(1, (features + parts - 1) / parts);
    return {lanes == 1 ? 1 : std::clamp<std::size_t>(sums / each, 1, 8), each};
}
/// The same where every feature has a source of its own: neighbours in a row share what they load.
constexpr tile tile_of_depthwise_images(std::size_t lanes, std::size_t features) noexcept {
    constexpr std::size_t sums = simd::registers * 3 / 4;
    if (lanes == 1) return {1, std::min(features, sums)};
    if (simd::registers < 32) return {4, std::min(features, sums / 4)};
    return {8, std::min<std::size_t>(features, 2)};
}

/// The widest vector that `count` numbers fill, or the narrowest that holds them.
constexpr std::size_t lanes_for(std::size_t count) noexcept {
    const std::size_t needed = std::max<std::size_t>(4, std::bit_ceil(count));
    return std::min(simd::native_lanes, needed);
}
constexpr std::size_t vectors_for(std::size_t count) noexcept {
    return (count + lanes_for(count) - 1) / lanes_for(count);
}

/// Lanes of a vector of channels that each have a filter of their own.
constexpr std::size_t channel_lanes(std::size_t channels) noexcept {
    return channels < 4 ? 1 : std::min(simd::native_lanes, std::bit_floor(channels));
}

/// Whether filters of one image have two lanes each, which multiply two numbers that lie side by side and
/// are added in the end: they fill at most half of a register, nearly all numbers have a neighbour, and
/// there are enough to be worth it.
constexpr bool adds_in_pairs(const convolution& conv) noexcept {
    return 2 * lanes_for(conv.group_filters()) <= simd::native_lanes && conv.group_channels() > 1 &&
           conv.rows.taps * conv.columns.taps * conv.group_channels() >= 16 &&
           conv.rows.output() * conv.columns.output() >= 64;
}

/// How one image is computed. Counted are the multiply-adds of vectors. Columns in the lanes compute
/// padding, too, and move numbers one by one before and after.
constexpr layout layout_of_one_image(const convolution& conv, std::size_t window_rows,
                                     std::size_t window_columns) noexcept {
    const auto inside = [](const axis& a) {
        std::size_t sum = 0;
        for (std::size_t i = 0; i < a.taps; ++i)
            sum += a.outputs_inside(i).last - a.outputs_inside(i).first;
        return sum;
    };
    const std::size_t lanes = channel_lanes(conv.channels);
    std::size_t hwc = inside(conv.rows) * inside(conv.columns) * conv.group_channels() *
                      (conv.is_depthwise() ? (conv.channels + lanes - 1) / lanes
                                           : conv.groups * vectors_for(conv.group_filters()));
    if (conv.group_filters() < lanes_for(conv.group_filters()) && !conv.is_depthwise())
        hwc += hwc / 4;  // copied, stored one by one
    if (adds_in_pairs(conv))
        hwc = hwc / 2 + 10 * conv.rows.output() * conv.columns.output() * conv.groups;
    const std::size_t rows = conv.rows.output() / window_rows;
    const std::size_t columns = conv.columns.output() / window_columns;
    const std::size_t taps = conv.rows.taps * conv.columns.taps * conv.group_channels();
    const std::size_t chw =
        rows * window_rows * window_columns * taps * vectors_for(columns) * conv.filters +
        3 * conv.rows.input * conv.columns.input * conv.channels + rows * columns * conv.filters;
    return hwc <= chw ? layout::hwc : layout::chw;
}

/// Pixels of the padded axis that `outputs` of its outputs see.
constexpr std::size_t pixels_for(const axis& a, std::size_t outputs) noexcept {
    return (outputs - 1) * a.stride + a.reach();
}
/// How many outputs, at most `all`, see no more than `pixels`: whole windows of pooling, at least
/// one.
constexpr std::size_t outputs_for(const axis& a, std::size_t window, std::size_t pixels,
                                  std::size_t all) noexcept {
    const std::size_t fit = pixels < a.reach() ? 0 : (pixels - a.reach()) / a.stride + 1;
    return std::min(all, std::max<std::size_t>(1, fit / window) * window);
}

/// What one image's loops compute at once: outputs before pooling, and vectors of features.
struct outputs_at_once {
    std::size_t rows, columns, vectors;
};

/// The tile for filters in the lanes that takes the fewest cycles. Counted are halves of them: a
/// core does two multiply-adds in one, or two loads, and a sum waits four for the one before it.
/// Weights that do not stay in the first cache come at a third of that. SSE2 multiplies, then adds,
/// with one more register, and takes three instructions for a broadcast.
constexpr outputs_at_once filter_outputs_at_once(const convolution& conv, std::size_t window_rows,
                                                 std::size_t window_columns,
                                                 std::size_t vectors) noexcept {
    constexpr bool adds_apart = simd::registers == 16 && simd::native_lanes == 4;
    constexpr std::size_t registers = simd::registers - adds_apart;
    const std::size_t rows = conv.rows.output() / window_rows * window_rows;
    const std::size_t columns = conv.columns.output() / window_columns * window_columns;
    const std::size_t taps = conv.rows.taps * conv.columns.taps * conv.group_channels();
    const std::size_t load = taps * conv.filters <= 6'000 ? 1 : 6;
    // Sums that hide how long each waits. Eight would do, but not where g++ splits multiply-adds in
    // two instructions (-march=znver3: 1.4 times as slow).
    constexpr std::size_t hidden = 10;
    const bool is_padded = conv.rows.padded() > conv.rows.input;
    outputs_at_once best{1, window_columns, 1};
    std::size_t least = static_cast<std::size_t>(-1);
    for (std::size_t v = 1; v <= std::min<std::size_t>(vectors, 8); ++v)
        for (std::size_t r = 1; r <= std::min(rows, registers);
             r = r < window_rows ? window_rows : r + window_rows)
            for (std::size_t q = window_columns; q <= std::min(columns, registers);
                 q += window_columns) {
                const std::size_t sums = r * q * v;
                if (sums + v + 1 > registers) break;
                const std::size_t step = adds_apart ? 2 * sums + 3 * r * q + v
                                                    : std::max({sums, r * q + v, hidden, load * v});
                std::size_t cycles = simd::tile_count(vectors, v) * simd::tile_count(rows, r) *
                                     simd::tile_count(columns, q) * (step * taps + 60);
                // A loop for each case of rows on padding, too.
                if (r > window_rows && is_padded) cycles += cycles / 16;
                if (cycles < least) least = cycles, best = {r, q, v};
            }
    return best;
}

}  // namespace ctnn::detail
