// The operators of an ONNX file that are layers with windows: convolutions and pooling.
#pragma once

#include <ctnn/layers/options.hpp>
#include <ctnn/model_file/onnx_layers.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace ctnn::detail {

class onnx_windows : protected onnx_layers {
protected:
    using onnx_layers::onnx_layers;

    /// Numbers for rows and columns; of one dimension, for columns.
    constexpr std::array<std::size_t, 2> pair_of(std::string_view name, std::size_t rank,
                                                 std::array<std::size_t, 2> otherwise = {1, 1}) {
        const std::vector<std::int64_t> given = ints_of(name);
        if (given.empty()) return otherwise;
        unless(given.size() + 2 == rank, name);
        for (const std::int64_t one : given)
            unless(1 <= one && one < static_cast<std::int64_t>(most_extent), name);
        if (mistake) return otherwise;
        return {rank == 3 ? 1 : static_cast<std::size_t>(given[0]),
                static_cast<std::size_t>(given.back())};
    }
    /// Top, bottom, left, right.
    constexpr std::array<std::size_t, 4> pads_of(std::size_t rank) {
        const std::vector<std::int64_t> given = ints_of("pads");
        if (given.empty()) return {};
        unless(given.size() == 2 * (rank - 2), "pads");
        for (const std::int64_t one : given)
            unless(0 <= one && one < static_cast<std::int64_t>(most_extent), "pads");
        if (mistake) return {};
        const auto pixels = [&](std::size_t i) { return static_cast<std::size_t>(given[i]); };
        return rank == 3 ? std::array<std::size_t, 4>{0, 0, pixels(0), pixels(1)}
                         : std::array{pixels(0), pixels(2), pixels(1), pixels(3)};
    }
    /// Strides, dilations and padding; the extents are known.
    constexpr void take_window(model_step& step, std::size_t rank) {
        step.stride = pair_of("strides", rank);
        step.dilation = pair_of("dilations", rank);
        if (is_string("auto_pad", "NOTSET", "NOTSET")) {
            step.pads = pads_of(rank);
        } else if (is_string("auto_pad", "SAME_UPPER", "")) {
            step.is_same = true;
        } else if (is_string("auto_pad", "SAME_LOWER", "")) {
            const model_shape x = graph.shape_of(step.inputs[0]);
            for (std::size_t k = 0; k < 2; ++k) {
                const pads found = same::rows({k == 0 ? x.height : x.width, step.extents[k],
                                               step.stride[k], step.dilation[k], 0, 0});
                step.pads[2 * k] = found.after;
                step.pads[2 * k + 1] = found.before;
            }
        } else {
            unless(is_string("auto_pad", "VALID", ""), "auto_pad");
        }
    }
    /// The kernel's extents of a convolution, of which the shape of weights says the same.
    constexpr void take_kernel(model_step& step, const onnx_tensor& weights, std::size_t rank) {
        if (rank < 3 || weights.view.rank() != rank)
            return wrong(model_error::wrong_shape, weights);
        const std::vector<std::size_t>& e = weights.view.extents;
        step.extents = {rank == 3 ? 1 : e[2], e.back()};
        if (pair_of("kernel_shape", rank, step.extents) != step.extents)
            wrong(model_error::wrong_shape, weights);
    }

    // Operators.

    constexpr void read_conv() {
        model_step step = step_of(step_kind::conv2d, map_of(in(0)));
        const onnx_tensor& t = constant(1);  // out, in, rows, columns
        const std::size_t rank = in(0).view.rank(), columns = rank - 1;
        if (!mistake) take_kernel(step, t, rank);
        if (mistake) return;
        const std::size_t out = t.view.extents[0], in_each = t.view.extents[1],
                          channels = graph.shape_of(step.inputs[0]).channels;
        const auto groups = static_cast<std::uint64_t>(int_of("group", 1));
        if (groups == 0 || groups > channels || groups * in_each != channels || out % groups != 0)
            return wrong(model_error::wrong_shape, t);
        take_window(step, rank);
        const std::size_t along_rows = rank == 3 ? 0 : bytes_along(t.view, 2),
                          along_columns = bytes_along(t.view, columns),
                          along_in = bytes_along(t.view, 1), along_out = bytes_along(t.view, 0);
        model_array kernel{true,
                           0.0f,
                           t.first,
                           {step.extents[0], step.extents[1], in_each, out},
                           {along_rows, along_columns, along_in, along_out}};
        step.filters = out;
        step.groups = static_cast<std::size_t>(groups);
        if (groups == channels && channels > 1) {
            step.kind = step_kind::depthwise_conv2d;
            step.filters = out / channels;
            step.groups = 1;
            kernel.extents = {step.extents[0], step.extents[1], channels, step.filters};
            kernel.strides = {along_rows, along_columns, along_out * step.filters, along_out};
        }
        step.arrays.push_back(kernel);
        add_bias(step, 2, out);
        write_map(static_cast<model_step&&>(step), rank);
    }
    constexpr void read_conv_transpose() {
        model_step step = step_of(step_kind::conv2d_transpose, map_of(in(0)));
        const onnx_tensor& t = constant(1);  // in, out, rows, columns
        const std::size_t rank = in(0).view.rank();
        if (!mistake) take_kernel(step, t, rank);
        if (mistake) return;
        const std::size_t out = t.view.extents[1];
        if (t.view.extents[0] != graph.shape_of(step.inputs[0]).channels)
            return wrong(model_error::wrong_shape, t);
        unless(int_of("group", 1) == 1, "group");
        unless(!has_attribute("output_shape"), "output_shape");
        unless(is_string("auto_pad", "NOTSET", "NOTSET") || is_string("auto_pad", "VALID", ""),
               "auto_pad");
        take_window(step, rank);
        take_output_padding(step, rank);
        if (mistake) return;
        step.filters = out;
        step.arrays.push_back(
            {true,
             0.0f,
             t.first,
             {step.extents[0], step.extents[1], out, t.view.extents[0]},
             {rank == 3 ? 0 : bytes_along(t.view, 2), bytes_along(t.view, rank - 1),
              bytes_along(t.view, 1), bytes_along(t.view, 0)}});
        add_bias(step, 2, out);
        write_map(static_cast<model_step&&>(step), rank);
    }
    /// More pixels at the end are fewer that are cut off there; where nothing is cut off, Keras'
    /// `valid` adds those that are between two kernels.
    constexpr void take_output_padding(model_step& step, std::size_t rank) {
        const std::vector<std::int64_t> given = ints_of("output_padding");
        unless(given.empty() || given.size() + 2 == rank, "output_padding");
        if (mistake) return;
        const std::array<std::size_t, 4> cut = step.pads;
        const bool cuts = cut != std::array<std::size_t, 4>{};
        for (std::size_t k = 0; k < 2; ++k) {
            const std::int64_t pixels = given.empty() || (rank == 3 && k == 0) ? 0
                                        : k == 0                               ? given[0]
                                                                               : given.back();
            const std::size_t reach = (step.extents[k] - 1) * step.dilation[k] + 1,
                              gap = std::max(step.stride[k], reach) - reach,
                              end = step.pads[2 * k + 1];
            const bool fits = 0 <= pixels && static_cast<std::uint64_t>(pixels) <= end + gap;
            unless(fits, "output_padding");
            if (mistake) return;
            const auto more = static_cast<std::size_t>(pixels);
            if (gap > 0)
                unless(!cuts && more == gap, "output_padding");
            else
                step.pads[2 * k + 1] = end - more;
        }
    }
    constexpr void read_pool(step_kind kind) {
        model_step step = step_of(kind, map_of(in(0)));
        const std::size_t rank = in(0).view.rank();
        unless(rank >= 3 && has_attribute("kernel_shape"), "kernel_shape");
        if (mistake) return;
        step.extents = pair_of("kernel_shape", rank);
        take_window(step, rank);
        unless((step.dilation == std::array<std::size_t, 2>{1, 1}), "dilations");
        unless(int_of("storage_order", 0) == 0, "storage_order");
        if (mistake) return;
        const model_shape x = graph.shape_of(step.inputs[0]);
        const bool is_padded = step.is_same || step.pads != std::array<std::size_t, 4>{};
        for (std::size_t k = 0; k < 2; ++k) {
            const axis a = axis_of(step, k, k == 0 ? x.height : x.width);
            unless(std::max(a.before, a.after) < a.taps, "pads");
            const bool leaves_rest =
                a.padded() >= a.taps && (a.padded() - a.taps) % a.stride != 0 && !step.is_same;
            unless(int_of("ceil_mode", 0) == 0 || !leaves_rest, "ceil_mode");
        }
        if (kind == step_kind::average_pool2d)
            unless(int_of("count_include_pad", 0) == 0 || !is_padded, "count_include_pad");
        if (!is_padded && step.extents == std::array{x.height, x.width})
            step.kind = kind == step_kind::max_pool2d ? step_kind::global_max_pool2d
                                                      : step_kind::global_average_pool2d;
        write_map(static_cast<model_step&&>(step), rank);
    }
    constexpr void read_global_pool(step_kind kind) {
        const std::size_t value = map_of(in(0));
        if (!mistake && in(0).view.rank() < 3) wrong(model_error::unsupported_shape, in(0));
        write_map(step_of(kind, value), in(0).view.rank());
    }
};

}  // namespace ctnn::detail
