// The windows of convolutions and pooling: from the input's shape and the options to the two axes
// that the window slides along, and the output's shape.
#pragma once

#include <ctnn/layers/option_list.hpp>
#include <ctnn/layers/pixel_window.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace ctnn::detail {

/// Stops the compiler at a window larger than an input of one pixel: that is a list, as `flatten`
/// makes it, not an image.
template <class Input>
struct flat_input {
    static constexpr std::size_t pixels = Input::height * Input::width, least = 2;
    static_assert(least <= pixels,
                  "ctnn::layer: the input must have rows and columns, found a flat "
                  "one; put this layer before flatten");
};

/// A window of `Size` (a kernel<> or window<>) that slides over `Input`.
template <class Input, class Size, class Stride, class Dilation, class Padding>
struct sliding_window {
    static constexpr axis unpadded_rows{
        Input::height, Size::height, Stride::height, Dilation::height, 0, 0};
    static constexpr axis unpadded_columns{Input::width,    Size::width, Stride::width,
                                           Dilation::width, 0,           0};
    static constexpr axis padded(axis a, pads p) noexcept {
        return {a.input, a.taps, a.stride, a.dilation, p.before, p.after};
    }
    static constexpr axis rows = padded(unpadded_rows, Padding::rows(unpadded_rows));
    static constexpr axis columns = padded(unpadded_columns, Padding::columns(unpadded_columns));
    static constexpr bool fits = rows.output() > 0 && columns.output() > 0;
    /// What the output depends on, beside the shapes.
    static constexpr std::array<std::uint64_t, 10> settings{
        rows.taps,    rows.stride,    rows.dilation,    rows.before,    rows.after,
        columns.taps, columns.stride, columns.dilation, columns.before, columns.after};

    static constexpr bool is_flat =
        Input::height * Input::width == 1 && !fits && Size::height > 0 && Size::width > 0;
    using check = std::conditional_t<is_flat, flat_input<Input>, no_check>;
    // What a layer compares with padded(): 0 where something else is wrong already, so that one
    // mistake is one error.
    static constexpr std::size_t needed_rows = Input::size == 0 || is_flat ? 0 : rows.reach();
    static constexpr std::size_t needed_columns = Input::size == 0 || is_flat ||
                                                          needed_rows > rows.padded()
                                                      ? 0
                                                      : columns.reach();

    /// The output with this number of channels; all zero where the window does not fit.
    template <std::size_t Channels>
    using output =
        shape<fits ? rows.output() : 0, fits ? columns.output() : 0, fits ? Channels : 0>;
};

/// A pooling window: 2 x 2 and its stride the window, unless said otherwise.
template <class Given>
using pooling_size = option_or<option_kind::window,
                               std::conditional_t<Given::fit, window<2, 2>, window<1, 1>>, Given>;
template <class Input, class Given>
struct pooling_window
    : sliding_window<
          Input, pooling_size<Given>,
          option_or<option_kind::stride,
                    stride<pooling_size<Given>::height, pooling_size<Given>::width>, Given>,
          dilation<1, 1>, option_or<option_kind::padding, valid, Given>> {
    // A window that sees nothing but padding has no maximum and no mean. (`same` never makes one.)
    static constexpr std::size_t row_padding =
        std::max(pooling_window::rows.before, pooling_window::rows.after);
    static constexpr std::size_t column_padding =
        row_padding < pooling_window::rows.taps
            ? std::max(pooling_window::columns.before, pooling_window::columns.after)
            : 0;  // one mistake, one error
    /// No two windows share a pixel, none sees padding, and a row of one is no wider than the sums
    /// that a convolution before it has in registers.
    static constexpr bool are_disjoint =
        pooling_window::columns.taps <= 8 &&
        pooling_window::rows.stride == pooling_window::rows.taps &&
        pooling_window::columns.stride == pooling_window::columns.taps &&
        pooling_window::rows.padded() == pooling_window::rows.input &&
        pooling_window::columns.padded() == pooling_window::columns.input;
    static constexpr bool fits = Given::fit && pooling_window::sliding_window::fits &&
                                 row_padding < pooling_window::rows.taps &&
                                 column_padding < pooling_window::columns.taps;

    /// Calls f(window, from, to) for every output, row by row: the pixels that the window sees of x, the
    /// first of them, and where the output lies, Step numbers from one to the next.
    template <std::size_t Channels, std::size_t Step, class T, class F>
    static constexpr void for_windows(const T* x, T* y, F&& f) noexcept {
        constexpr axis rows = pooling_window::rows, columns = pooling_window::columns;
        for (std::size_t h = 0; h < rows.output(); ++h) {
            const auto i = rows.taps_inside(h);
            for (std::size_t w = 0; w < columns.output(); ++w, y += Step) {
                const auto j = columns.taps_inside(w);
                const pixel_window<Channels> window{i.last - i.first, j.last - j.first,
                                                    Input::width * Channels};
                f(window,
                  x + rows.pixel(h, i.first) * window.row_size +
                      columns.pixel(w, j.first) * Channels,
                  y);
            }
        }
    }

    template <std::size_t Channels>
    using output =
        std::conditional_t<fits, typename pooling_window::sliding_window::template output<Channels>,
                           shape<0, 0, 0>>;
};

}  // namespace ctnn::detail
