// A checkpoint for shapes.
#pragma once

#include <ctnn/layer.hpp>

namespace ctnn {
namespace detail {

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

/// Stops the compiler unless the shape here is `Shape`; otherwise does nothing and costs nothing.
template <class Shape>
struct expect {
    template <class Input>
    using output_on = std::conditional_t<std::is_same_v<Input, Shape>, Shape, shape<0, 0, 0>>;

    template <class Input>
    struct on : layer_base<on<Input>, Input, Input> {
        static constexpr std::string_view name = "expect";
        static constexpr bool reshapes = true;

        static constexpr std::size_t found = detail::difference<Input, Shape>::of_found;
        static constexpr std::size_t expected = detail::difference<Input, Shape>::of_wanted;
        static_assert(found == expected,
                      "ctnn::expect: the shape that arrives must be the expected one");

        template <class T>
        static constexpr void compute(tensor_view<Input, const T> x,
                                      tensor_view<Input, T> y) noexcept {
            for (std::size_t i = 0; i < Input::size; ++i) y[i] = x[i];
        }
        template <class T>
        static constexpr void input_gradient(tensor_view<Input, const T> /*x*/,
                                             tensor_view<Input, const T> d_y,
                                             tensor_view<Input, T> d_x) noexcept {
            for (std::size_t i = 0; i < Input::size; ++i) d_x[i] = d_y[i];
        }
    };
};

}  // namespace ctnn
