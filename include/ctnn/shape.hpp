// Shapes, and the arithmetic of windows that slide over them. Everything here is known at compile
// time and total: where nothing fits, a size is 0 and nobody complains. Complaining, with a
// sentence, is the layers' business.
#pragma once

#include <ctnn/language.hpp>

#include <algorithm>
#include <cstddef>

namespace ctnn {

/// The extents of an image or feature map: height (rows), width (columns), channels.
/// In memory the channel varies fastest, as in Keras' `channels_last`.
template <std::size_t Height, std::size_t Width, std::size_t Channels>
struct shape {
    static constexpr std::size_t height = Height;
    static constexpr std::size_t width = Width;
    static constexpr std::size_t channels = Channels;
    static constexpr std::size_t size = Height * Width * Channels;
};

/// A flat list of `Count` numbers: what `flatten` gives and `dense` takes.
template <std::size_t Count>
using features = shape<1, 1, Count>;

/// `Steps` steps of `Channels` numbers each, a row: what layers of one dimension take.
template <std::size_t Steps, std::size_t Channels>
using sequence_shape = shape<1, Steps, Channels>;

namespace detail {

/// One axis (rows or columns) under a sliding window. Lengths are in pixels.
/// Output o, tap i of the window sees pixel `o * stride + i * dilation - before`.
struct axis {
    std::size_t input;     // real pixels
    std::size_t taps;      // positions of the window that see a pixel
    std::size_t stride;    // pixels from one window to the next
    std::size_t dilation;  // pixels from one tap to the next
    std::size_t before;    // padding above or to the left
    std::size_t after;     // padding below or to the right

    struct range {
        std::size_t first, last;  // first <= i < last
    };

    /// Pixels from the first tap to the last, both included.
    [[nodiscard]] constexpr std::size_t reach() const noexcept {
        return taps == 0 ? 0 : (taps - 1) * dilation + 1;
    }
    [[nodiscard]] constexpr std::size_t padded() const noexcept { return before + input + after; }

    /// How many windows fit: floor((padded - reach) / stride) + 1, or 0.
    [[nodiscard]] constexpr std::size_t output() const noexcept {
        const bool fits = taps != 0 && stride != 0 && input != 0 && reach() <= padded();
        return fits ? (padded() - reach()) / stride + 1 : 0;
    }

    /// The taps of output `o` that see a real pixel, not padding.
    [[nodiscard]] constexpr range taps_inside(std::size_t o) const noexcept {
        const std::size_t start = o * stride;
        const std::size_t end = before + input;
        const std::size_t first = start >= before ? 0 : (before - start + dilation - 1) / dilation;
        const std::size_t last = start >= end ? 0 : (end - start + dilation - 1) / dilation;
        return {std::min(first, taps), std::max(std::min(first, taps), std::min(last, taps))};
    }

    /// The outputs whose tap `i` sees a real pixel.
    [[nodiscard]] constexpr range outputs_inside(std::size_t i) const noexcept {
        const std::size_t start = i * dilation;
        const std::size_t end = before + input;
        const std::size_t first = start >= before ? 0 : (before - start + stride - 1) / stride;
        const std::size_t last = start >= end ? 0 : (end - start + stride - 1) / stride;
        const std::size_t count = output();
        return {std::min(first, count), std::max(std::min(first, count), std::min(last, count))};
    }

    /// The pixel that tap `i` of output `o` sees; `i` must be inside (see taps_inside).
    [[nodiscard]] constexpr std::size_t pixel(std::size_t o, std::size_t i) const noexcept {
        return o * stride + i * dilation - before;
    }
};

/// Some neighbouring rows and columns of a feature map. Passed by value: g++ 12 at -O1 leaves out
/// loops whose bounds it reads through a reference to a temporary one.
struct area {
    std::size_t row, rows, column, columns;
};

/// The first extent in which two shapes differ, of either; 0 and 0 where they are equal.
template <class Found, class Wanted>
struct difference {
    static constexpr bool height = Found::height != Wanted::height;
    static constexpr bool width = Found::width != Wanted::width;
    static constexpr bool channels = Found::channels != Wanted::channels;
    static constexpr std::size_t of_found = height     ? Found::height
                                            : width    ? Found::width
                                            : channels ? Found::channels
                                                       : 0;
    static constexpr std::size_t of_wanted = height     ? Wanted::height
                                             : width    ? Wanted::width
                                             : channels ? Wanted::channels
                                                        : 0;
};

}  // namespace detail
}  // namespace ctnn
