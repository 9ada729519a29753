// The operators of an ONNX file that compute no layer: those that say how numbers are seen (Reshape,
// Transpose), and the arithmetic of shapes, whose results are constants.
#pragma once

#include <ctnn/model_file/onnx_nodes.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ctnn::detail {

class onnx_numbers : protected onnx_nodes {
protected:
    using onnx_nodes::onnx_nodes;

    constexpr void read_same() { write_same(in(0).view); }
    constexpr void read_dropout() {
        unless(!has(2) || (!numbers(2).empty() && numbers(2)[0] == 0), "training_mode");
        read_same();
    }
    constexpr void read_cast() {
        const auto to = static_cast<onnx_type>(int_of("to", 0));
        const onnx_tensor& t = in(0);
        const bool is_integer = to == onnx_type::int64 || to == onnx_type::int32;
        unless(t.is_whole() ? is_integer : to == onnx_type::float32, "to");
        read_same();
    }
    constexpr void read_constant() {
        proto_message body = attribute("value");
        onnx_tensor found;
        for (proto_field field; next(body, field);)
            if (field.is(5, 2)) found = tensor_in(field.body);
        if (has_attribute("value_ints")) {
            const std::vector<std::int64_t> given = ints_of("value_ints");
            return write_numbers(given, {given.size()});
        }
        if (has_attribute("value_int")) return write_numbers({int_of("value_int", 0)}, {});
        if (has_attribute("value_float")) {
            proto_message one = attribute("value_float");
            for (proto_field field; next(one, field);)
                if (field.is(2, 5)) found.first = field.body.at;
            if (found.first != 0) found.type = onnx_type::float32, found.has_floats = true;
        }
        unless(found.is_constant(), "value");
        if (onnx_tensor* const to = result()) {
            to->type = found.type;
            to->has_floats = found.has_floats;
            to->first = found.first;
            to->numbers = static_cast<std::vector<std::int64_t>&&>(found.numbers);
            to->view = static_cast<onnx_view&&>(found.view);
        }
    }
    constexpr void read_shape() {
        const onnx_tensor& t = in(0);
        if (mistake) return;
        if (!is_computed_or_constant(node().inputs[0])) return wrong(model_error::not_computed, t);
        const auto rank = static_cast<std::int64_t>(t.view.rank());
        const auto place = [&](std::int64_t at) {
            return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank);
        };
        std::vector<std::int64_t> found;
        for (auto i = place(int_of("start", 0)); i < place(int_of("end", rank)); ++i)
            found.push_back(static_cast<std::int64_t>(t.view.extents[static_cast<std::size_t>(i)]));
        const std::size_t count = found.size();
        write_numbers(static_cast<std::vector<std::int64_t>&&>(found), {count});
    }
    constexpr void read_constant_of_shape() {
        std::vector<std::size_t> extents = extents_of(numbers(0));
        proto_message body = attribute("value");
        onnx_tensor value;
        for (proto_field field; next(body, field);)
            if (field.is(5, 2)) value = tensor_in(field.body);
        unless(value.is_whole() && value.numbers.size() == 1, "value");
        const std::size_t size = size_of(extents, node().kind);
        if (size > most_numbers) wrong(model_error::too_large);
        std::vector<std::int64_t> found;
        for (std::size_t i = 0; i < size && !mistake; ++i) found.push_back(value.numbers[0]);
        write_numbers(static_cast<std::vector<std::int64_t>&&>(found),
                      static_cast<std::vector<std::size_t>&&>(extents));
    }
    constexpr void read_gather() {
        const std::vector<std::int64_t>&from = numbers(0), &places = numbers(1);
        if (mistake) return;
        unless(axis_in(int_of("axis", 0), in(0).view.rank()) == 0 && in(0).view.rank() == 1,
               "axis");
        std::vector<std::int64_t> found;
        for (const std::int64_t place : places) {
            const std::size_t at = axis_in(place, from.size());
            if (mistake) return;
            found.push_back(from[at]);
        }
        write_numbers(static_cast<std::vector<std::int64_t>&&>(found), in(1).view.extents);
    }
    constexpr void read_slice() {
        std::vector<std::int64_t> found = numbers(0);
        std::vector<std::size_t> extents = in(0).view.extents;
        const std::vector<std::int64_t> starts = list(1, "starts"), ends = list(2, "ends"),
                                        axes = list(3, "axes"), steps = list(4, "steps");
        if (starts.size() != ends.size() || (!axes.empty() && axes.size() != starts.size()) ||
            (!steps.empty() && steps.size() != starts.size()))
            wrong(model_error::wrong_operands);
        for (std::size_t i = 0; i < starts.size() && !mistake; ++i) {
            const std::size_t axis =
                axis_in(axes.empty() ? static_cast<std::int64_t>(i) : axes[i], extents.size());
            const std::int64_t step =
                steps.empty() ? 1 : std::clamp<std::int64_t>(steps[i], -1024, 1024);
            unless(step != 0, "steps");
            if (!mistake) slice(found, extents, axis, starts[i], ends[i], step);
        }
        write_numbers(static_cast<std::vector<std::int64_t>&&>(found),
                      static_cast<std::vector<std::size_t>&&>(extents));
    }
    constexpr void concatenate_numbers() {
        std::vector<std::int64_t> found;
        for (std::size_t i = 0; i < node().inputs.size() && !mistake; ++i) {
            const std::vector<std::int64_t>& part = numbers(i);
            unless(in(i).view.rank() == 1, "axis");
            if (found.size() + part.size() > most_numbers) wrong(model_error::too_large);
            for (std::size_t k = 0; k < part.size() && !mistake; ++k) found.push_back(part[k]);
        }
        const std::size_t count = found.size();
        write_numbers(static_cast<std::vector<std::int64_t>&&>(found), {count});
    }
    /// The same for floats, whose bits are numbers.
    constexpr void concatenate_floats() {
        std::vector<std::int64_t> found;
        for (std::size_t i = 0; i < node().inputs.size() && !mistake; ++i) {
            const onnx_tensor& t = constant(i);
            if (found.size() + t.view.size() > most_numbers) wrong(model_error::too_large, t);
            unless(t.view.rank() == 1 && t.view.is_in_order(), "axis");
            for (std::size_t k = 0; k < t.view.size() && !mistake; ++k)
                found.push_back(static_cast<std::int64_t>(number<4>(t.first + 4 * k)));
        }
        const std::size_t count = found.size();
        write_numbers(static_cast<std::vector<std::int64_t>&&>(found), {count});
        if (!mistake) tensors[node().outputs[0]].type = onnx_type::float32;
    }
    /// a (operation) b of whole numbers, one of them or as many as there are.
    constexpr void calculate(char with) {
        const std::vector<std::int64_t>&a = numbers(0), &b = numbers(1);
        if (mistake) return;
        const bool fits =
            !a.empty() && !b.empty() && (a.size() == b.size() || a.size() == 1 || b.size() == 1);
        if (!fits) return wrong(model_error::wrong_operands);
        std::vector<std::int64_t> found;
        constexpr std::int64_t most = std::int64_t{1} << 31;
        for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
            const std::int64_t x = a[a.size() == 1 ? 0 : i], y = b[b.size() == 1 ? 0 : i];
            if (x <= -most || x >= most || y <= -most || y >= most)
                return wrong(model_error::too_large);
            if (with == '/' && y == 0) return wrong(model_error::malformed);
            found.push_back(with == '+'   ? x + y
                            : with == '-' ? x - y
                            : with == '*' ? x * y
                                          : x / y);
        }
        write_numbers(static_cast<std::vector<std::int64_t>&&>(found),
                      in(in(0).view.rank() < in(1).view.rank() ? 1 : 0).view.extents);
    }

    constexpr void read_transpose() {
        const onnx_tensor& t = in(0);
        std::vector<std::int64_t> given = ints_of("perm");
        if (given.empty())
            for (std::size_t i = t.view.rank(); i-- > 0;)
                given.push_back(static_cast<std::int64_t>(i));
        std::vector<std::size_t> order;
        std::array<char, most_rank> seen{};
        unless(given.size() == t.view.rank(), "perm");
        for (std::size_t i = 0; i < given.size() && !mistake; ++i) {
            order.push_back(axis_in(given[i], given.size()));
            if (seen[order[i]]++ != 0) wrong(model_error::malformed);
        }
        if (mistake) return;
        if (!t.is_whole()) return write_same(transposed_view(t.view, order));
        const onnx_view view = transposed_view(t.view, order);
        const std::vector<std::int64_t>& from = numbers(0);
        std::vector<std::int64_t> found;
        for (std::size_t n = 0; n < view.size() && !mistake; ++n) {
            std::size_t rest = n, at = 0;
            for (std::size_t i = view.parts.size(); i-- > 0; rest /= view.parts[i].extent)
                at += rest % view.parts[i].extent * view.parts[i].stride;
            found.push_back(from[at]);
        }
        write_numbers(static_cast<std::vector<std::int64_t>&&>(found), view.extents);
    }
    constexpr void write_reshaped(const std::vector<std::size_t>& extents) {
        const onnx_tensor& t = in(0);
        const std::size_t size = size_of(extents, node().kind);
        if (mistake) return;
        if (size != t.view.size()) return wrong(model_error::wrong_shape, t);
        onnx_view view = reshaped_view(t.view, extents);
        if (size == 0) view = view_in_order(extents);
        if (view.extents != extents) return wrong(model_error::unsupported_shape, t);
        write_same(static_cast<onnx_view&&>(view));
    }
    constexpr void read_reshape() {
        const std::vector<std::size_t>& before = in(0).view.extents;
        const std::vector<std::int64_t> wanted = list(1, "shape");
        const bool keeps_zeros = int_of("allowzero", 0) != 0;
        if (wanted.size() > most_rank) wrong(model_error::unsupported_shape);
        std::vector<std::size_t> extents;
        std::size_t open = none, known = 1;
        for (std::size_t i = 0; i < wanted.size() && !mistake; ++i) {
            std::size_t extent = 1;
            unless(wanted[i] != 0 || !keeps_zeros, "allowzero");
            if (wanted[i] == -1 && open == none)
                open = i;
            else if (wanted[i] == 0 && i < before.size())
                extent = before[i];
            else
                extent = extent_of(wanted[i], in(0).name);
            extents.push_back(extent);
            known = size_of(extents, in(0).name);
        }
        const std::size_t size = in(0).view.size();
        if (!mistake && known == 0) wrong(model_error::wrong_shape);
        if (!mistake && open != none) extents[open] = size / known;
        write_reshaped(static_cast<std::vector<std::size_t>&&>(extents));
    }
    constexpr void read_flatten() {
        const std::vector<std::size_t>& before = in(0).view.extents;
        const std::int64_t axis = int_of("axis", 1);
        const auto rank = static_cast<std::int64_t>(before.size());
        unless(-rank <= axis && axis <= rank, "axis");
        if (mistake) return;
        std::vector<std::size_t> extents{1, 1};
        for (std::int64_t i = 0; i < rank; ++i)
            extents[i < (axis < 0 ? axis + rank : axis) ? 0 : 1] *=
                before[static_cast<std::size_t>(i)];
        write_reshaped(static_cast<std::vector<std::size_t>&&>(extents));
    }
    constexpr void read_squeeze() {
        const std::vector<std::size_t>& before = in(0).view.extents;
        const std::vector<std::int64_t> axes = list(1, "axes");
        std::vector<char> left_out;
        left_out.reserve(before.size());
        for (const std::size_t extent : before) left_out.push_back(axes.empty() && extent == 1);
        for (std::size_t i = 0; i < axes.size() && !mistake; ++i) {
            const std::size_t axis = axis_in(axes[i], before.size());
            unless(!mistake && before[axis] == 1, "axes");
            if (!mistake) left_out[axis] = 1;
        }
        std::vector<std::size_t> extents;
        for (std::size_t i = 0; i < before.size(); ++i)
            if (left_out[i] == 0) extents.push_back(before[i]);
        write_reshaped(static_cast<std::vector<std::size_t>&&>(extents));
    }
    constexpr void read_unsqueeze() {
        const std::vector<std::size_t>& before = in(0).view.extents;
        const std::vector<std::int64_t> axes = list(1, "axes");
        const std::size_t rank = before.size() + axes.size();
        if (rank > most_rank) wrong(model_error::unsupported_shape);
        if (mistake) return;
        std::array<char, most_rank> is_new{};
        for (const std::int64_t given : axes) {
            const std::size_t axis = axis_in(given, rank);
            unless(!mistake && is_new[axis] == 0, "axes");
            if (mistake) return;
            is_new[axis] = 1;
        }
        std::vector<std::size_t> extents;
        for (std::size_t i = 0, old = 0; i < rank; ++i)
            extents.push_back(is_new[i] != 0 ? 1 : before[old++]);
        write_reshaped(static_cast<std::vector<std::size_t>&&>(extents));
    }

    constexpr std::vector<std::size_t> extents_of(const std::vector<std::int64_t>& given) {
        std::vector<std::size_t> result;
        if (given.size() > most_rank) wrong(model_error::unsupported_shape);
        for (std::size_t i = 0; i < given.size() && !mistake; ++i)
            result.push_back(extent_of(given[i], node().kind));
        return result;
    }

private:
    static constexpr void slice(std::vector<std::int64_t>& from, std::vector<std::size_t>& extents,
                                std::size_t axis, std::int64_t start, std::int64_t end,
                                std::int64_t step) {
        const auto count = static_cast<std::int64_t>(extents[axis]);
        const std::int64_t lowest = step > 0 ? 0 : -1, highest = step > 0 ? count : count - 1;
        const auto place = [&](std::int64_t at) {
            return std::clamp(at < 0 ? at + count : at, std::min(lowest, highest), highest);
        };
        std::size_t outer = 1, inner = 1;
        for (std::size_t i = 0; i < axis; ++i) outer *= extents[i];
        for (std::size_t i = axis + 1; i < extents.size(); ++i) inner *= extents[i];
        std::vector<std::int64_t> found;
        std::size_t taken = 0;
        for (std::size_t o = 0; o < outer; ++o) {
            taken = 0;
            for (std::int64_t i = place(start), last = place(end); step > 0 ? i < last : i > last;
                 i += step, ++taken)
                for (std::size_t k = 0; k < inner; ++k)
                    found.push_back(
                        from[(o * extents[axis] + static_cast<std::size_t>(i)) * inner + k]);
        }
        extents[axis] = taken;
        from = static_cast<std::vector<std::int64_t>&&>(found);
    }
};

}  // namespace ctnn::detail
