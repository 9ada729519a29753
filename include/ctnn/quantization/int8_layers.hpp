// What a layer is in bytes: which kind of arithmetic, and in which numbers.
#pragma once

#include <ctnn/layers/borders.hpp>
#include <ctnn/layers/dense.hpp>
#include <ctnn/layers/merge.hpp>
#include <ctnn/layers/up_sampling2d.hpp>
#include <ctnn/quantization/int8_convolution.hpp>

#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>

namespace ctnn::detail {

enum class int8_kind {
    none,         // there is no such form
    reshape,      // nothing is computed
    convolution,  // of several taps or one: dense layers, factors and summands too
    table,        // byte by byte
    clamp,        // the same, as the bounds of what stands before it
    max_pool,
    average_pool,
    add,
    average,
    multiply,
    maximum,
    concatenate,
    softmax,
    move  // bytes to other places, zeros between
};

/// The layer as a convolution.
template <class Layer>
constexpr convolution int8_convolution_of() noexcept {
    using input = typename Layer::input_shape;
    constexpr std::size_t filters = Layer::output_shape::channels;
    if constexpr (requires { Layer::conv; }) {
        return Layer::conv;
    } else if constexpr (Layer::name == "dense") {
        constexpr axis pixel{1, 1, 1, 1, 0, 0};
        return {pixel, pixel, input::size, filters, 1, true};
    } else {
        return {{input::height, 1, 1, 1, 0, 0},
                {input::width, 1, 1, 1, 0, 0},
                filters,
                filters,
                filters,
                true};
    }
}
/// The window of a pooling layer, along rows and columns.
template <class Layer>
constexpr std::array<axis, 2> int8_window_of() noexcept {
    using input = typename Layer::input_shape;
    if constexpr (requires { Layer::rows; })
        return {Layer::rows, Layer::columns};
    else
        return {axis{input::height, input::height, input::height, 1, 0, 0},
                axis{input::width, input::width, input::width, 1, 0, 0}};
}

/// Whether a layer that moves bytes computes none.
template <class Layer>
constexpr bool is_nearest() noexcept {
    return (Layer::name != "up_sampling2d" && Layer::name != "up_sampling1d") ||
           Layer::settings[0] == 0;
}

template <class Layer>
constexpr int8_kind int8_kind_of() noexcept {
    constexpr std::string_view name = Layer::name;
    if constexpr (Layer::facts.reshapes)
        return int8_kind::reshape;
    else if constexpr (name == "conv2d_transpose" || name == "conv1d_transpose")
        return int8_kind::none;
    else if constexpr (requires { Layer::conv; } || name == "dense" || name == "scale_and_offset")
        return int8_kind::convolution;
    else if constexpr (name == "relu" || name == "relu6" || name == "clip")
        return int8_kind::clamp;
    else if constexpr (Layer::facts.is_elementwise)
        return int8_kind::table;
    else if constexpr (name == "max_pool2d" || name == "max_pool1d" ||
                       name == "global_max_pool2d" || name == "global_max_pool1d")
        return int8_kind::max_pool;
    else if constexpr (name == "average_pool2d" || name == "average_pool1d" ||
                       name == "global_average_pool2d" || name == "global_average_pool1d")
        return int8_kind::average_pool;
    else if constexpr (Layer::facts.is_sum)
        return int8_kind::add;
    else if constexpr (name == "average")
        return int8_kind::average;
    else if constexpr (name == "multiply" && Layer::facts.inputs == 2)
        return int8_kind::multiply;
    else if constexpr (name == "maximum")
        return int8_kind::maximum;
    else if constexpr (name == "concatenate")
        return int8_kind::concatenate;
    else if constexpr (name == "softmax")
        return int8_kind::softmax;
    else if constexpr (name == "zero_padding2d" || name == "zero_padding1d" ||
                       name == "cropping2d" || name == "cropping1d" || name == "up_sampling2d" ||
                       name == "up_sampling1d")
        return is_nearest<Layer>() ? int8_kind::move : int8_kind::none;
    else
        return int8_kind::none;
}

/// Whether its output has the scale and zero of its input, or inputs.
constexpr bool passes_scale(int8_kind kind) noexcept {
    return kind == int8_kind::reshape || kind == int8_kind::max_pool ||
           kind == int8_kind::average_pool || kind == int8_kind::maximum ||
           kind == int8_kind::concatenate || kind == int8_kind::move;
}
/// Whether a clamp behind it is part of it.
constexpr bool takes_clamp(int8_kind kind) noexcept {
    return kind == int8_kind::convolution || kind == int8_kind::add || kind == int8_kind::average ||
           kind == int8_kind::multiply;
}

}  // namespace ctnn::detail
