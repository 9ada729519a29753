// Layers that make one value of several, number by number: sum, mean, product, maximum. Of several inputs `x` is an array of their first numbers, x[0], x[1], ...; `input_gradient<I>` is
// that of the I-th. How they stand in a network's list: network/branches.hpp.
#pragma once

#include <ctnn/layer.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>

namespace ctnn::detail {

template <class First, class...>
struct first_of_list {
    using type = First;
};
/// The shape of the list with the most numbers; of equal ones the first.
template <class First, class... Rest>
struct largest_shape {
    using type = First;
};
template <class First, class Second, class... Rest>
struct largest_shape<First, Second, Rest...>
    : largest_shape<std::conditional_t<(First::size < Second::size), Second, First>, Rest...> {};

/// Stops the compiler at a branch whose shape is not the first one's.
template <std::size_t Branch, class Shape, class Expected>
struct same_branch {
    static constexpr std::size_t found = difference<Shape, Expected>::of_found;
    static constexpr std::size_t expected = difference<Shape, Expected>::of_wanted;
    static_assert(
        found == expected,
        "ctnn::network: every branch must have the shape of the first one; see the branch's number "
        "(from 0) and both shapes");
};
template <class Indices, class... Shapes>
struct same_branches;
template <std::size_t... I, class... Shapes>
struct same_branches<std::index_sequence<I...>, Shapes...> {
    using first = typename first_of_list<Shapes...>::type;
    static_assert((true && ... && (sizeof(same_branch<I, Shapes, first>) > 0)));
};

/// The base of a layer that combines `Inputs`, number by number, in numbers of one image per lane:
/// y = finish(combine(combine(x[0], x[1]), ...)).
template <class Layer, class Output, class... Inputs>
struct elementwise_merge : layer_base<Layer, typename first_of_list<Inputs...>::type, Output> {
    static constexpr std::size_t inputs = sizeof...(Inputs);
    template <class T>
    using sources = std::array<const T*, inputs>;

    template <class T>
    static constexpr void compute(const sources<T>& x, tensor_view<Output, T> y) noexcept {
        compute_fused<no_activation, no_pooling>(x, y, static_cast<T*>(nullptr));
    }
    /// The same, then an elementwise layer.
    template <class Activation, class Pooling, class T>
    static constexpr void compute_fused(const sources<T>& x, tensor_view<Output, T> y,
                                        T* /*scratch*/) noexcept {
        for (std::size_t first = 0; first < Output::size; first += Layer::period)
            simd::for_numbers<Layer::period, T>([&]<class V>(std::size_t n, V) CTNN_INLINED {
                V sum = Layer::template at<0, V>(x, first, n);
                [&]<std::size_t... I>(std::index_sequence<I...>) {
                    ((sum = Layer::combine(sum, Layer::template at<I + 1, V>(x, first, n))), ...);
                }
                (std::make_index_sequence<inputs - 1>{});
                simd::store_as(y.data() + first + n, V(Activation::value(V(Layer::finish(sum)))));
            });
    }

    /// What belongs to the output from number first + n on, n < period.
    static constexpr std::size_t period = Output::size;
    template <std::size_t I, class V, class T>
    static constexpr V at(const sources<T>& x, std::size_t first, std::size_t n) noexcept {
        return simd::load_as<V>(x[I] + first + n);
    }
    template <class T>
    static constexpr T finish(T sum) noexcept {
        return sum;
    }
};

/// Those whose inputs all have the output's shape.
template <class... Inputs>
using same_shape_or_none =
    std::conditional_t<(true && ... &&
                        std::is_same_v<Inputs, typename first_of_list<Inputs...>::type>),
                       typename first_of_list<Inputs...>::type, shape<0, 0, 0>>;
template <class Layer, class First, class... Rest>
struct merge_of_equals : elementwise_merge<Layer, First, First, Rest...> {
    static_assert(sizeof(same_branches<std::index_sequence_for<First, Rest...>, First, Rest...>) >
                  0);
};

/// y = x[0] + x[1] + ...
struct addition {
    template <class... Inputs>
    using output_on = same_shape_or_none<Inputs...>;
    template <class... Inputs>
    struct on : merge_of_equals<on<Inputs...>, Inputs...> {
        static constexpr std::string_view name = "add";
        static constexpr layer_facts facts{.inputs = sizeof...(Inputs),
                                           .in_place = true,
                                           .is_sum = true,
                                           .ignores_input = true,
                                           .passes_gradient = true,
                                           .fuses_activation = true};
        template <class T>
        static constexpr T combine(T sum, T x) noexcept {
            return sum + x;
        }
    };
};

/// y = (x[0] + x[1] + ...) / n
struct mean_of_branches {
    template <class... Inputs>
    using output_on = same_shape_or_none<Inputs...>;
    template <class... Inputs>
    struct on : merge_of_equals<on<Inputs...>, Inputs...> {
        static constexpr std::string_view name = "average";
        static constexpr layer_facts facts{.inputs = sizeof...(Inputs),
                                           .in_place = true,
                                           .ignores_input = true,
                                           .fuses_activation = true};
        static constexpr float share = 1.0f / static_cast<float>(sizeof...(Inputs));
        template <class T>
        static constexpr T combine(T sum, T x) noexcept {
            return sum + x;
        }
        template <class T>
        static constexpr T finish(T sum) noexcept {
            return sum * T(share);
        }
        template <std::size_t I, class T, class X, class Shape>
        static constexpr void input_gradient(const X&, tensor_view<Shape, const T> d_y,
                                             tensor_view<Shape, T> d_x) noexcept {
            for (std::size_t i = 0; i < Shape::size; ++i) d_x[i] = d_y[i] * T(share);
        }
    };
};

/// y = the largest of x[0], x[1], ...; not a number where one of them is none. The gradient goes to
/// one input alone: the first that is not a number, or else the first of the largest.
struct maximum_of_branches {
    template <class... Inputs>
    using output_on = same_shape_or_none<Inputs...>;
    template <class... Inputs>
    struct on : merge_of_equals<on<Inputs...>, Inputs...> {
        static constexpr std::string_view name = "maximum";
        static constexpr layer_facts facts{.inputs = sizeof...(Inputs),
                                           .in_place = true,
                                           .needs_input = true,
                                           .fuses_activation = true};
        template <class T>
        static constexpr T combine(T most, T x) noexcept {
            return simd::maximum(most, x);
        }
        template <std::size_t I, class T, class Shape>
        static constexpr void input_gradient(const std::array<const T*, sizeof...(Inputs)>& x,
                                             tensor_view<Shape, const T> d_y,
                                             tensor_view<Shape, T> d_x) noexcept {
            for (std::size_t i = 0; i < Shape::size; ++i) {
                T d = d_y[i], most = x[0][i];
                for (std::size_t k = 1; k < x.size(); ++k) most = simd::maximum(most, T(x[k][i]));
                const auto gets_it = [&](std::size_t k) {
                    return simd::is_maximum(T(x[k][i]), most);
                };
                for (std::size_t k = 0; k < I; ++k) d = simd::select(gets_it(k), T(0.0f), d);
                d_x[i] = simd::select(gets_it(I), d, T(0.0f));
            }
        }
    };
};

/// y = x[0] x[1] ...; a branch of 1 x 1 pixels multiplies every pixel (squeeze and excitation: Hu et
/// al., 2018, https://arxiv.org/abs/1709.01507).
template <std::size_t Branch, class Shape, class Expected>
struct factor_branch {
    static constexpr bool is_scale = Shape::height * Shape::width == 1;
    using wanted = std::conditional_t<is_scale, shape<1, 1, Expected::channels>, Expected>;
    static constexpr std::size_t found = difference<Shape, wanted>::of_found;
    static constexpr std::size_t expected = difference<Shape, wanted>::of_wanted;
    static_assert(
        found == expected,
        "ctnn::multiply: every branch must have the shape of the largest one, or be 1 x 1 "
        "with as many channels; see the branch's number (from 0) and both shapes");
    static constexpr bool fits = found == expected;
};
template <class Indices, class... Shapes>
struct factor_branches;
template <std::size_t... I, class... Shapes>
struct factor_branches<std::index_sequence<I...>, Shapes...> {
    static_assert((true && ... &&
                   (sizeof(factor_branch<I, Shapes, typename largest_shape<Shapes...>::type>) >
                    0)));
};
struct multiplication {
    template <class Shape, class Largest>
    static constexpr bool fits =
        std::is_same_v<Shape, Largest> || std::is_same_v<Shape, shape<1, 1, Largest::channels>>;
    template <class... Inputs>
    using output_on =
        std::conditional_t<(true && ... && fits<Inputs, typename largest_shape<Inputs...>::type>),
                           typename largest_shape<Inputs...>::type, shape<0, 0, 0>>;
    template <class... Inputs>
    struct on
        : elementwise_merge<on<Inputs...>, typename largest_shape<Inputs...>::type, Inputs...> {
        using output_shape = typename largest_shape<Inputs...>::type;
        using base = elementwise_merge<on, output_shape, Inputs...>;
        static_assert(sizeof(factor_branches<std::index_sequence_for<Inputs...>, Inputs...>) > 0);
        static constexpr std::string_view name = "multiply";
        static constexpr layer_facts facts{.inputs = sizeof...(Inputs),
                                           .in_place = true,
                                           .needs_input = true,
                                           .fuses_activation = true};
        static constexpr std::array<std::size_t, sizeof...(Inputs)> sizes{Inputs::size...};

        static constexpr std::size_t period = (true && ... && (Inputs::size == output_shape::size))
                                                  ? output_shape::size
                                                  : output_shape::channels;
        template <std::size_t I, class V, class T>
        static constexpr V at(const typename base::template sources<T>& x, std::size_t first,
                              std::size_t n) noexcept {
            return simd::load_as<V>(x[I] + (sizes[I] == output_shape::size ? first + n : n));
        }
        template <class T>
        static constexpr T combine(T product, T x) noexcept {
            return product * x;
        }
        template <std::size_t I, class T, class Shape>
        static constexpr void input_gradient(const typename base::template sources<T>& x,
                                             tensor_view<output_shape, const T> d_y,
                                             tensor_view<Shape, T> d_x) noexcept {
            constexpr bool is_scale = sizes[I] != output_shape::size;
            if (is_scale) d_x.fill(T(0.0f));
            for (std::size_t first = 0; first < output_shape::size; first += period)
                for (std::size_t n = 0; n < period; ++n) {
                    T d = d_y[first + n];
                    [&]<std::size_t... K>(std::index_sequence<K...>) {
                        ((d = K == I ? d : T(d * at<K, T>(x, first, n))), ...);
                    }
                    (std::index_sequence_for<Inputs...>{});
                    if constexpr (is_scale)
                        d_x[n] = d_x[n] + d;
                    else
                        d_x[first + n] = d;
                }
        }
    };
};

}  // namespace ctnn::detail
