// The values that the operators of an ONNX file compute, as steps of the graph: in which order their
// numbers lie, and where the weights do.
#pragma once

#include <ctnn/model_file/onnx_shapes.hpp>

#include <cstddef>
#include <string_view>
#include <vector>

namespace ctnn::detail {

class onnx_values : protected onnx_shapes {
protected:
    using onnx_shapes::onnx_shapes;

    model_graph graph;

    // Values.

    constexpr std::size_t computed(const onnx_tensor& t) {
        if (t.formula != onnx_formula::none)
            fail(model_error::unsupported_operator,
                 std::string_view(t.formula < onnx_formula::magnitude ? "Erf" : "Abs"), operation);
        if (t.value == none) wrong(model_error::not_computed, t);
        return t.value == none ? 0 : t.value;
    }
    constexpr std::size_t add(model_step step) {
        step.operation = operation;
        if (!node().outputs.empty() && node().outputs[0] != none)
            step.name = model_name(tensors[node().outputs[0]].name);
        if (mistake) return 0;
        const std::size_t value = graph.add(static_cast<model_step&&>(step));
        alone.push_back(1);
        const model_shape& y = graph.shape_of(value);
        if (y.height == 0 || y.width == 0 || y.channels == 0) wrong(model_error::wrong_shape);
        size_of({y.height, y.width, y.channels}, node().kind);
        return value;
    }
    static constexpr model_step step_of(step_kind kind, std::size_t value) {
        model_step step;
        step.kind = kind;
        step.inputs.push_back(value);
        return step;
    }
    /// The same numbers under another shape.
    constexpr std::size_t in_shape(std::size_t value, const model_shape& shape) {
        if (mistake || graph.shape_of(value) == shape) return value;
        model_step step = step_of(step_kind::reshape, value);
        step.output = shape;
        if (shape.height == 1 && shape.width == 1) step.kind = step_kind::flatten;
        return add(static_cast<model_step&&>(step));
    }
    /// A map of N, C, H, W (or N, C, W, or N, C) in this library's order.
    constexpr std::size_t map_of(onnx_tensor& t) {
        const std::vector<std::size_t>& e = t.view.extents;
        const std::size_t value = computed(t);
        if (e.size() < 2 || e.size() > 4 || e[0] != 1)
            wrong(model_error::unsupported_shape, t);
        else if (!t.view.is_map() && !reorder(t))
            wrong(model_error::wrong_order, t);
        if (mistake) return 0;
        return in_shape(value, {e.size() > 3 ? e[2] : 1, e.size() > 2 ? e.back() : 1, e[1]});
    }
    /// Of N, H, W, C, or N, T, C, or N, C.
    static constexpr model_shape shape_of_pixels(const std::vector<std::size_t>& e) {
        return {e.size() > 3 ? e[1] : 1, e.size() > 2 ? e[e.size() - 2] : 1, e.back()};
    }
    constexpr std::size_t pixels_of(const onnx_tensor& t) {
        const std::size_t value = computed(t);
        if (t.view.rank() > 4 || t.view.extents[0] != 1) wrong(model_error::unsupported_shape, t);
        return mistake ? 0 : in_shape(value, shape_of_pixels(t.view.extents));
    }
    /// A value whose channels are this axis.
    constexpr std::size_t with_channels(onnx_tensor& t, std::size_t axis) {
        const std::size_t value = computed(t);
        if (mistake) return 0;
        if (axis >= t.view.rank()) wrong(model_error::unsupported_shape, t);
        if (!mistake && !t.view.is_fastest(axis) && !(axis == 1 && reorder(t)))
            wrong(model_error::wrong_order, t);
        if (mistake) return 0;
        const std::size_t channels = t.view.extents[axis], pixels = t.view.size() / channels;
        return graph.shape_of(value).channels == channels ? value
                                                          : in_shape(value, {1, pixels, channels});
    }

    /// Makes a map of N, C, H, W out of a list that a dense layer computes, if it is nobody else's:
    /// the layer computes its numbers in another order.
    constexpr bool reorder(onnx_tensor& t) {
        std::size_t value = t.value;
        const std::size_t rank = t.view.rank(), count = t.view.size();
        const model_shape list{1, 1, count};
        if (rank < 3 || rank > 4 || t.view.extents[0] != 1 || !t.view.is_in_order()) return false;
        std::vector<std::size_t> steps;
        for (bool is_dense = false; !is_dense; value = graph.steps[value - 1].inputs[0]) {
            if (value == 0 || alone[value] == 0) return false;
            const model_step& step = graph.steps[value - 1];
            is_dense = step.kind == step_kind::dense;
            if (step.output != list || is_merge(step.kind) || step.kind == step_kind::softmax)
                return false;
            if (!is_dense && graph.shape_of(step.inputs[0]) != list) return false;
            steps.push_back(value - 1);
        }
        const std::size_t channels = t.view.extents[1], pixels = count / channels;
        model_array& kernel = graph.steps[steps.back()].arrays[0];
        if (kernel.extents[0] != 1) return false;  // its input is in another order, too
        kernel.extents = {kernel.extents[1], kernel.extents[2], pixels, channels};
        kernel.strides = {kernel.strides[1], kernel.strides[2], kernel.strides[3],
                          kernel.strides[3] * pixels};
        for (const std::size_t number : steps)
            for (model_array& array : graph.steps[number].arrays)
                if (&array != &kernel) {
                    array.extents = {1, 1, pixels, channels};
                    array.strides = {0, 0, array.strides[3], array.strides[3] * pixels};
                }
        const std::size_t height = rank > 3 ? t.view.extents[2] : 1;
        t.view = view_of_map(rank, height, pixels / height, channels);
        return true;
    }

    // Results.

    /// The result is this value, seen so.
    constexpr void write(std::size_t value, onnx_view view) {
        if (onnx_tensor* const to = result()) {
            to->value = value;
            to->view = static_cast<onnx_view&&>(view);
            if (to->reads != 1) alone[value] = 0;
        }
    }
    constexpr void write_map(model_step step, std::size_t rank) {
        const std::size_t value = add(static_cast<model_step&&>(step));
        if (mistake) return;
        const model_shape& y = graph.shape_of(value);
        write(value, view_of_map(rank, y.height, y.width, y.channels));
    }
    /// A layer that changes every number of operand 0 by itself.
    constexpr void write_elementwise(model_step step) {
        write(add(static_cast<model_step&&>(step)), in(0).view);
    }
    constexpr void read_elementwise(step_kind kind) {
        write_elementwise(step_of(kind, computed(in(0))));
    }
    constexpr void read_elementwise(step_kind kind, model_fraction first,
                                    model_fraction second = {}) {
        model_step step = step_of(kind, computed(in(0)));
        step.first = first;
        step.second = second;
        write_elementwise(static_cast<model_step&&>(step));
    }
    constexpr model_fraction fraction(float value, std::string_view option) {
        const model_fraction result = fraction_of(value);
        unless(result.denominator > 0, option);
        return result;
    }

    // Weights.

    /// Bytes between neighbours of an axis of a constant.
    constexpr std::size_t bytes_along(const onnx_view& view, std::size_t axis) {
        const std::size_t stride = view.stride_of(axis, none);
        if (stride == none) wrong(model_error::unsupported_shape, in(1));
        return stride == none ? 0 : 4 * stride;
    }
    /// As many numbers as `count`, or one for all.
    constexpr model_array list_of(std::size_t i, std::size_t count) {
        const onnx_tensor& t = constant(i);
        if (mistake) return {};
        model_array array{true, 0.0f, t.first, {1, 1, 1, count}, {}};
        if (t.view.size() == 1) {
            array.is_in_file = false;
            array.otherwise = float32(t.first);
            return array;
        }
        const onnx_view view = reshaped_view(t.view, {t.view.size()});
        if (t.view.size() != count) wrong(model_error::wrong_shape, t);
        if (view.parts.size() != 1) wrong(model_error::unsupported_shape, t);
        if (!mistake) array.strides[3] = 4 * view.parts[0].stride;
        return array;
    }
    constexpr void add_bias(model_step& step, std::size_t i, std::size_t count) {
        if (has(i)) step.arrays.push_back(list_of(i, count));
    }
};

}  // namespace ctnn::detail
