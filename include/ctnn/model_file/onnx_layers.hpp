// The operators of an ONNX file that are layers without windows: dense layers, batch normalization,
// activations with options.
#pragma once

#include <ctnn/layers/options.hpp>
#include <ctnn/model_file/onnx_values.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace ctnn::detail {

class onnx_layers : protected onnx_values {
protected:
    using onnx_values::onnx_values;

    /// A x B + C, with the matrix B of in x out, or (Gemm's transB) out x in.
    constexpr void read_dense(const onnx_view& matrix, std::size_t first, bool has_bias) {
        onnx_tensor& x = in(0);
        std::size_t value = computed(x);
        if (mistake) return;
        const std::size_t rank = x.view.rank();
        if (rank < 2 || x.view.extents[0] != 1) return wrong(model_error::unsupported_shape, x);
        if (matrix.rank() != 2 || matrix.extents[0] != x.view.extents.back())
            return wrong(model_error::wrong_shape, in(1));
        const std::size_t in_count = matrix.extents[0], out = matrix.extents[1];
        model_step step = step_of(step_kind::dense, value);
        step.filters = out;
        onnx_view result;
        if (x.view.size() == in_count) {  // one list
            take_matrix(step, matrix, first);
            step.inputs[0] = in_shape(value, {1, 1, in_count});
            result = view_in_order(x.view.extents);
            result.extents.back() = out;
            result = view_in_order(result.extents);
        } else {  // each pixel by itself: a convolution of 1 x 1
            step.kind = step_kind::conv2d;
            step.inputs[0] = with_channels(x, rank - 1);
            if (mistake) return;
            step.arrays.push_back({true,
                                   0.0f,
                                   first,
                                   {1, 1, in_count, out},
                                   {0, 0, bytes_along(matrix, 0), bytes_along(matrix, 1)}});
            result = view_with_channels(x.view, rank - 1, out);
        }
        if (has_bias) add_bias(step, 2, out);
        const std::size_t y = add(static_cast<model_step&&>(step));
        write(y, static_cast<onnx_view&&>(result));
    }
    /// Rows of the matrix stand in the order of the file's channels, rows and columns, and are read
    /// in the order in which this library has these.
    constexpr void take_matrix(model_step& step, const onnx_view& matrix, std::size_t first) {
        std::vector<onnx_part> order = in(0).view.parts;
        std::vector<std::size_t> extents;
        for (onnx_part& part : order) {
            part.axis = extents.size();
            extents.push_back(part.extent);
        }
        const std::size_t parts = order.size();
        extents.push_back(matrix.extents[1]);
        const onnx_view rows = reshaped_view(matrix, extents);
        if (parts > 3 || rows.extents != extents)
            return wrong(model_error::unsupported_shape, in(0));
        std::ranges::sort(
            order, [](const onnx_part& a, const onnx_part& b) { return a.stride > b.stride; });
        model_array array{true, 0.0f, first, {1, 1, 1, extents.back()}, {}};
        for (std::size_t i = 0; i < parts; ++i) {
            array.extents[3 - parts + i] = order[i].extent;
            array.strides[3 - parts + i] = bytes_along(rows, order[i].axis);
        }
        array.strides[3] = bytes_along(rows, parts);
        step.arrays.push_back(array);
    }
    constexpr void read_gemm() {
        unless(float_of("alpha", 1.0f) == 1.0f, "alpha");
        unless(float_of("beta", 1.0f) == 1.0f, "beta");
        unless(int_of("transA", 0) == 0, "transA");
        const onnx_tensor& t = constant(1);
        if (!mistake && t.view.rank() != 2) wrong(model_error::wrong_shape, t);
        if (mistake) return;
        const std::array<std::size_t, 2> order{1, 0};
        onnx_view matrix = t.view;
        if (int_of("transB", 0) != 0) matrix = transposed_view(t.view, order);
        read_dense(matrix, t.first, true);
    }
    constexpr void read_matmul() {
        const onnx_tensor& t = constant(1);
        if (!mistake) read_dense(t.view, t.first, false);
    }

    /// Over everything but images and channels.
    constexpr void read_reduce(step_kind kind) {
        onnx_tensor& x = in(0);
        const std::vector<std::int64_t> given = list(1, "axes");
        const bool keeps = int_of("keepdims", 1) != 0;
        const std::size_t rank = x.view.rank();
        std::vector<char> is_reduced;
        for (std::size_t i = 0; i < rank; ++i) is_reduced.push_back(0);
        for (std::size_t i = 0; i < given.size() && !mistake; ++i) {
            const std::size_t axis = axis_in(given[i], rank);
            if (!mistake) is_reduced[axis] = 1;
        }
        std::size_t channels = none, kept = 0;
        for (std::size_t i = 0; i < rank; ++i)
            if (is_reduced[i] == 0 && (i > 0 || x.view.extents[0] != 1)) channels = i, ++kept;
        unless(!given.empty() && kept == 1, "axes");
        if (mistake) return;
        const std::size_t value = with_channels(x, channels);
        std::vector<std::size_t> extents;
        for (std::size_t i = 0; i < rank; ++i)
            if (is_reduced[i] == 0 || keeps)
                extents.push_back(is_reduced[i] != 0 ? 1 : x.view.extents[i]);
        write(add(step_of(kind, value)), view_in_order(extents));
    }
    constexpr void read_batch_normalization() {
        unless(int_of("training_mode", 0) == 0, "training_mode");
        unless(int_of("spatial", 1) == 1, "spatial");
        const float epsilon = float_of("epsilon", 1e-5f);
        unless(epsilon > 0.0f, "epsilon");
        if (mistake) return;
        model_step step = step_of(step_kind::batch_normalization, with_channels(in(0), 1));
        step.first = fraction(epsilon, "epsilon");
        if (mistake) return;
        const std::size_t channels = graph.shape_of(step.inputs[0]).channels;
        for (std::size_t i = 1; i <= 4; ++i) {
            if (!mistake && constant(i).view.size() != channels)
                wrong(model_error::wrong_shape, in(i));
            step.arrays.push_back(list_of(i, channels));
        }
        write_elementwise(static_cast<model_step&&>(step));
    }
    constexpr void read_softmax() {
        onnx_tensor& x = in(0);
        const std::size_t rank = x.view.rank(),
                          axis = axis_in(int_of("axis", opset < 13 ? 1 : -1), rank);
        if (mistake) return;
        for (std::size_t i = axis + 1; i < rank && opset < 13;
             ++i)  // it was over all axes from here
            unless(x.view.extents[i] == 1, "axis");
        write_elementwise(step_of(step_kind::softmax, with_channels(x, axis)));
    }
    constexpr void read_clip() {
        constexpr float most = std::numeric_limits<float>::max();
        const bool has_inputs = opset >= 11;
        const float low = !has_inputs   ? float_of("min", -most)
                          : is_empty(1) ? -most
                                        : single(1),
                    high = !has_inputs   ? float_of("max", most)
                           : is_empty(2) ? most
                                         : single(2);
        if (low == 0.0f && high >= most) return read_elementwise(step_kind::relu);
        if (low == 0.0f && high == 6.0f) return read_elementwise(step_kind::relu6);
        unless(low < high && low > -most && high<most, low> - most ? "max" : "min");
        if (!mistake)
            read_elementwise(step_kind::clip, fraction(low, "min"), fraction(high, "max"));
    }
    constexpr void read_leaky_relu() {
        const float slope = float_of("alpha", 0.01f);
        unless(slope >= 0.0f, "alpha");
        if (!mistake) read_elementwise(step_kind::leaky_relu, fraction(slope, "alpha"));
    }
    constexpr void read_elu() {
        const float scale = float_of("alpha", 1.0f);
        unless(scale > 0.0f, "alpha");
        if (!mistake) read_elementwise(step_kind::elu, fraction(scale, "alpha"));
    }
    constexpr void read_selu() {
        unless(is_near(float_of("alpha", 1.67326324f), 1.67326324f), "alpha");
        unless(is_near(float_of("gamma", 1.05070098f), 1.05070098f), "gamma");
        read_elementwise(step_kind::selu);
    }
    constexpr void read_hard_sigmoid() {
        unless(is_near(float_of("alpha", 0.2f), 1.0f / 6.0f), "alpha");
        unless(float_of("beta", 0.5f) == 0.5f, "beta");
        read_elementwise(step_kind::hard_sigmoid);
    }
    constexpr void read_gelu() {
        unless(is_string("approximate", "none", "none"), "approximate");
        read_elementwise(step_kind::gelu);
    }
    constexpr void read_prelu() {
        onnx_tensor& x = in(0);
        const onnx_tensor& t = constant(1);
        if (mistake) return;
        if (x.view.rank() < 2) return wrong(model_error::unsupported_shape, x);
        const std::size_t value = with_channels(x, 1);
        const std::size_t from_end = x.view.rank() - 1;  // the channels, counted from the end
        for (std::size_t i = 0; i < t.view.rank() && !mistake; ++i)
            if (t.view.extents[i] != 1 && t.view.rank() - i != from_end)
                wrong(model_error::unsupported_shape, t);
        if (mistake) return;
        model_step step = step_of(step_kind::prelu, value);
        step.arrays.push_back(list_of(1, graph.shape_of(value).channels));
        write_elementwise(static_cast<model_step&&>(step));
    }
};

}  // namespace ctnn::detail
