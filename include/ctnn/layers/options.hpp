// The options of a layer: types with names, given in any order, each at most once.
// `conv2d<8, kernel<3, 3>, stride<2, 2>, same>` has three. An option complains of nothing by itself
// (`fits` is false): its `check` does, when a layer that has it is put on a shape.
#pragma once

#include <ctnn/shape.hpp>

#include <cstddef>

namespace ctnn {
namespace detail {

enum class option_kind {
    kernel,
    window,
    stride,
    dilation,
    groups,
    depth_multiplier,
    padding,
    causal,
    bias,
    maxima,
    slope,
    alpha,
    low,
    high,
    scale,
    offset,
    factor,
    interpolation,
    momentum,
    epsilon,
    rate,
    deviation
};

struct pads {
    std::size_t before, after;
};

}  // namespace detail

/// Rows and columns of a convolution's kernel, each at least 1. `kernel<3>` is `kernel<3, 3>`.
template <std::size_t Height, std::size_t Width = Height>
struct kernel {
    static constexpr auto kind = detail::option_kind::kernel;
    static constexpr std::size_t height = Height, width = Width;
    static constexpr bool fits = 1 <= Height && 1 <= Width;
    struct check {
        static_assert(1 <= Height, "ctnn::kernel: the height must be at least 1");
        static_assert(1 <= Width, "ctnn::kernel: the width must be at least 1");
    };
};

/// Rows and columns that a pooling layer looks at, each at least 1 (Keras' `pool_size`).
template <std::size_t Height, std::size_t Width = Height>
struct window {
    static constexpr auto kind = detail::option_kind::window;
    static constexpr std::size_t height = Height, width = Width;
    static constexpr bool fits = 1 <= Height && 1 <= Width;
    struct check {
        static_assert(1 <= Height, "ctnn::window: the height must be at least 1");
        static_assert(1 <= Width, "ctnn::window: the width must be at least 1");
    };
};

/// Pixels from one window to the next, down and across, each at least 1.
template <std::size_t Height, std::size_t Width = Height>
struct stride {
    static constexpr auto kind = detail::option_kind::stride;
    static constexpr std::size_t height = Height, width = Width;
    static constexpr bool fits = 1 <= Height && 1 <= Width;
    struct check {
        static_assert(1 <= Height, "ctnn::stride: the vertical stride must be at least 1");
        static_assert(1 <= Width, "ctnn::stride: the horizontal stride must be at least 1");
    };
};

/// Pixels from one tap of the kernel to the next, down and across, each at least 1 (1: no holes).
template <std::size_t Height, std::size_t Width = Height>
struct dilation {
    static constexpr auto kind = detail::option_kind::dilation;
    static constexpr std::size_t height = Height, width = Width;
    static constexpr bool fits = 1 <= Height && 1 <= Width;
    struct check {
        static_assert(1 <= Height, "ctnn::dilation: the vertical dilation must be at least 1");
        static_assert(1 <= Width, "ctnn::dilation: the horizontal dilation must be at least 1");
    };
};

/// Cuts the channels into `Count` groups; each group of filters sees only its own group of
/// channels.
template <std::size_t Count>
struct groups {
    static constexpr auto kind = detail::option_kind::groups;
    static constexpr std::size_t count = Count;
    static constexpr bool fits = 1 <= Count;
    struct check {
        static_assert(1 <= Count, "ctnn::groups: the number of groups must be at least 1");
    };
};

/// How many filters each channel of a depthwise convolution has, at least 1.
template <std::size_t Count>
struct depth_multiplier {
    static constexpr auto kind = detail::option_kind::depth_multiplier;
    static constexpr std::size_t count = Count;
    static constexpr bool fits = 1 <= Count;
    struct check {
        static_assert(1 <= Count, "ctnn::depth_multiplier: the multiplier must be at least 1");
    };
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
    static constexpr auto kind = detail::option_kind::padding;
    static constexpr bool fits = false;
    struct check {
        static constexpr std::size_t sides = sizeof...(Sides), all = 4;
        static_assert(sides == all, "ctnn::padding: the number of sides must be 1, 2 or 4");
    };
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

/// In one dimension: zeros before the sequence alone, as many as the kernel reaches back, so that
/// no output sees a later step. Keras' `padding="causal"`.
struct causal {
    static constexpr auto kind = detail::option_kind::causal;
};

/// How often `up_sampling2d` repeats rows and columns, each at least 1. `factor<2>` is
/// `factor<2, 2>`.
template <std::size_t Height, std::size_t Width = Height>
struct factor {
    static constexpr auto kind = detail::option_kind::factor;
    static constexpr std::size_t height = Height, width = Width;
    static constexpr bool fits = 1 <= Height && 1 <= Width;
    struct check {
        static_assert(1 <= Height, "ctnn::factor: the vertical factor must be at least 1");
        static_assert(1 <= Width, "ctnn::factor: the horizontal factor must be at least 1");
    };
};
/// `up_sampling2d` computes what lies between pixels.
struct bilinear {
    static constexpr auto kind = detail::option_kind::interpolation;
};

/// Max pooling's gradient goes to every pixel that equals the window's maximum, not to the first
/// alone.
struct every_maximum {
    static constexpr auto kind = detail::option_kind::maxima;
};

}  // namespace ctnn
