// A node of an ONNX file: its attributes, its operands, its result.
#pragma once

#include <ctnn/model_file/onnx_file.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace ctnn::detail {

class onnx_nodes : protected onnx_file {
protected:
    using onnx_file::onnx_file;

    std::size_t operation = 0;
    std::vector<char> alone;  // of each value: whether it is read once, under any name

    [[nodiscard]] constexpr const onnx_node& node() const { return nodes[operation]; }
    constexpr void wrong(model_error error) { fail(error, model_name(node().kind), operation); }
    constexpr void wrong(model_error error, const onnx_tensor& t) {
        fail(error, model_name(t.name), operation);
    }
    constexpr void unless(bool holds, std::string_view option) {
        if (!holds) fail(model_error::unsupported_option, model_name(option), operation);
    }

    // Attributes. What has its default is not in the file; what is 0 may have no number there.

    [[nodiscard]] constexpr proto_message attribute(std::string_view name) const {
        for (const onnx_attribute& one : node().attributes)
            if (is_text(one.name, name)) return one.body;
        return {};
    }
    [[nodiscard]] constexpr bool has_attribute(std::string_view name) const {
        return !(attribute(name) == proto_message{});
    }
    constexpr std::int64_t int_of(std::string_view name, std::int64_t otherwise) {
        proto_message body = attribute(name);
        std::int64_t result = body.size() == 0 ? otherwise : 0;
        for (proto_field field; next(body, field);)
            if (field.is(3, 0)) result = static_cast<std::int64_t>(field.value);
        return result;
    }
    constexpr float float_of(std::string_view name, float otherwise) {
        proto_message body = attribute(name);
        float result = body.size() == 0 ? otherwise : 0.0f;
        for (proto_field field; next(body, field);)
            if (field.is(2, 5)) result = float32(field.body.at);
        return result;
    }
    constexpr bool is_string(std::string_view name, std::string_view wanted,
                             std::string_view otherwise) {
        proto_message body = attribute(name);
        bool result = body.size() == 0 && wanted == otherwise;
        for (proto_field field; next(body, field);)
            if (field.is(4, 2)) result = is_text(text(field.body), wanted);
        return result;
    }
    constexpr std::vector<float> floats_of(std::string_view name) {
        proto_message body = attribute(name);
        std::vector<float> result;
        for (proto_field field; next(body, field);)
            if (field.number == 7 && (field.wire == 2 || field.wire == 5))
                for (std::size_t at = field.body.at; at + 4 <= field.body.end; at += 4)
                    if (result.size() < most_numbers) result.push_back(float32(at));
        return result;
    }
    constexpr std::vector<std::int64_t> ints_of(std::string_view name) {
        proto_message body = attribute(name);
        std::vector<std::int64_t> result;
        for (proto_field field; next(body, field);)
            if (field.number == 8) append(field, result, most_numbers);
        return result;
    }

    // Operands.

    [[nodiscard]] constexpr bool has(std::size_t i) const {
        return i < node().inputs.size() && node().inputs[i] != none;
    }
    /// Operand `i`; an empty tensor, if there is none.
    constexpr onnx_tensor& in(std::size_t i) {
        if (!has(i)) wrong(model_error::wrong_operands);
        return has(i) ? tensors[node().inputs[i]] : nothing_;
    }
    [[nodiscard]] constexpr bool is_constant(std::size_t i) const {
        return has(i) && tensors[node().inputs[i]].is_constant();
    }
    /// Whether operand `i` holds whole numbers.
    [[nodiscard]] constexpr bool is_whole(std::size_t i) const {
        return has(i) && tensors[node().inputs[i]].is_whole();
    }
    [[nodiscard]] constexpr bool is_empty(std::size_t i) const {
        return !has(i) || (is_constant(i) && tensors[node().inputs[i]].view.size() == 0);
    }
    /// The whole numbers of operand `i`, which must be a constant.
    constexpr const std::vector<std::int64_t>& numbers(std::size_t i) {
        const onnx_tensor& t = in(i);
        if (!t.is_constant())
            wrong(model_error::not_constant, t);
        else if (!t.is_whole())
            wrong(model_error::unsupported_type, t);
        else if (t.numbers.size() != t.view.size())
            wrong(model_error::unsupported_shape, t);
        return t.numbers;
    }
    /// Operand `i`, a constant of floats.
    constexpr const onnx_tensor& constant(std::size_t i) {
        const onnx_tensor& t = in(i);
        if (!t.is_constant())
            wrong(model_error::not_constant, t);
        else if (t.type != onnx_type::float32)
            wrong(model_error::unsupported_type, t);
        else if (!t.has_floats)
            wrong(model_error::wrong_shape, t);
        return t;
    }
    /// Its only number.
    constexpr float single(std::size_t i) {
        const onnx_tensor& t = constant(i);
        if (t.view.size() != 1) wrong(model_error::wrong_shape, t);
        return mistake ? 0.0f : float32(t.first);
    }
    /// What an operand (or, in older versions, an attribute) lists.
    constexpr std::vector<std::int64_t> list(std::size_t i, std::string_view name) {
        if (has(i)) return numbers(i);
        return ints_of(name);
    }
    constexpr std::size_t axis_in(std::int64_t axis, std::size_t rank) {
        const auto all = static_cast<std::int64_t>(rank);
        const bool fits = -all <= axis && axis < all;
        unless(fits, "axis");
        return fits ? static_cast<std::size_t>(axis < 0 ? axis + all : axis) : 0;
    }

    /// Whether operand `i` is this one number.
    constexpr bool is_number(std::size_t i, float wanted) {
        if (!is_constant(i) || !in(i).has_floats || in(i).view.size() != 1) return false;
        return is_near(float32(in(i).first), wanted);
    }
    /// As near as floats are that were rounded on different ways.
    static constexpr bool is_near(float a, float b) noexcept {
        return a - b < 4e-7f && b - a < 4e-7f;
    }

    // Results.

    constexpr onnx_tensor* result() {
        if (!mistake && (node().outputs.empty() || node().outputs[0] == none))
            wrong(model_error::malformed);
        if (!mistake && is_computed_or_constant(node().outputs[0])) wrong(model_error::malformed);
        return mistake ? nullptr : &tensors[node().outputs[0]];
    }
    /// The result is the same numbers as operand 0, seen so.
    constexpr void write_same(onnx_view view) {
        const onnx_tensor& from = in(0);
        if (mistake) return;
        if (!is_computed_or_constant(node().inputs[0]))
            return wrong(model_error::not_computed, from);
        if (onnx_tensor* const to = result()) {
            to->value = from.value;
            to->type = from.type;
            to->has_floats = from.has_floats;
            to->first = from.first;
            to->numbers = from.numbers;
            to->view = static_cast<onnx_view&&>(view);
            if (to->value != none && to->reads != 1) alone[to->value] = 0;
        }
    }
    constexpr void write_numbers(std::vector<std::int64_t> given,
                                 std::vector<std::size_t> extents) {
        if (onnx_tensor* const to = result()) {
            if (given.size() > most_numbers) return wrong(model_error::too_large);
            to->type = onnx_type::int64;
            to->numbers = static_cast<std::vector<std::int64_t>&&>(given);
            to->view = view_in_order(static_cast<std::vector<std::size_t>&&>(extents));
        }
    }

private:
    onnx_tensor nothing_{};
};

}  // namespace ctnn::detail
