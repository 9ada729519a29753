// What TensorFlow Lite's operators compute, in this library's terms.
// https://ai.google.dev/edge/litert/models/ops_compatibility
#pragma once

#include <ctnn/model_file/tflite_file.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ctnn::detail {

/// Whether a byte is among others; in one step for clang, which counts those of constant expressions.
constexpr bool holds_byte(std::span<const unsigned char> bytes, unsigned char byte) noexcept {
#ifdef __clang__
    return __builtin_memchr(bytes.data(), byte, bytes.size()) != nullptr;
#else
    return std::find(bytes.begin(), bytes.end(), byte) != bytes.end();
#endif
}

/// Turns the operator that is being read into steps; each function returns the value that they give.
struct tflite_layers : tflite_file {
    using tflite_file::tflite_file;

    constexpr model_step step_of(step_kind kind) {
        model_step step;
        step.kind = kind;
        step.operation = operation;
        step.inputs.push_back(operand(0));
        return step;
    }
    constexpr std::size_t add(model_step step) {
        step.operation = operation;
        step.name = tensors[output].name;
        if (graph.is_int8())  // what an operator flattens first keeps its scale
            step.scale = step.kind == step_kind::flatten ? graph.scale_of(step.inputs[0])
                                                         : scale_of(tensors[output]);
        const std::size_t value = graph.add(static_cast<model_step&&>(step));
        if (graph.shape_of(value).size() == 0) wrong(model_error::wrong_shape);
        return value;
    }
    constexpr std::size_t add_after(step_kind kind, std::size_t value) {
        model_step step;
        step.kind = kind;
        step.inputs.push_back(value);
        return add(static_cast<model_step&&>(step));
    }
    /// Adds the step, and the activation that the schema fuses with it.
    constexpr std::size_t add(model_step step, unsigned fused) {
        std::size_t value = add(static_cast<model_step&&>(step));
        switch (fused) {
        case 0:
            return value;
        case 1:
            return add_after(step_kind::relu, value);
        case 2:
            return add_clip(value, -1, 1);
        case 3:
            return add_after(step_kind::relu6, value);
        case 4:
            return add_after(step_kind::tanh, value);
        default:
            unless(false, std::string_view("fused_activation_function"));
            return value;
        }
    }
    constexpr std::size_t add_clip(std::size_t value, int low, int high) {
        model_step step;
        step.kind = step_kind::clip;
        step.inputs.push_back(value);
        step.first = {low, 1};
        step.second = {high, 1};
        return add(static_cast<model_step&&>(step));
    }
    constexpr void take_padding(model_step& step) {
        const unsigned padding = byte_of(options, 0);
        unless(padding <= 1, std::string_view("padding"));
        step.is_same = padding == 0;
    }
    /// Rows and columns from two fields, columns first.
    constexpr std::array<std::size_t, 2> pair_of(std::size_t columns, std::int32_t otherwise) {
        const std::int32_t w = int32_of(options, columns, otherwise),
                           h = int32_of(options, columns + 1, otherwise);
        const bool fits = 1 <= h && h < (1 << 24) && 1 <= w && w < (1 << 24);
        if (!fits) wrong(model_error::malformed);
        return fits ? std::array{static_cast<std::size_t>(h), static_cast<std::size_t>(w)}
                    : std::array<std::size_t, 2>{1, 1};
    }

    /// Operand 1, a layer's kernel of `rank` extents: floats or bytes, as the graph's values.
    constexpr const tensor& kernel(std::size_t rank) {
        return constant(1, rank, graph.is_int8() ? bytes_with_sign : floats);
    }
    /// Adds the kernel's numbers, of which element (i, j, k, l) lies `strides` numbers further; then
    /// the bias, operand `bias`; in bytes also the scales of its filters, which are `axis` of it.
    constexpr void add_arrays(model_step& step, const tensor& t,
                              const std::array<std::size_t, 4>& extents,
                              const std::array<std::size_t, 4>& strides, std::size_t bias,
                              std::size_t count, std::int32_t axis) {
        const std::size_t each = graph.is_int8() ? 1 : 4;
        step.arrays.push_back(
            {true,
             0.0f,
             t.data.first,
             extents,
             {each * strides[0], each * strides[1], each * strides[2], each * strides[3]}});
        if (has(bias)) {
            const tensor& b = constant(bias, 1, graph.is_int8() ? integers : floats);
            if (b.size() != count) fail(model_error::wrong_shape, b.name, operation);
            step.arrays.push_back({true, 0.0f, b.data.first, {1, 1, 1, count}, {0, 0, 0, 4}});
        } else if (graph.is_int8()) {
            step.arrays.push_back({false, 0.0f, 0, {1, 1, 1, count}, {}});
        }
        if (!graph.is_int8() || !has_scales(t, count)) return;
        for (std::size_t i = 0; i < t.zeros.size; ++i)
            if (int32(t.zeros.first + 8 * i) != 0)
                fail(model_error::unsupported_quantization, t.name, operation);
        if (t.scales.size > 1 && t.scaled_axis != axis)
            fail(model_error::unsupported_quantization, t.name, operation);
        if (holds_byte(part(t.data.first, t.data.size), 128))  // -128
            fail(model_error::unsupported_quantization, t.name, operation);
        step.arrays.push_back({true,
                               0.0f,
                               t.scales.first,
                               {1, 1, 1, count},
                               {0, 0, 0, t.scales.size == 1 ? 0u : 4u}});
    }
    /// The window of a convolution with this kernel (whose axes 1 and 2 are rows and columns);
    /// `dilation` is its field in the options.
    constexpr void take_window(model_step& step, const tensor& kernel, std::size_t dilation) {
        take_padding(step);
        step.stride = pair_of(1, 1);
        step.dilation = pair_of(dilation, 1);
        step.extents = {kernel.extents[1], kernel.extents[2]};
    }
    constexpr std::size_t read_conv() {
        model_step step = step_of(step_kind::conv2d);
        const tensor& t = kernel(4);  // out, rows, columns, in
        if (mistake) return 0;
        const std::size_t out = t.extents[0], rows = t.extents[1], columns = t.extents[2],
                          in = t.extents[3], channels = graph.shape_of(step.inputs[0]).channels;
        if (out == 0 || in == 0 || channels % in != 0 || out % (channels / in) != 0) {
            fail(model_error::wrong_shape, t.name, operation);
            return 0;
        }
        take_window(step, t, 4);
        step.filters = out;
        step.groups = channels / in;
        add_arrays(step, t, {rows, columns, in, out}, {columns * in, in, 1, rows * columns * in}, 2,
                   out, 0);
        return add(static_cast<model_step&&>(step), byte_of(options, 3));
    }
    constexpr std::size_t read_depthwise() {
        model_step step = step_of(step_kind::depthwise_conv2d);
        const tensor& t = kernel(4);  // 1, rows, columns, channels x multiplier
        if (mistake) return 0;
        const std::size_t rows = t.extents[1], columns = t.extents[2], out = t.extents[3],
                          channels = graph.shape_of(step.inputs[0]).channels;
        if (t.extents[0] != 1 || out == 0 || out % channels != 0) {
            fail(model_error::wrong_shape, t.name, operation);
            return 0;
        }
        take_window(step, t, 5);
        step.filters = out / channels;
        add_arrays(step, t, {rows, columns, channels, step.filters},
                   {columns * out, out, step.filters, 1}, 2, out, 3);
        return add(static_cast<model_step&&>(step), byte_of(options, 4));
    }
    constexpr std::size_t read_transpose_conv() {  // operands: output shape, kernel, input, bias
        model_step step;
        step.kind = step_kind::conv2d_transpose;
        step.inputs.push_back(operand(2));
        const tensor& t = kernel(4);  // out, rows, columns, in
        if (mistake) return 0;
        const std::size_t out = t.extents[0], rows = t.extents[1], columns = t.extents[2],
                          in = t.extents[3];
        if (in != graph.shape_of(step.inputs[0]).channels)
            fail(model_error::wrong_shape, t.name, operation);
        take_padding(step);
        step.stride = pair_of(1, 1);
        step.extents = {rows, columns};
        step.filters = out;
        add_arrays(step, t, {rows, columns, out, in}, {columns * in, in, rows * columns * in, 1}, 3,
                   out, 0);
        return add(static_cast<model_step&&>(step), byte_of(options, 3));
    }
    constexpr std::size_t read_dense() {
        std::size_t value = operand(0);
        const tensor& t = kernel(2);  // out, in
        if (mistake) return 0;
        const std::size_t out = t.extents[0], in = t.extents[1];
        const model_shape x = graph.shape_of(value);
        unless(byte_of(options, 1) == 0, std::string_view("weights_format"));
        const bool is_of_pixels = x.channels == in && x.height * x.width > 1;
        if (x.size() != in && !is_of_pixels) fail(model_error::wrong_shape, t.name, operation);
        if (mistake || out == 0) return 0;
        if (!is_of_pixels && x.channels != in) value = add_after(step_kind::flatten, value);
        model_step step;  // for each pixel by itself: a convolution of 1 x 1
        step.kind = is_of_pixels ? step_kind::conv2d : step_kind::dense;
        step.inputs.push_back(value);
        step.filters = out;
        add_arrays(step, t, {1, 1, in, out}, {0, 0, 1, in}, 2, out, 0);
        return add(static_cast<model_step&&>(step), byte_of(options, 0));
    }
    constexpr std::size_t read_pool(step_kind kind) {
        model_step step = step_of(kind);
        take_padding(step);
        step.stride = pair_of(1, 1);
        step.extents = pair_of(3, 1);
        const model_shape x = graph.shape_of(step.inputs[0]);
        if (step.extents[0] == x.height && step.extents[1] == x.width && !step.is_same)
            step.kind = kind == step_kind::max_pool2d ? step_kind::global_max_pool2d
                                                      : step_kind::global_average_pool2d;
        return add(static_cast<model_step&&>(step), byte_of(options, 5));
    }
    constexpr std::size_t read_sum_or_product(step_kind kind) {
        if (inputs.size() != 2) wrong(model_error::wrong_operands);
        if (mistake) return 0;
        model_step step;
        if (is_constant(0) || is_constant(1)) {
            const std::size_t which = is_constant(0) ? 0 : 1;
            step.kind = step_kind::scale_and_offset;
            step.inputs.push_back(operand(1 - which));
            const std::size_t channels = graph.shape_of(step.inputs[0]).channels;
            const bool is_sum = kind == step_kind::add;
            const model_array given = list_of(which, channels),
                              none_given{false, is_sum ? 1.0f : 0.0f, 0, {1, 1, 1, channels}, {}};
            step.arrays = {is_sum ? none_given : given, is_sum ? given : none_given};
        } else {
            step.kind = kind;
            step.inputs = {operand(0), operand(1)};
        }
        return add(static_cast<model_step&&>(step), byte_of(options, 0));
    }
    constexpr std::size_t read_concatenation() {
        model_step step;
        step.kind = step_kind::concatenate;
        for (std::size_t i = 0; i < inputs.size(); ++i) step.inputs.push_back(operand(i));
        if (inputs.size() < 2) wrong(model_error::wrong_operands);
        if (mistake) return 0;
        const auto rank = static_cast<std::int32_t>(tensors[output].extents.size());
        const std::int32_t axis = int32_of(options, 0, 0);
        unless(axis == -1 || axis == rank - 1, std::string_view("axis"));
        return add(static_cast<model_step&&>(step), byte_of(options, 1));
    }
    constexpr std::size_t read_mean() {
        model_step step = step_of(step_kind::global_average_pool2d);
        const tensor& axes = constant(1, 0, 2);
        if (mistake) return 0;
        bool rows = false, columns = false, others = axes.size() != 2;
        const auto rank = static_cast<std::int32_t>(tensors[inputs[0]].extents.size());
        for (std::size_t i = 0; i < axes.size() && i < 2; ++i) {
            const std::int32_t given = int32(axes.data.first + 4 * i),
                               axis = given < 0 ? given + rank : given;
            rows |= axis == 1;
            columns |= axis == 2;
            others |= axis != 1 && axis != 2;
        }
        unless(rank == 4 && rows && columns && !others, std::string_view("axis"));
        return add(static_cast<model_step&&>(step));
    }
    constexpr std::size_t read_pad() {
        model_step step = step_of(step_kind::zero_padding2d);
        const tensor& t = constant(1, 2, 2);
        if (mistake) return 0;
        if (t.extents[0] != 4 || t.extents[1] != 2)
            fail(model_error::unsupported_shape, t.name, operation);
        if (mistake) return 0;
        for (std::size_t i = 0; i < 8; ++i) {
            const std::int32_t pixels = int32(t.data.first + 4 * i);
            unless(0 <= pixels && pixels < (1 << 24) && (pixels == 0 || (2 <= i && i < 6)),
                   std::string_view("paddings"));
            if (2 <= i && i < 6) step.pads[i - 2] = static_cast<std::size_t>(pixels);
        }
        return mistake ? 0 : add(static_cast<model_step&&>(step));
    }
    constexpr std::size_t read_reshape() {
        model_step step = step_of(step_kind::reshape);
        if (mistake) return 0;
        step.output = shape_of(tensors[output]);
        const model_shape from = graph.shape_of(step.inputs[0]);
        if (from == step.output) return step.inputs[0];
        if (step.output == model_shape{1, 1, from.size()}) step.kind = step_kind::flatten;
        return mistake ? 0 : add(static_cast<model_step&&>(step));
    }
    constexpr std::size_t read_resize(bool is_bilinear, std::size_t first_option) {
        model_step step = step_of(step_kind::up_sampling2d);
        const tensor& size = constant(1, 1, 2);
        if (mistake) return 0;
        const model_shape from = graph.shape_of(step.inputs[0]);
        unless(byte_of(options, first_option) == 0, std::string_view("align_corners"));
        unless(!is_bilinear || byte_of(options, first_option + 1) == 1,
               std::string_view("half_pixel_centers"));
        if (size.size() != 2) wrong(model_error::wrong_shape);
        if (mistake) return 0;
        const std::int32_t rows = int32(size.data.first), columns = int32(size.data.first + 4);
        const auto h = static_cast<std::size_t>(rows), w = static_cast<std::size_t>(columns);
        unless(rows > 0 && columns > 0 && h % from.height == 0 && w % from.width == 0,
               std::string_view("size"));
        if (mistake) return 0;
        step.extents = {h / from.height, w / from.width};
        step.is_bilinear = is_bilinear;
        return add(static_cast<model_step&&>(step));
    }
};

}  // namespace ctnn::detail
