// Max pooling: the shape rule and checks, forward, then backward.
#pragma once

#include <ctnn/layer.hpp>
#include <ctnn/layers/sliding_window.hpp>
#include <ctnn/simd/bytes.hpp>

#include <algorithm>
#include <cstdint>

namespace ctnn {

/// The largest value that each window sees, channel by channel.
///
/// shape<H, W, C> -> shape<floor((H + pads - window) / stride) + 1, ..., C>; a remainder is
/// dropped. Options: window<> (default 2 x 2), stride<> (default: the window), one of valid
/// (default), same, same_size, padding<>, and every_maximum. Padding never wins. The gradient goes
/// to the first maximum (TensorFlow, PyTorch), with every_maximum to all that equal it. Rejected: a
/// window larger than the padded input; padding as large as the window.
/// https://keras.io/api/layers/pooling_layers/max_pooling2d
template <class... Options>
struct max_pool2d {
    using kind = detail::option_kind;
    using given =
        detail::options<detail::accepts<kind::window, kind::stride, kind::padding, kind::maxima>,
                        Options...>;
    using window_size = detail::pooling_size<given>;
    static constexpr bool to_every_maximum = detail::times_given<kind::maxima, Options...> > 0;

    template <class Input>
    using window_on = detail::pooling_window<Input, given>;
    template <class Input>
    using output_on = typename window_on<Input>::template output<Input::channels>;

    template <class Input>
    struct on : layer_base<on<Input>, Input, output_on<Input>> {
        using output_shape = output_on<Input>;
        static constexpr std::string_view name = "max_pool2d";
        static constexpr auto rows = window_on<Input>::rows;
        static constexpr auto columns = window_on<Input>::columns;
        static constexpr auto settings = window_on<Input>::settings;

        static_assert(sizeof(typename given::check) > 0);
        static_assert(sizeof(typename window_on<Input>::check) > 0);
        static constexpr std::size_t window_height = window_on<Input>::needed_rows,
                                     padded_height = rows.padded();
        static_assert(window_height <= padded_height,
                      "ctnn::max_pool2d: the window must be at most as tall as its padded input; "
                      "shrink it or pad");
        static constexpr std::size_t window_width = window_on<Input>::needed_columns,
                                     padded_width = columns.padded();
        static_assert(window_width <= padded_width,
                      "ctnn::max_pool2d: the window must be at most as wide as its padded input; "
                      "shrink it or pad");
        static constexpr std::size_t row_padding = window_on<Input>::row_padding;
        static_assert(row_padding < rows.taps, "ctnn::max_pool2d: the padding must be less than "
                                               "the window; shrink it or enlarge the window");
        static constexpr std::size_t column_padding = window_on<Input>::column_padding;
        static_assert(column_padding < columns.taps,
                      "ctnn::max_pool2d: the padding must be less than the window; shrink it or "
                      "enlarge the window");

        // A convolution before it pools as it computes, when no pixel is in two windows.
        static constexpr std::size_t window_rows = rows.taps, window_columns = columns.taps;
        /// In training a convolution before it then keeps a byte for each output, the position of
        /// the maximum.
        static constexpr layer_facts facts{.pools_disjoint_windows = window_on<Input>::are_disjoint,
                                           .takes_maximum = true,
                                           .keeps_positions = window_on<Input>::are_disjoint &&
                                                              !to_every_maximum &&
                                                              window_rows * window_columns <= 256,
                                           .fuses_concatenation = true};
        template <class T>
        static constexpr T start() noexcept {
            return T(simd::lowest);
        }
        template <class T>
        static constexpr T combine(T kept, T x) noexcept {
            return simd::maximum(x, kept);
        }
        template <class T>
        static constexpr T combine(T kept, T x, T next) noexcept {
            return simd::maximum(x, next, kept);
        }
        template <class T>
        static constexpr T finish(T kept) noexcept {
            return kept;
        }

        // h, w: output row, column; i, j: position in the window; c: channel

        template <class T>
        static constexpr void compute(tensor_view<Input, const T> x,
                                      tensor_view<output_shape, T> y) noexcept {
            compute_fused<detail::no_activation, detail::no_pooling, Input::channels>(
                x, y, static_cast<T*>(nullptr));
        }
        /// The same; `Step`: from one pixel of y to the next.
        template <class Activation, class Pooling, std::size_t Step, class T>
        static constexpr void compute_fused(tensor_view<Input, const T> x,
                                            tensor_view<output_shape, T> y,
                                            T* /*scratch*/) noexcept {
            window_on<Input>::template for_windows<Input::channels, Step>(
                x.data(), y.data(), [](auto window, const T* from, T* to) {
                    window.pool(
                        from, to,
                        []<class V>(V largest, V number) { return simd::maximum(number, largest); },
                        [](auto largest) { return largest; });
                });
        }

        template <class T>
        static constexpr void input_gradient(tensor_view<Input, const T> x,
                                             tensor_view<output_shape, const T> d_y,
                                             tensor_view<Input, T> d_x) noexcept {
            d_x.fill(T(0.0f));
            for (std::size_t h = 0; h < output_shape::height; ++h) {
                const auto taps_i = rows.taps_inside(h);
                for (std::size_t w = 0; w < output_shape::width; ++w) {
                    const auto taps_j = columns.taps_inside(w);
                    for (std::size_t c = 0; c < Input::channels; ++c) {
                        const T y = largest(x, h, w, c);
                        T left = d_y(h, w, c);  // what has not found its maximum yet, lane by lane
                        for (std::size_t i = taps_i.first; i < taps_i.last; ++i)
                            for (std::size_t j = taps_j.first; j < taps_j.last; ++j) {
                                const std::size_t row = rows.pixel(h, i),
                                                  column = columns.pixel(w, j);
                                const auto is_maximum = simd::is_maximum(T(x(row, column, c)), y);
                                d_x(row, column, c) =
                                    d_x(row, column, c) + simd::select(is_maximum, left, T(0.0f));
                                if constexpr (!to_every_maximum)
                                    left = simd::select(is_maximum, T(0.0f), left);
                            }
                    }
                }
            }
        }

        /// The same from the positions of the maxima; `Activation` came before pooling, y is what
        /// pooling gave.
        template <class Activation, class T>
        static constexpr void input_gradient_from_positions(tensor_view<output_shape, const T> y,
                                                            const std::uint8_t* positions,
                                                            tensor_view<output_shape, const T> d_y,
                                                            tensor_view<Input, T> d_x) noexcept {
            input_gradient_of_area<Activation, Input::channels, Input::width * Input::channels>(
                y.data(), positions, d_y.data(), {0, Input::height, 0, Input::width}, 0,
                d_x.data());
        }
        /// The same for an area of the input that begins with a window, and `Channels` channels
        /// from `first` on; d_x holds them alone, in rows of RowSize numbers.
        template <class Activation, std::size_t Channels, std::size_t RowSize, class T>
        static constexpr void input_gradient_of_area(const T* y, const std::uint8_t* positions,
                                                     const T* d_y, detail::area part,
                                                     std::size_t first, T* d_x) noexcept {
            constexpr bool has_rest = output_shape::height * window_rows != Input::height ||
                                      output_shape::width * window_columns != Input::width;
            if constexpr (has_rest)
                for (std::size_t r = 0; r < part.rows; ++r)
                    std::fill_n(d_x + r * RowSize, part.columns * Channels, T(0.0f));
            for (std::size_t r = 0; r + window_rows <= part.rows; r += window_rows)
                for (std::size_t q = 0; q + window_columns <= part.columns; q += window_columns)
                    for (std::size_t c = 0; c < Channels; ++c) {
                        const std::size_t at = ((part.row + r) / window_rows * output_shape::width +
                                                (part.column + q) / window_columns) *
                                                   Input::channels +
                                               first + c;
                        const T slope = d_y[at] * Activation::slope(T(y[at]));
                        const T position = simd::load_bytes<T>(positions + at * simd::lanes_of<T>);
                        for (std::size_t i = 0; i < window_rows; ++i)
                            for (std::size_t j = 0; j < window_columns; ++j)
                                d_x[(r + i) * RowSize + (q + j) * Channels + c] = simd::select(
                                    position == T(static_cast<float>(i * window_columns + j)),
                                    slope, T(0.0f));
                    }
        }

    private:
        template <class T>
        static constexpr T largest(tensor_view<Input, const T> x, std::size_t h, std::size_t w,
                                   std::size_t c) noexcept {
            const auto taps_i = rows.taps_inside(h);
            const auto taps_j = columns.taps_inside(w);
            T y = x(rows.pixel(h, taps_i.first), columns.pixel(w, taps_j.first), c);
            for (std::size_t i = taps_i.first; i < taps_i.last; ++i)
                for (std::size_t j = taps_j.first; j < taps_j.last; ++j)
                    y = simd::maximum(T(x(rows.pixel(h, i), columns.pixel(w, j), c)), y);
            return y;
        }
    };
};

}  // namespace ctnn
