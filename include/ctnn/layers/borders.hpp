// Zeros around a map, and less of it.
#pragma once

#include <ctnn/layer.hpp>

#include <algorithm>

namespace ctnn {
namespace detail {

/// Pixels at each side: <all>, <rows, columns> or <top, bottom, left, right>.
template <std::size_t... Sides>
struct sides {
    static constexpr bool fit = false;
    static constexpr std::size_t top = 0, bottom = 0, left = 0, right = 0;
};
template <std::size_t Top, std::size_t Bottom, std::size_t Left, std::size_t Right>
struct sides<Top, Bottom, Left, Right> {
    static constexpr bool fit = true;
    static constexpr std::size_t top = Top, bottom = Bottom, left = Left, right = Right;
};
template <std::size_t Rows, std::size_t Columns>
struct sides<Rows, Columns> : sides<Rows, Rows, Columns, Columns> {};
template <std::size_t All>
struct sides<All> : sides<All, All, All, All> {};

/// Copies `Inner` to or from the part of `Outer` that begins at row Top and column Left.
template <class Outer, class Inner, std::size_t Top, std::size_t Left, class From, class To>
constexpr void copy_inner(const From* from, To* to, bool outwards) noexcept {
    constexpr std::size_t row = Inner::width * Inner::channels;
    for (std::size_t h = 0; h < Inner::height; ++h) {
        const std::size_t inner = h * row,
                          outer = ((Top + h) * Outer::width + Left) * Outer::channels;
        std::copy_n(from + (outwards ? inner : outer), row, to + (outwards ? outer : inner));
    }
}

}  // namespace detail

/// Zeros around the map: `zero_padding2d<1>` at all sides, `<rows, columns>`, or
/// `<top, bottom, left, right>`. shape<H, W, C> -> shape<H + top + bottom, W + left + right, C>.
/// (A convolution's own padding costs less.)
/// https://keras.io/api/layers/reshaping_layers/zero_padding2d
template <std::size_t... Pixels>
struct zero_padding2d {
    using at = detail::sides<Pixels...>;
    template <class Input>
    using output_on =
        std::conditional_t<at::fit,
                           shape<Input::height + at::top + at::bottom,
                                 Input::width + at::left + at::right, Input::channels>,
                           shape<0, 0, 0>>;
    template <class Input>
    struct on : layer_base<on<Input>, Input, output_on<Input>> {
        using output_shape = output_on<Input>;
        static constexpr std::string_view name = "zero_padding2d";
        static constexpr std::array<std::uint64_t, 2> settings{at::top, at::left};
        static constexpr std::size_t sides = sizeof...(Pixels), all = at::fit ? sides : 4;
        static_assert(sides == all, "ctnn::zero_padding2d: the number of sides must be 1, 2 or 4");

        template <class T>
        static constexpr void compute(tensor_view<Input, const T> x,
                                      tensor_view<output_shape, T> y) noexcept {
            y.fill(T(0.0f));
            detail::copy_inner<output_shape, Input, at::top, at::left>(x.data(), y.data(), true);
        }
        template <class T>
        static constexpr void input_gradient(tensor_view<Input, const T> /*x*/,
                                             tensor_view<output_shape, const T> d_y,
                                             tensor_view<Input, T> d_x) noexcept {
            detail::copy_inner<output_shape, Input, at::top, at::left>(d_y.data(), d_x.data(),
                                                                       false);
        }
    };
};

/// The map without its borders: `cropping2d<1>` at all sides, `<rows, columns>`, or
/// `<top, bottom, left, right>`. shape<H, W, C> -> shape<H - top - bottom, W - left - right, C>.
/// Rejected: a border that leaves nothing.
/// https://keras.io/api/layers/reshaping_layers/cropping2d
template <std::size_t... Pixels>
struct cropping2d {
    using at = detail::sides<Pixels...>;
    template <class Input>
    static constexpr bool fits =
        at::fit&& at::top + at::bottom < Input::height&& at::left + at::right < Input::width;
    template <class Input>
    using output_on = shape<fits<Input> ? Input::height - at::top - at::bottom : 0,
                            fits<Input> ? Input::width - at::left - at::right : 0,
                            fits<Input> ? Input::channels : 0>;
    template <class Input>
    struct on : layer_base<on<Input>, Input, output_on<Input>> {
        using output_shape = output_on<Input>;
        static constexpr std::string_view name = "cropping2d";
        static constexpr std::array<std::uint64_t, 2> settings{at::top, at::left};
        static constexpr std::size_t sides = sizeof...(Pixels), all = at::fit ? sides : 4;
        static_assert(sides == all, "ctnn::cropping2d: the number of sides must be 1, 2 or 4");
        static constexpr std::size_t rows_off = at::top + at::bottom, height = Input::height;
        static_assert(rows_off < height,
                      "ctnn::cropping2d: the rows cut off must be fewer than the input's");
        static constexpr std::size_t columns_off = rows_off < height ? at::left + at::right : 0,
                                     width = Input::width;
        static_assert(columns_off < width,
                      "ctnn::cropping2d: the columns cut off must be fewer than the input's");

        template <class T>
        static constexpr void compute(tensor_view<Input, const T> x,
                                      tensor_view<output_shape, T> y) noexcept {
            detail::copy_inner<Input, output_shape, at::top, at::left>(x.data(), y.data(), false);
        }
        template <class T>
        static constexpr void input_gradient(tensor_view<Input, const T> /*x*/,
                                             tensor_view<output_shape, const T> d_y,
                                             tensor_view<Input, T> d_x) noexcept {
            d_x.fill(T(0.0f));
            detail::copy_inner<Input, output_shape, at::top, at::left>(d_y.data(), d_x.data(),
                                                                       true);
        }
    };
};

}  // namespace ctnn
