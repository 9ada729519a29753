// A convolution in numbers, and how its loops are cut: what conv2d and depthwise_conv2d share.
// The loops themselves: images_in_lanes.hpp (batches and training), filters_in_lanes.hpp and
// columns_in_lanes.hpp (one image).
#pragma once

#include <ctnn/layout.hpp>
#include <ctnn/shape.hpp>
#include <ctnn/simd.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <type_traits>

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
    /// Rows of the padded input that `pooled` rows of the output see, with `window` rows in each.
    [[nodiscard]] constexpr std::size_t rows_for(std::size_t pooled,
                                                 std::size_t window) const noexcept {
        return (pooled * window - 1) * rows.stride + rows.reach();
    }
    /// Every filter sees one channel, its own.
    [[nodiscard]] constexpr bool is_depthwise() const noexcept {
        return groups > 1 && group_channels() == 1 && group_filters() == 1;
    }
};

/// In the place of an activation or a pooling layer that is not there.
struct no_activation {
    static constexpr bool is_increasing = true;
    template <class T>
    static constexpr T value(T x) noexcept {
        return x;
    }
    template <class T>
    static constexpr T slope(T) noexcept {
        return T(1.0f);
    }
};
struct no_pooling {
    static constexpr bool takes_maximum = false;
    static constexpr std::size_t window_rows = 1, window_columns = 1;
    template <class T>
    static constexpr T start() noexcept {
        return T(0.0f);
    }
    template <class T>
    static constexpr T combine(T, T x) noexcept {
        return x;
    }
    template <class T>
    static constexpr T finish(T x) noexcept {
        return x;
    }
};

/// Where the activation is computed: after pooling, once for a window, if that gives the same
/// numbers.
template <class Activation, class Pooling>
struct activation_around {
    static constexpr bool comes_after = Activation::is_increasing && Pooling::takes_maximum;
    using before = std::conditional_t<comes_after, no_activation, Activation>;
    using after = std::conditional_t<comes_after, Activation, no_activation>;
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
constexpr layout layout_of_one_image(const convolution& of, std::size_t window_rows,
                                     std::size_t window_columns) noexcept {
    const std::size_t rows = of.rows.output() / window_rows;
    const std::size_t columns = of.columns.output() / window_columns;
    const std::size_t taps = of.rows.taps * of.columns.taps * of.group_channels();
    const std::size_t sums = rows * window_rows * window_columns * taps;  // of a column
    const std::size_t hwc = sums * columns *
                            (of.is_depthwise() ? vectors_for(of.channels)
                                               : of.groups * vectors_for(of.group_filters()));
    const std::size_t chw = sums * vectors_for(columns) * of.filters +
                            of.rows.input * of.columns.input * of.channels +
                            rows * columns * of.filters;
    return hwc <= chw ? layout::hwc : layout::chw;
}

/// One image's padded input is copied to the stack, as many rows at a time as take 32 KiB.
/// `numbers(n)` is what n rows of the output need.
template <class Numbers>
constexpr std::size_t rows_that_fit(std::size_t rows, Numbers numbers) noexcept {
    while (rows > 1 && numbers(rows) > 8192) --rows;
    return rows;
}

}  // namespace ctnn::detail
