// The operators of an ONNX file in which values meet: sums and products, also with constants, and
// Concat.
#pragma once

#include <ctnn/model_file/onnx_sizes.hpp>

#include <cstddef>
#include <string_view>
#include <vector>

namespace ctnn::detail {

class onnx_merges : protected onnx_sizes {
protected:
    using onnx_sizes::onnx_sizes;

    constexpr void read_sum(char with) {
        if (node().inputs.size() != 2) wrong(model_error::wrong_operands);
        if (mistake) return;
        if (is_whole(0) && is_whole(1)) return calculate(with);
        if (read_formula(with)) return;
        if (is_constant(1)) return read_linear(with, 0, 1);
        if (is_constant(0) && with != '-' && with != '/') return read_linear(with, 1, 0);
        if (with == '-' || with == '/') return wrong(model_error::unsupported_operator);
        if (with == '+') return meet(step_kind::add);
        read_product();
    }
    /// x (operation) a constant: of one number, or one of each channel.
    constexpr void read_linear(char with, std::size_t computed_one, std::size_t constant_one) {
        onnx_tensor& x = in(computed_one);
        const onnx_tensor& t = constant(constant_one);
        std::size_t value = computed(x);
        if (mistake) return;
        const std::size_t rank = x.view.rank();
        if (t.view.rank() > rank) return wrong(model_error::unsupported_shape, t);
        std::size_t channel = none;
        for (std::size_t i = 0; i < t.view.rank(); ++i)
            if (t.view.extents[i] != 1) {
                if (channel != none) return wrong(model_error::unsupported_shape, t);
                channel = rank - t.view.rank() + i;
                if (t.view.extents[i] != x.view.extents[channel])
                    return wrong(model_error::wrong_shape, t);
            }
        if (channel != none) value = with_channels(x, channel);
        if (mistake) return;
        const std::size_t channels = graph.shape_of(value).channels;
        model_array given = list_of(constant_one, channels);
        const bool is_sum = with == '+' || with == '-';
        if (with == '-' || with == '/') {
            unless(!given.is_in_file && (with == '-' || given.otherwise != 0.0f), "B");
            given.otherwise = with == '-' ? -given.otherwise : 1.0f / given.otherwise;
        }
        if (mistake) return;
        if (channel == none && read_sixth(with, value)) return;
        if (with == '+' && takes_bias(value)) {
            model_step& before = graph.steps[value - 1];
            const std::size_t count = before.kind == step_kind::depthwise_conv2d
                                          ? before.output.channels
                                          : before.filters;
            given.extents[3] = count;
            before.arrays.push_back(given);
            if (!node().outputs.empty() && node().outputs[0] != none)
                before.name = model_name(tensors[node().outputs[0]].name);
            return write(value, x.view);
        }
        if (is_sum && given.is_in_file && takes_offset(value)) {
            graph.steps[value - 1].arrays[1] = given;
            return write(value, x.view);
        }
        model_step step = step_of(step_kind::scale_and_offset, value);
        const model_array no_change{false, is_sum ? 1.0f : 0.0f, 0, {1, 1, 1, channels}, {}};
        step.arrays = {is_sum ? no_change : given, is_sum ? given : no_change};
        write(add(static_cast<model_step&&>(step)), x.view);
    }
    /// A layer that has no bias yet, and whose result nobody else reads.
    constexpr bool takes_bias(std::size_t value) const {
        if (value == 0 || alone[value] == 0) return false;
        const model_step& step = graph.steps[value - 1];
        return (step.kind == step_kind::conv2d || step.kind == step_kind::depthwise_conv2d ||
                step.kind == step_kind::conv2d_transpose || step.kind == step_kind::dense) &&
               step.arrays.size() == 1;
    }
    /// A product with a number for each channel: batch normalization, as some exporters write it.
    constexpr bool takes_offset(std::size_t value) const {
        if (value == 0 || !is_alone(value, step_kind::scale_and_offset)) return false;
        const std::vector<model_array>& arrays = graph.steps[value - 1].arrays;
        return arrays[0].is_in_file && !arrays[1].is_in_file && arrays[1].otherwise == 0.0f;
    }
    /// Values that are seen in the same way.
    constexpr void meet(step_kind kind) {
        const onnx_tensor& x = in(0);
        if (node().inputs.size() < 2) wrong(model_error::wrong_operands);
        const std::size_t first = mistake ? 0 : computed(x);
        model_step step = step_of(kind, first);
        for (std::size_t i = 1; i < node().inputs.size() && !mistake; ++i) {
            const onnx_tensor& other = in(i);
            const std::size_t value = computed(other);
            if (mistake) return;
            if (other.view.extents != x.view.extents)
                return wrong(model_error::unsupported_shape, other);
            if (other.view != x.view) return wrong(model_error::wrong_order, other);
            step.inputs.push_back(in_shape(value, graph.shape_of(first)));
        }
        if (!mistake) write(add(static_cast<model_step&&>(step)), x.view);
    }
    /// Two values; one may have a number for each channel of the other.
    constexpr void read_product() {
        onnx_tensor &a = in(0), &b = in(1);
        const std::size_t of_a = computed(a), of_b = computed(b);
        if (mistake) return;
        onnx_tensor& large = a.view.size() < b.view.size() ? b : a;
        if (!is_gate(of_a, of_b) && !is_gate(of_b, of_a)) {
            if (a.view.extents == b.view.extents) return meet(step_kind::multiply);
            return read_scaling(large, &large == &a ? b : a);
        }
        const step_kind gate = graph.steps.back().kind;
        const std::size_t value = graph.steps.back().inputs[0];
        graph.steps.pop_back();
        alone.pop_back();
        write(add(step_of(gate == step_kind::sigmoid ? step_kind::swish : step_kind::hard_swish,
                          value)),
              large.view);
    }
    /// Whether b is the last step, sigmoid(a) or hard_sigmoid(a), of nobody else: x sigmoid(x).
    constexpr bool is_gate(std::size_t a, std::size_t b) const {
        if (b == 0 || b != graph.steps.size() || alone[b] == 0) return false;
        const model_step& step = graph.steps.back();
        return step.inputs[0] == a &&
               (step.kind == step_kind::sigmoid || step.kind == step_kind::hard_sigmoid);
    }
    constexpr void read_scaling(onnx_tensor& x, const onnx_tensor& scale) {
        std::size_t channel = none;
        const std::size_t rank = x.view.rank();
        if (scale.view.rank() != rank) return wrong(model_error::unsupported_shape, scale);
        for (std::size_t i = 0; i < rank; ++i)
            if (scale.view.extents[i] != 1) {
                if (channel != none || scale.view.extents[i] != x.view.extents[i])
                    return wrong(model_error::unsupported_shape, scale);
                channel = i;
            }
        if (channel == none) return wrong(model_error::unsupported_shape, scale);
        const std::size_t value = with_channels(x, channel);
        if (!mistake && !scale.view.is_fastest(channel)) wrong(model_error::wrong_order, scale);
        if (mistake) return;
        model_step step = step_of(step_kind::multiply, value);
        step.inputs.push_back(in_shape(computed(scale), {1, 1, scale.view.size()}));
        write(add(static_cast<model_step&&>(step)), x.view);
    }
    /// Along channels; or along the first axis that has several numbers, in the file's order: then the
    /// lists of all of them one behind the other.
    constexpr void read_concat() {
        if (is_whole(0)) return concatenate_numbers();
        if (is_constant(0)) return concatenate_floats();
        const onnx_tensor& x = in(0);
        if (node().inputs.size() < 2) wrong(model_error::wrong_operands);
        const std::size_t axis = axis_in(int_of("axis", 0), x.view.rank());
        std::size_t all = 0;
        bool is_along_channels = true, is_outermost = true;
        for (std::size_t i = 0; i < axis; ++i)
            if (!mistake && x.view.extents[i] != 1) is_outermost = false;
        for (std::size_t k = 0; k < node().inputs.size() && !mistake; ++k) {
            const onnx_tensor& t = in(k);
            static_cast<void>(computed(t));
            if (mistake) return;
            if (t.view.rank() != x.view.rank()) return wrong(model_error::wrong_shape, t);
            for (std::size_t i = 0; i < x.view.rank(); ++i)
                if (i != axis && t.view.extents[i] != x.view.extents[i])
                    return wrong(model_error::wrong_shape, t);
            all += t.view.extents[axis];
            is_along_channels = is_along_channels && t.view.is_fastest(axis);
            is_outermost = is_outermost && t.view.is_in_order();
        }
        if (!mistake && all >= most_extent) wrong(model_error::too_large);
        if (mistake) return;
        onnx_view view = view_with_channels(x.view, axis, all);
        for (std::size_t k = 0; k < node().inputs.size(); ++k)
            is_along_channels =
                is_along_channels && view_with_channels(in(k).view, axis, all) == view;
        if (!is_along_channels && !is_outermost) return wrong(model_error::wrong_order, x);
        model_step step = step_of(step_kind::concatenate, 0);
        step.inputs.clear();
        for (std::size_t k = 0; k < node().inputs.size() && !mistake; ++k) {
            onnx_tensor& t = in(k);
            std::size_t value = computed(t);
            if (!is_along_channels) {
                value = in_shape(value, {1, 1, t.view.size()});
            } else {
                value = with_channels(t, axis);
                model_shape shape = k == 0 ? graph.shape_of(value) : graph.shape_of(step.inputs[0]);
                shape.channels = t.view.extents[axis];
                value = in_shape(value, shape);
            }
            step.inputs.push_back(value);
        }
        if (!is_along_channels) {
            view.extents[axis] = all;
            view = view_in_order(view.extents);
        }
        if (!mistake) write(add(static_cast<model_step&&>(step)), static_cast<onnx_view&&>(view));
    }

    // Activations that stand in the file as formulas.

    constexpr void begin_formula() {
        const onnx_tensor& x = in(0);
        if (mistake) return;
        if (is_text(node().kind, "Abs"))
            write_formula(onnx_formula::magnitude, node().inputs[0]);
        else if (x.formula == onnx_formula::scaled)
            write_formula(onnx_formula::erf, x.of);
        else
            wrong(model_error::unsupported_operator);
    }
    constexpr void write_formula(onnx_formula formula, std::size_t of) {
        if (onnx_tensor* const to = result()) {
            to->formula = formula;
            to->of = of;
            to->view = tensors[of].view;
        }
    }
    constexpr void end_formula(step_kind kind, std::size_t of) {
        const std::size_t value = computed(tensors[of]);
        write(add(step_of(kind, value)), tensors[of].view);
    }
    /// gelu: x (1 + erf(x / sqrt(2))) / 2; softsign: x / (1 + |x|). Whether this is a part of one.
    constexpr bool read_formula(char with) {
        for (std::size_t a = 0; a < 2; ++a) {
            const std::size_t b = 1 - a;
            if (!has(a) || !has(b)) return false;
            const onnx_formula part = in(a).formula;
            const std::size_t of = in(a).of, other = node().inputs[b];
            if (with == '+' && part == onnx_formula::erf && is_number(b, 1.0f))
                return write_formula(onnx_formula::erf_and_1, of), true;
            if (with == '+' && part == onnx_formula::magnitude && is_number(b, 1.0f))
                return write_formula(onnx_formula::magnitude_and_1, of), true;
            if (with == '*' && part == onnx_formula::erf_and_1 && other == of)
                return write_formula(onnx_formula::times_erf_and_1, of), true;
            if (with == '*' && part == onnx_formula::times_erf_and_1 && is_number(b, 0.5f))
                return end_formula(step_kind::gelu, of), true;
            if (with == '/' && part == onnx_formula::magnitude_and_1 && a == 1 && other == of)
                return end_formula(step_kind::softsign, of), true;
            const bool is_scaled = (with == '/' && a == 0 && is_number(b, 1.41421356f)) ||
                                   (with == '*' && is_number(b, 0.70710678f));
            if (is_scaled && is_read_by("Erf"))
                return write_formula(onnx_formula::scaled, node().inputs[a]), true;
        }
        return false;
    }
    constexpr bool is_read_by(std::string_view kind) const {
        if (node().outputs.empty() || node().outputs[0] == none) return false;
        const onnx_tensor& t = tensors[node().outputs[0]];
        return t.reads == 1 && t.reader != none && is_text(nodes[t.reader].kind, kind);
    }
    /// relu6(x + 3) / 6 and x relu6(x + 3) / 6: hard_sigmoid and hard_swish.
    constexpr bool read_sixth(char with, std::size_t value) {
        const std::size_t constant_one = is_constant(1) ? 1 : 0;
        const bool is_sixth = (with == '/' && is_number(1, 6.0f)) ||
                              (with == '*' && is_number(constant_one, 1.0f / 6.0f));
        if (!is_sixth || value != graph.steps.size() || alone[value] == 0) return false;
        const model_step& last = graph.steps.back();
        const bool is_product = last.kind == step_kind::multiply && last.inputs.size() == 2;
        const std::size_t clipped = is_product ? value - 1 : value, count = is_product ? 3 : 2;
        if (clipped < 2 || !is_alone(clipped, step_kind::relu6) ||
            !is_alone(clipped - 1, step_kind::scale_and_offset))
            return false;
        const model_step& sum = graph.steps[clipped - 2];
        const std::size_t x = sum.inputs[0];
        const bool is_of_x = !is_product || (last.inputs[0] == x && last.inputs[1] == clipped) ||
                             (last.inputs[1] == x && last.inputs[0] == clipped);
        if (graph.steps[clipped - 1].inputs[0] != clipped - 1 || !is_of_x ||
            sum.arrays[0].is_in_file || sum.arrays[0].otherwise != 1.0f ||
            sum.arrays[1].is_in_file || sum.arrays[1].otherwise != 3.0f)
            return false;
        for (std::size_t i = 0; i < count; ++i) graph.steps.pop_back(), alone.pop_back();
        const onnx_view view = in(1 - constant_one).view;
        write(add(step_of(is_product ? step_kind::hard_swish : step_kind::hard_sigmoid, x)), view);
        return true;
    }
    constexpr bool is_alone(std::size_t value, step_kind kind) const {
        return alone[value] != 0 && graph.steps[value - 1].kind == kind;
    }
};

}  // namespace ctnn::detail
