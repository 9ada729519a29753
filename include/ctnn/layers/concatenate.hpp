// The layer in which branches come to lie side by side, channel behind channel.
#pragma once

#include <ctnn/layer.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

namespace ctnn::detail {

/// Stops the compiler at a branch that is not as high and wide as the first.
template <std::size_t Branch, class Shape, class Expected>
struct pixels_of_branch {
    using same_channels = shape<Expected::height, Expected::width, Shape::channels>;
    static constexpr std::size_t found = difference<Shape, same_channels>::of_found;
    static constexpr std::size_t expected = difference<Shape, same_channels>::of_wanted;
    static_assert(found == expected,
                  "ctnn::concatenate: every branch must be as high and wide as the first one; see "
                  "the branch's number (from 0) and both shapes");
};
template <class Indices, class First, class... Rest>
struct pixels_of_branches;
template <std::size_t... I, class First, class... Rest>
struct pixels_of_branches<std::index_sequence<I...>, First, Rest...> {
    static_assert((true && ... && (sizeof(pixels_of_branch<1 + I, Rest, First>) > 0)));
};

/// The channels of all inputs side by side, in their order.
struct concatenation {
    template <class First, class... Rest>
    using output_on =
        shape<First::height*(true && ... &&
                             (Rest::height == First::height && Rest::width == First::width)),
              First::width, (First::channels + ... + Rest::channels)>;
    template <class First, class... Rest>
    struct on : layer_base<on<First, Rest...>, First, output_on<First, Rest...>> {
        using output_shape = output_on<First, Rest...>;
        static_assert(sizeof(pixels_of_branches<std::index_sequence_for<Rest...>, First, Rest...>) >
                      0);
        static constexpr std::size_t inputs = 1 + sizeof...(Rest);
        static constexpr std::string_view name = "concatenate";
        static constexpr layer_facts facts{
            .inputs = inputs, .ignores_input = true, .is_concatenation = true};
        static constexpr std::array<std::size_t, inputs> channels{First::channels,
                                                                  Rest::channels...};
        static constexpr std::size_t first_channel(std::size_t input) noexcept {
            std::size_t sum = 0;
            for (std::size_t k = 0; k < input; ++k) sum += channels[k];
            return sum;
        }

        template <class T>
        static constexpr void compute(const std::array<const T*, inputs>& x,
                                      tensor_view<output_shape, T> y) noexcept {
            [&]<std::size_t... I>(std::index_sequence<I...>) {
                ((x[I] != y.data() + first_channel(I) ? copy<I>(x[I], y.data(), true) : void()),
                 ...);
            }
            (std::make_index_sequence<inputs>{});
        }
        template <std::size_t I, class T, class X, class Shape>
        static constexpr void input_gradient(const X&, tensor_view<output_shape, const T> d_y,
                                             tensor_view<Shape, T> d_x) noexcept {
            copy<I>(d_y.data(), d_x.data(), false);
        }

    private:
        /// Moves input I's channels to their place in the output, or back.
        template <std::size_t I, class T>
        static constexpr void copy(const T* from, T* to, bool forward) noexcept {
            constexpr std::size_t here = channels[I], first = first_channel(I);
            for (std::size_t pixel = 0; pixel < First::height * First::width; ++pixel) {
                const std::size_t part = pixel * here,
                                  whole = pixel * output_shape::channels + first;
                std::copy_n(from + (forward ? part : whole), here, to + (forward ? whole : part));
            }
        }
    };
};

}  // namespace ctnn::detail
