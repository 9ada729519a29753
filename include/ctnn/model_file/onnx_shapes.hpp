// The operators of an ONNX file that compute nothing, but say how numbers are seen: Transpose, Reshape
// and its like, Identity.
#pragma once

#include <ctnn/model_file/onnx_numbers.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ctnn::detail {

class onnx_shapes : protected onnx_numbers {
protected:
    using onnx_numbers::onnx_numbers;

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
};

}  // namespace ctnn::detail
