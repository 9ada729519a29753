// What layers of one dimension share: they are those of two on a row, sequence_shape<T, C>. Options
// of one number become options of two, and what does not fit is said in their words.
#pragma once

#include <ctnn/layer.hpp>
#include <ctnn/layers/sliding_window.hpp>

#include <cstddef>
#include <string_view>
#include <type_traits>

namespace ctnn::detail {

/// The option of two dimensions that an option of one stands for; most are the same in both.
template <class Option>
struct along_row {
    static constexpr bool fits = true;
    using type = Option;
};
template <bool Fits, class Type>
struct one_number {
    static constexpr bool fits = Fits;
    using type = Type;
};
template <std::size_t Height, std::size_t Width>
struct along_row<kernel<Height, Width>> : one_number<Height == Width, kernel<1, Width>> {};
template <std::size_t Height, std::size_t Width>
struct along_row<window<Height, Width>> : one_number<Height == Width, window<1, Width>> {};
template <std::size_t Height, std::size_t Width>
struct along_row<stride<Height, Width>> : one_number<Height == Width, stride<1, Width>> {};
template <std::size_t Height, std::size_t Width>
struct along_row<dilation<Height, Width>> : one_number<Height == Width, dilation<1, Width>> {};
template <std::size_t Height, std::size_t Width>
struct along_row<factor<Height, Width>> : one_number<Height == Width, factor<1, Width>> {};
template <std::size_t... Sides>
struct along_row<padding<Sides...>> : one_number<false, valid> {};
template <std::size_t Before, std::size_t After>
struct along_row<padding<Before, After>> : one_number<true, padding<0, 0, Before, After>> {};
template <std::size_t Both>
struct along_row<padding<Both>> : along_row<padding<Both, Both>> {};

struct causal_padding {
    static constexpr auto kind = option_kind::padding;
    static constexpr pads rows(axis) noexcept { return {0, 0}; }
    static constexpr pads columns(axis a) noexcept { return {a.reach() - (a.taps != 0), 0}; }
};
template <class Option>
using along_row_or_causal =
    std::conditional_t<std::is_same_v<Option, causal>, std::type_identity<causal_padding>,
                       along_row<Option>>;

/// `Layer` of two dimensions with these options of one, and with Default if none is of its kind.
template <template <class...> class Layer, class Default, class... Options>
using layer_along_row = std::conditional_t<times_given<Default::kind, Options...> == 0,
                                           Layer<typename along_row<Options>::type..., Default>,
                                           Layer<typename along_row<Options>::type...>>;

/// Stops the compiler at an option of two numbers.
template <class Option>
struct option_along_row {
    static constexpr bool has_one_number = along_row<Option>::fits;
    static_assert(has_one_number, "ctnn::layer: an option must be of one number in one dimension "
                                  "(padding: one or two); write kernel<9>");
};

/// A layer of one dimension on `Input`, where `Two` is what it is in two.
template <class Two, class Input, class... Options>
struct row {
    static constexpr std::size_t height = Input::height, one = 1;
    static constexpr std::size_t kernels_given = [] {
        if constexpr (requires { Two::kernels_given; })
            return Two::kernels_given;
        else
            return one;
    }();
    struct lengths {
        std::size_t window, input;
    };
    static constexpr lengths length = [] {
        if constexpr (height == one && requires { typename Two::template window_on<Input>; }) {
            using window = typename Two::template window_on<Input>;
            return lengths{window::needed_columns, window::columns.padded()};
        } else {
            return lengths{0, 0};
        }
    }();
    static constexpr bool fits = height == one && kernels_given >= 1 &&
                                 length.window <= length.input &&
                                 (true && ... && along_row<Options>::fits);
    using output =
        std::conditional_t<fits, typename Two::template output_on<Input>, shape<0, 0, 0>>;

    /// Stops the compiler where it does not fit.
    struct check {
        static_assert((true && ... && (sizeof(option_along_row<Options>) > 0)));
        static_assert(height == one, "ctnn::layer: the input of a layer of one dimension must have "
                                     "a height of 1; put reshape<1, T, C> before it");
        static_assert(1 <= kernels_given, "ctnn::layer: a kernel<steps> must be given");
        static constexpr std::size_t window = length.window, padded_input = length.input;
        static_assert(window <= padded_input, "ctnn::layer: kernel or window must be at most as "
                                              "long as the padded input; shrink it or pad");
    };
    /// What it derives from: `Base`, unless something is wrong; then what complains no more.
    template <class Layer, class Base = typename Two::template on<Input>>
    using base = std::conditional_t<fits, Base, reshaping<Layer, Input, output>>;
};

/// The specification of a layer of one dimension: `Two` under another name.
template <fixed_string Name, class Two, class... Options>
struct named_row {
    template <class Input>
    using row = detail::row<Two, Input, Options...>;
    template <class Input>
    using output_on = typename row<Input>::output;
    template <class Input>
    struct on : row<Input>::template base<on<Input>> {
        static constexpr std::string_view name = Name.view();
        static_assert(sizeof(typename row<Input>::check) > 0);
    };
};

}  // namespace ctnn::detail
