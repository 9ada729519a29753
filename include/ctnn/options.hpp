// The options of a layer: types with names, given in any order, each at most once.
// `conv2d<8, kernel<3, 3>, stride<2, 2>, same>` has three.
#pragma once

#include <ctnn/shape.hpp>

#include <concepts>
#include <type_traits>

namespace ctnn {
namespace detail {

enum class option_kind {
    kernel,
    window,
    stride,
    dilation,
    groups,
    padding,
    bias,
    maxima,
    slope,
    alpha
};

struct pads {
    std::size_t before, after;
};

}  // namespace detail

/// Rows and columns of a convolution's kernel, each at least 1. `kernel<3>` is `kernel<3, 3>`.
template <std::size_t Height, std::size_t Width = Height>
struct kernel {
    static_assert(Height >= 1, "ctnn::kernel: the height must be at least 1");
    static_assert(Width >= 1, "ctnn::kernel: the width must be at least 1");
    static constexpr auto kind = detail::option_kind::kernel;
    static constexpr std::size_t height = Height, width = Width;
};

/// Rows and columns that a pooling layer looks at, each at least 1 (Keras' `pool_size`).
template <std::size_t Height, std::size_t Width = Height>
struct window {
    static_assert(Height >= 1, "ctnn::window: the height must be at least 1");
    static_assert(Width >= 1, "ctnn::window: the width must be at least 1");
    static constexpr auto kind = detail::option_kind::window;
    static constexpr std::size_t height = Height, width = Width;
};

/// Pixels from one window to the next, down and across, each at least 1.
template <std::size_t Height, std::size_t Width = Height>
struct stride {
    static_assert(Height >= 1, "ctnn::stride: the vertical stride must be at least 1");
    static_assert(Width >= 1, "ctnn::stride: the horizontal stride must be at least 1");
    static constexpr auto kind = detail::option_kind::stride;
    static constexpr std::size_t height = Height, width = Width;
};

/// Pixels from one tap of the kernel to the next, down and across, each at least 1 (1: no holes).
template <std::size_t Height, std::size_t Width = Height>
struct dilation {
    static_assert(Height >= 1, "ctnn::dilation: the vertical dilation must be at least 1");
    static_assert(Width >= 1, "ctnn::dilation: the horizontal dilation must be at least 1");
    static constexpr auto kind = detail::option_kind::dilation;
    static constexpr std::size_t height = Height, width = Width;
};

/// Cuts the channels into `Count` groups; each group of filters sees only its own group of
/// channels.
template <std::size_t Count>
struct groups {
    static_assert(Count >= 1, "ctnn::groups: the number of groups must be at least 1");
    static constexpr auto kind = detail::option_kind::groups;
    static constexpr std::size_t count = Count;
};

/// Whether a layer adds a bias to each filter or output (Keras' `use_bias`; default: yes).
template <bool Use>
struct use_bias {
    static constexpr auto kind = detail::option_kind::bias;
    static constexpr bool value = Use;
};

/// Padding by hand, in pixels of zeros: `padding<rows, columns>` on both sides, or
/// `padding<top, bottom, left, right>`. `padding<1>` is `padding<1, 1>`.
template <std::size_t... Sides>
struct padding {
    static_assert(sizeof...(Sides) == 1 || sizeof...(Sides) == 2 || sizeof...(Sides) == 4,
                  "ctnn::padding: the number of sides must be 1, 2 or 4");
};

template <std::size_t Top, std::size_t Bottom, std::size_t Left, std::size_t Right>
struct padding<Top, Bottom, Left, Right> {
    static constexpr auto kind = detail::option_kind::padding;
    static constexpr detail::pads rows(detail::axis) noexcept { return {Top, Bottom}; }
    static constexpr detail::pads columns(detail::axis) noexcept { return {Left, Right}; }
};

template <std::size_t Rows, std::size_t Columns>
struct padding<Rows, Columns> : padding<Rows, Rows, Columns, Columns> {};

template <std::size_t Both>
struct padding<Both> : padding<Both, Both, Both, Both> {};

/// No padding: the window stays inside the input. The default.
struct valid : padding<0, 0, 0, 0> {};

/// Keras' and TensorFlow's 'same': the output has ceil(input / stride) pixels, an odd pixel of
/// padding goes to the end. https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2
struct same {
    static constexpr auto kind = detail::option_kind::padding;
    static constexpr detail::pads rows(detail::axis a) noexcept {
        if (a.stride == 0) return {0, 0};
        const std::size_t needed =
            ((a.input + a.stride - 1) / a.stride - (a.input != 0)) * a.stride;
        const std::size_t total = needed + a.reach() > a.input ? needed + a.reach() - a.input : 0;
        return {total / 2, total - total / 2};
    }
    static constexpr detail::pads columns(detail::axis a) noexcept { return rows(a); }
};

/// Keeps the input's size at any stride: floor(((n - 1) * stride + reach - n) / 2) pixels on both
/// sides, for n pixels. (Where that number is odd before halving, the output is one pixel short.)
struct same_size {
    static constexpr auto kind = detail::option_kind::padding;
    static constexpr detail::pads rows(detail::axis a) noexcept {
        if (a.input == 0) return {0, 0};
        const std::size_t needed = (a.input - 1) * a.stride + a.reach();
        const std::size_t half = needed > a.input ? (needed - a.input) / 2 : 0;
        return {half, half};
    }
    static constexpr detail::pads columns(detail::axis a) noexcept { return rows(a); }
};

/// Max pooling's gradient goes to every pixel that equals the window's maximum, not to the first
/// alone.
struct every_maximum {
    static constexpr auto kind = detail::option_kind::maxima;
};

/// The slope of `leaky_relu` below 0, as a fraction: `negative_slope<1, 100>` is 0.01.
template <int Numerator, int Denominator = 1>
struct negative_slope {
    static_assert(Numerator >= 0, "ctnn::negative_slope: the numerator must be at least 0");
    static_assert(Denominator >= 1, "ctnn::negative_slope: the denominator must be at least 1");
    static constexpr auto kind = detail::option_kind::slope;
    static constexpr float value = static_cast<float>(Numerator) / static_cast<float>(Denominator);
};

/// The limit `-alpha` of `elu` below 0, as a fraction: `alpha<1, 2>` is 0.5.
template <int Numerator, int Denominator = 1>
struct alpha {
    static_assert(Numerator >= 1, "ctnn::alpha: the numerator must be at least 1");
    static_assert(Denominator >= 1, "ctnn::alpha: the denominator must be at least 1");
    static constexpr auto kind = detail::option_kind::alpha;
    static constexpr float value = static_cast<float>(Numerator) / static_cast<float>(Denominator);
};

namespace detail {

template <class T>
concept option = requires {
    { T::kind } -> std::same_as<const option_kind&>;
};

template <class Option>
constexpr bool is_kind(option_kind wanted) noexcept {
    if constexpr (option<Option>) return Option::kind == wanted;
    return false;
}

template <option_kind Kind, class... Options>
inline constexpr std::size_t times_given = (std::size_t{0} + ... +
                                            std::size_t{is_kind<Options>(Kind)});

template <option_kind Kind, class Default, class... Options>
struct find_option {
    using type = Default;
};
template <option_kind Kind, class Default, class First, class... Rest>
struct find_option<Kind, Default, First, Rest...> {
    using type = typename std::conditional_t<is_kind<First>(Kind), std::type_identity<First>,
                                             find_option<Kind, Default, Rest...>>::type;
};

/// The option of this kind that was given, or `Default`.
template <option_kind Kind, class Default, class... Options>
using option_or = typename find_option<Kind, Default, Options...>::type;

/// Stops the compiler at an option that the layer does not take; the error names it as `Option`.
template <class Option, option_kind... Accepted>
struct accepted_option {
    static constexpr bool is_accepted = (false || ... || is_kind<Option>(Accepted));
    static_assert(is_accepted,
                  "ctnn: every option of a layer must be one that it takes; remove this one");
};

/// Stops the compiler at the second option of one kind; the error names it as `Option`.
template <class Option, std::size_t Times>
struct option_given_once {
    static_assert(Times <= 1,
                  "ctnn: an option must be given at most once; remove this one or the other");
};

template <option_kind... Kinds>
struct accepts {};

/// Checks the options one by one, so that the culprit is named, and only one.
template <class Accepts, class Before, class... Options>
struct checked_options {};

template <class... Options>
struct option_list {};

template <option_kind... Kinds, class... Before, class First, class... Rest>
struct checked_options<accepts<Kinds...>, option_list<Before...>, First, Rest...> {
    static constexpr std::size_t times = [] {
        if constexpr (option<First>) return times_given<First::kind, Before...> + 1;
        return std::size_t{1};
    }();
    static_assert(sizeof(accepted_option<First, Kinds...>) > 0);
    static_assert(sizeof(option_given_once<First, times>) > 0);
    static_assert(
        sizeof(checked_options<accepts<Kinds...>, option_list<Before..., First>, Rest...>) > 0);
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

    /// The output with this number of channels; all zero where the window does not fit.
    template <std::size_t Channels>
    using output =
        shape<fits ? rows.output() : 0, fits ? columns.output() : 0, fits ? Channels : 0>;
};

/// A pooling window: its stride is the window, unless said otherwise.
template <class Input, class Window, class... Options>
struct pooling_window
    : sliding_window<
          Input, Window,
          option_or<option_kind::stride, stride<Window::height, Window::width>, Options...>,
          dilation<1, 1>, option_or<option_kind::padding, valid, Options...>> {
    // A window that sees nothing but padding has no maximum and no mean. (`same` never makes one.)
    static constexpr std::size_t widest_row_padding =
        std::max(pooling_window::rows.before, pooling_window::rows.after);
    static constexpr std::size_t widest_column_padding =
        std::max(pooling_window::columns.before, pooling_window::columns.after);
};

}  // namespace detail
}  // namespace ctnn
