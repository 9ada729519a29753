// What a model file says, in this library's terms: steps over numbered values, and where in the file
// the numbers of each parameter array lie. The readers (tflite.hpp, onnx.hpp) write it; whoever asks
// for a type, for weights or for text reads it. Everything works in constant expressions and at run
// time.
#pragma once

#include <ctnn/layers/conv2d_transpose.hpp>
#include <ctnn/layers/options.hpp>
#include <ctnn/model_file/mistake.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ctnn::detail {

enum class step_kind {
    conv2d,
    depthwise_conv2d,
    conv2d_transpose,
    dense,
    max_pool2d,
    average_pool2d,
    global_max_pool2d,
    global_average_pool2d,
    batch_normalization,
    scale_and_offset,
    relu,
    relu6,
    leaky_relu,
    prelu,
    elu,
    selu,
    clip,
    sigmoid,
    hard_sigmoid,
    hard_swish,
    swish,
    tanh,
    gelu,
    softplus,
    softsign,
    exponential,
    softmax,
    flatten,
    reshape,
    zero_padding2d,
    up_sampling2d,
    add,
    multiply,
    maximum,
    average,
    concatenate
};

/// Whether several values meet in such a step.
constexpr bool is_merge(step_kind kind) noexcept {
    return kind >= step_kind::add;
}

struct model_shape {
    std::size_t height = 0, width = 0, channels = 0;
    [[nodiscard]] constexpr std::size_t size() const noexcept { return height * width * channels; }
    bool operator==(const model_shape&) const = default;
};

/// A number as the options of a layer write it; the denominator is at least 1.
struct model_fraction {
    int numerator = 0, denominator = 1;
    bool operator==(const model_fraction&) const = default;
};

/// The numbers of one parameter array, in this library's order: element (i, j, k, l) is the number
/// at byte `first + i strides[0] + j strides[1] + k strides[2] + l strides[3]` of the file, or
/// `otherwise` where the file has none. Of floats and 32-bit integers strides are multiples of 4.
struct model_array {
    bool is_in_file = false;
    float otherwise = 0.0f;
    std::size_t first = 0;
    std::array<std::size_t, 4> extents{1, 1, 1, 1}, strides{};
    [[nodiscard]] constexpr std::size_t size() const noexcept {
        return extents[0] * extents[1] * extents[2] * extents[3];
    }
};

/// How the bytes of a value mean numbers: scale (byte - zero). A scale of 0: they are floats.
struct model_scale {
    float scale = 0.0f;
    int zero = 0;
    bool operator==(const model_scale&) const = default;
};

/// Step i reads values and writes value i + 1; value 0 is the network's input.
struct model_step {
    step_kind kind{};
    std::size_t operation = 0;  // which one of the file, from 0
    std::array<std::size_t, 2> extents{1, 1}, stride{1, 1}, dilation{1, 1};  // rows, columns
    bool is_same = false;
    std::array<std::size_t, 4> pads{};    // top, bottom, left, right, where it is not `same`
    std::size_t filters = 0, groups = 1;  // of a depthwise convolution: filters per channel
    model_fraction first{}, second{};     // alpha, epsilon, or low and high
    bool is_bilinear = false;
    model_shape output{};
    std::vector<std::size_t> inputs;
    std::vector<model_array> arrays;  // in the order of the layer's; in bytes: kernel, bias, scales
    model_scale scale{};              // of the value that it writes
    model_name name{};                // of the value that it writes, in the file

    /// Of a convolution or dense layer. (One of bytes has its array, in the file or not.)
    [[nodiscard]] constexpr bool has_bias() const noexcept {
        return arrays.size() > 1 && (arrays[1].is_in_file || scale.scale == 0.0f);
    }
};

/// The window of a step, along rows (0) or columns (1), over `pixels`.
constexpr axis axis_of(const model_step& step, std::size_t which, std::size_t pixels) noexcept {
    axis a{pixels, step.extents[which], step.stride[which], step.dilation[which], 0, 0};
    const bool goes_back = step.kind == step_kind::conv2d_transpose;
    const pads given{step.pads[2 * which], step.pads[2 * which + 1]};
    const bool is_padded = given.before + given.after > 0;
    if (goes_back)
        return step.is_same ? way_back<same>(a, {})
               : is_padded  ? way_back<padding<0>>(a, given)
                            : way_back<valid>(a, {});
    const pads found = step.is_same ? same::rows(a) : given;
    return {pixels, a.taps, a.stride, a.dilation, found.before, found.after};
}

/// The network of a model file, or what is wrong with it.
struct model_graph {
    model_mistake mistake{};
    model_shape input{};
    model_scale input_scale{};
    std::vector<model_step> steps;
    std::size_t output = 0;  // a value

    /// Whether values and weights are bytes.
    [[nodiscard]] constexpr bool is_int8() const noexcept { return input_scale.scale > 0.0f; }

    [[nodiscard]] constexpr const model_shape& shape_of(std::size_t value) const noexcept {
        return value == 0 ? input : steps[value - 1].output;
    }
    [[nodiscard]] constexpr const model_scale& scale_of(std::size_t value) const noexcept {
        return value == 0 ? input_scale : steps[value - 1].scale;
    }
    /// Adds a step, with the shape that this library gives its output: 0 where it does not fit.
    /// Returns the value that it writes.
    constexpr std::size_t add(model_step step) {
        step.output = output_of(step);
        steps.push_back(static_cast<model_step&&>(step));
        return steps.size();
    }

private:
    [[nodiscard]] constexpr model_shape output_of(const model_step& step) const {
        const model_shape x = shape_of(step.inputs[0]);
        const auto window = [&](std::size_t channels) -> model_shape {
            const std::size_t rows = axis_of(step, 0, x.height).output(),
                              columns = axis_of(step, 1, x.width).output();
            return rows == 0 || columns == 0 ? model_shape{} : model_shape{rows, columns, channels};
        };
        switch (step.kind) {
        case step_kind::conv2d:
            return window(step.filters);
        case step_kind::depthwise_conv2d:
            return window(x.channels * step.filters);
        case step_kind::conv2d_transpose:
            return {axis_of(step, 0, x.height).input, axis_of(step, 1, x.width).input,
                    step.filters};
        case step_kind::max_pool2d:
        case step_kind::average_pool2d:
            return window(x.channels);
        case step_kind::dense:
            return {1, 1, step.filters};
        case step_kind::global_max_pool2d:
        case step_kind::global_average_pool2d:
            return {1, 1, x.channels};
        case step_kind::flatten:
            return {1, 1, x.size()};
        case step_kind::reshape:
            return step.output.size() == x.size() ? step.output : model_shape{};
        case step_kind::zero_padding2d:
            return {step.pads[0] + x.height + step.pads[1], step.pads[2] + x.width + step.pads[3],
                    x.channels};
        case step_kind::up_sampling2d:
            return {x.height * step.extents[0], x.width * step.extents[1], x.channels};
        case step_kind::concatenate: {
            std::size_t channels = 0;
            for (const std::size_t value : step.inputs) {
                const model_shape other = shape_of(value);
                if (other.height != x.height || other.width != x.width) return {};
                channels += other.channels;
            }
            return {x.height, x.width, channels};
        }
        case step_kind::multiply: {
            model_shape largest = x;
            for (const std::size_t value : step.inputs)
                if (shape_of(value).size() > largest.size()) largest = shape_of(value);
            for (const std::size_t value : step.inputs) {
                const model_shape other = shape_of(value);
                if (other != largest && other != model_shape{1, 1, largest.channels}) return {};
            }
            return largest;
        }
        case step_kind::add:
        case step_kind::maximum:
        case step_kind::average:
            for (const std::size_t value : step.inputs)
                if (shape_of(value) != x) return {};
            return x;
        default:
            return x;
        }
    }
};

/// The fraction that a layer's option turns into exactly `value`; 0 / 0 if there is none. Continued
/// fractions: the first that is near enough has the smallest denominator of its kind.
constexpr model_fraction fraction_of(float value) noexcept {
    constexpr double most = 2147483647.0;
    const double target = value < 0.0f ? -static_cast<double>(value) : static_cast<double>(value);
    double rest = target;
    double numerator = 1.0, denominator = 0.0, last_numerator = 0.0, last_denominator = 1.0;
    for (int i = 0; i < 40 && rest <= most; ++i) {
        const double whole = static_cast<double>(static_cast<std::int64_t>(rest));
        const double next = whole * numerator + last_numerator,
                     next_below = whole * denominator + last_denominator;
        if (!(next <= most && next_below <= most)) break;
        last_numerator = numerator, last_denominator = denominator;
        numerator = next, denominator = next_below;
        const int above = static_cast<int>(numerator), below = static_cast<int>(denominator);
        const int signed_above = value < 0.0f ? -above : above;
        if (static_cast<float>(signed_above) / static_cast<float>(below) == value)
            return {signed_above, below};
        if (rest == whole) break;
        rest = 1.0 / (rest - whole);
    }
    return {0, 0};
}

}  // namespace ctnn::detail
