// The arithmetic of shapes in an ONNX file: operators whose results are constants.
#pragma once

#include <ctnn/model_file/onnx_nodes.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ctnn::detail {

class onnx_numbers : protected onnx_nodes {
protected:
    using onnx_nodes::onnx_nodes;

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
