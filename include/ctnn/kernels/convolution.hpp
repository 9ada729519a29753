// A convolution in numbers, and how its loops are cut: what conv2d and depthwise_conv2d share.
// The loops themselves: images_in_lanes.hpp (batches and training), filters_in_lanes.hpp and
// columns_in_lanes.hpp (one image).
#pragma once

#include <ctnn/kernels/fusion.hpp>
#include <ctnn/kernels/layout.hpp>
#include <ctnn/shape.hpp>
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
    /// Every filter sees one channel, its own.
    [[nodiscard]] constexpr bool is_depthwise() const noexcept {
        return groups > 1 && group_channels() == 1 && group_filters() == 1;
    }
};

/// The tile for images in the lanes. A step of the innermost loop loads columns + features numbers
/// for columns x features multiply-adds. A weight is one number for all lanes: AVX-512 multiplies
/// with it straight from memory, so all features in one tile are best; elsewhere it takes a load of
/// its own, and a tile as square as the registers allow needs the fewest.
constexpr tile tile_of_images(std::size_t lanes, std::size_t features) noexcept {
    constexpr std::size_t sums = simd::registers * 3 / 4;
    const std::size_t most = simd::registers >= 32 || lanes == 1 ? sums : sums / 2;
    const std::size_t parts = std::max<std::size_t>(1, (features + most - 1) / most);
    const std::size_t each = std::max<std::size_t>(1, (features + parts - 1) / parts);
    return {lanes == 1 ? 1 : std::clamp<std::size_t>(sums / each, 1, 8), each};
}
/// The same where every feature has a source of its own: neighbours share what they load.
constexpr tile tile_of_depthwise_images(std::size_t lanes, std::size_t features) noexcept {
    constexpr std::size_t sums = simd::registers * 3 / 4;
    if (lanes == 1) return {1, std::min(features, sums)};
    return {4, std::min(features, sums / 4)};
}

/// The widest vector that `count` numbers fill, or the narrowest that holds them.
constexpr std::size_t lanes_for(std::size_t count) noexcept {
    const std::size_t needed = std::max<std::size_t>(4, std::bit_ceil(count));
    return std::min(simd::native_lanes, needed);
}
constexpr std::size_t vectors_for(std::size_t count) noexcept {
    return (count + lanes_for(count) - 1) / lanes_for(count);
}

/// How one image is computed: counted are the vector operations of both ways, and the numbers that
/// columns in the lanes move one by one.
constexpr layout layout_of_one_image(const convolution& conv, std::size_t window_rows,
                                     std::size_t window_columns) noexcept {
    const std::size_t rows = conv.rows.output() / window_rows;
    const std::size_t columns = conv.columns.output() / window_columns;
    const std::size_t taps = conv.rows.taps * conv.columns.taps * conv.group_channels();
    const std::size_t sums = rows * window_rows * window_columns * taps;  // of a column
    const std::size_t hwc = sums * columns *
                            (conv.is_depthwise() ? vectors_for(conv.channels)
                                                 : conv.groups * vectors_for(conv.group_filters()));
    const std::size_t chw = sums * vectors_for(columns) * conv.filters +
                            conv.rows.input * conv.columns.input * conv.channels +
                            rows * columns * conv.filters;
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

/// One image's padded input is copied block by block, because the loops run without a look at
/// borders: as many pooled rows as take 32 KiB, and where one is longer, as many pooled columns. A
/// pixel takes `numbers` of memory.
struct block {
    std::size_t rows, columns;  // of the output, after pooling
};
constexpr block block_of_one_image(const convolution& conv, std::size_t window_rows,
                                   std::size_t window_columns, std::size_t numbers) noexcept {
    constexpr std::size_t most = 8192;
    const std::size_t rows = conv.rows.output() / window_rows;
    const std::size_t columns = conv.columns.output() / window_columns;
    const std::size_t row = pixels_for(conv.columns, columns * window_columns) * numbers;
    const std::size_t high = pixels_for(conv.rows, window_rows);
    if (row * high <= most)
        return {outputs_for(conv.rows, window_rows, most / row, rows * window_rows) / window_rows,
                columns};
    return {1, outputs_for(conv.columns, window_columns, most / (high * numbers),
                           columns * window_columns) /
                   window_columns};
}

}  // namespace ctnn::detail
