// Average pooling: the shape rule and checks, forward, then backward.
#pragma once

#include <ctnn/layer.hpp>
#include <ctnn/layers/sliding_window.hpp>

namespace ctnn {

/// The mean of what each window sees, channel by channel. Padding is not counted.
///
/// shape<H, W, C> -> shape<floor((H + pads - window) / stride) + 1, ..., C>; a remainder is
/// dropped. Options: window<> (default 2 x 2), stride<> (default: the window), one of valid
/// (default), same, same_size, padding<>. The gradient is spread evenly over the pixels that were
/// counted. Rejected: a window larger than the padded input; padding as large as the window.
/// https://keras.io/api/layers/pooling_layers/average_pooling2d
template <class... Options>
struct average_pool2d {
    using kind = detail::option_kind;
    using given =
        detail::options<detail::accepts<kind::window, kind::stride, kind::padding>, Options...>;
    using window_size = detail::pooling_size<given>;

    template <class Input>
    using window_on = detail::pooling_window<Input, given>;
    template <class Input>
    using output_on = typename window_on<Input>::template output<Input::channels>;

    template <class Input>
    struct on : layer_base<on<Input>, Input, output_on<Input>> {
        using output_shape = output_on<Input>;
        static constexpr std::string_view name = "average_pool2d";
        static constexpr auto rows = window_on<Input>::rows;
        static constexpr auto columns = window_on<Input>::columns;
        static constexpr auto settings = window_on<Input>::settings;

        static_assert(sizeof(typename given::check) > 0);
        static_assert(sizeof(typename window_on<Input>::check) > 0);
        static constexpr std::size_t window_height = window_on<Input>::needed_rows,
                                     padded_height = rows.padded();
        static_assert(window_height <= padded_height,
                      "ctnn::average_pool2d: the window must be at most as tall as its padded "
                      "input; shrink it or pad");
        static constexpr std::size_t window_width = window_on<Input>::needed_columns,
                                     padded_width = columns.padded();
        static_assert(window_width <= padded_width,
                      "ctnn::average_pool2d: the window must be at most as wide as its padded "
                      "input; shrink it or pad");
        static constexpr std::size_t row_padding = window_on<Input>::row_padding;
        static_assert(row_padding < rows.taps, "ctnn::average_pool2d: the padding must be less "
                                               "than the window; shrink it or enlarge the window");
        static constexpr std::size_t column_padding = window_on<Input>::column_padding;
        static_assert(column_padding < columns.taps,
                      "ctnn::average_pool2d: the padding must be less than the window; shrink it "
                      "or enlarge the window");

        // A convolution before it pools as it computes, when no pixel is in two windows.
        static constexpr std::size_t window_rows = rows.taps, window_columns = columns.taps;
        static constexpr layer_facts facts{.pools_disjoint_windows = window_on<Input>::are_disjoint,
                                           .fuses_concatenation = true};
        template <class T>
        static constexpr T start() noexcept {
            return T(0.0f);
        }
        template <class T>
        static constexpr T combine(T kept, T x) noexcept {
            return kept + x;
        }
        template <class T>
        static constexpr T combine(T kept, T x, T next) noexcept {
            return kept + x + next;
        }
        template <class T>
        static constexpr T finish(T kept) noexcept {
            return kept * T(1.0f / static_cast<float>(rows.taps * columns.taps));
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
                    const float each = 1.0f / static_cast<float>(window.rows * window.columns);
                    window.pool(
                        from, to, [](auto sum, auto number) { return sum + number; },
                        [&]<class V>(V sum) { return sum * V(each); });
                });
        }

        template <class T>
        static constexpr void input_gradient(tensor_view<Input, const T> /*x*/,
                                             tensor_view<output_shape, const T> d_y,
                                             tensor_view<Input, T> d_x) noexcept {
            d_x.fill(T(0.0f));
            for (std::size_t h = 0; h < output_shape::height; ++h) {
                const auto taps_i = rows.taps_inside(h);
                for (std::size_t w = 0; w < output_shape::width; ++w) {
                    const auto taps_j = columns.taps_inside(w);
                    for (std::size_t c = 0; c < Input::channels; ++c) {
                        const T each = d_y(h, w, c) * T(share(taps_i, taps_j));
                        for (std::size_t i = taps_i.first; i < taps_i.last; ++i)
                            for (std::size_t j = taps_j.first; j < taps_j.last; ++j) {
                                T& pixel = d_x(rows.pixel(h, i), columns.pixel(w, j), c);
                                pixel = pixel + each;
                            }
                    }
                }
            }
        }

    private:
        /// 1 / how many pixels the window sees.
        static constexpr float share(detail::axis::range i, detail::axis::range j) noexcept {
            return 1.0f / static_cast<float>((i.last - i.first) * (j.last - j.first));
        }
    };
};

}  // namespace ctnn
