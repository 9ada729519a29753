// The operators of an ONNX file that make maps larger: Pad, Resize, Upsample.
#pragma once

#include <ctnn/model_file/onnx_windows.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace ctnn::detail {

class onnx_sizes : protected onnx_windows {
protected:
    using onnx_windows::onnx_windows;

    /// Of N, C, H, W; or of N, H, W, C, in front of a network.
    constexpr void read_pad() {
        onnx_tensor& x = in(0);
        unless(is_string("mode", "constant", "constant"), "mode");
        unless(is_empty(2) ? float_of("value", 0.0f) == 0.0f : single(2) == 0.0f, "value");
        unless(is_empty(3), "axes");
        const std::vector<std::int64_t> given = list(1, "pads");
        const std::size_t rank = x.view.rank();
        const bool is_last = rank > 2 && !x.view.is_map() && x.view.is_in_order();
        const std::size_t first = is_last ? 1 : 2;  // axis of pixels
        unless(given.size() == 2 * rank, "pads");
        bool is_padded = false;
        for (std::size_t i = 0; i < given.size() && !mistake; ++i) {
            const std::size_t axis = i % rank;
            is_padded |= given[i] != 0;
            unless(0 <= given[i] && given[i] < static_cast<std::int64_t>(most_extent) &&
                       (given[i] == 0 || (first <= axis && axis < first + rank - 2)),
                   "pads");
        }
        if (mistake || !is_padded) return read_same();
        model_step step = step_of(step_kind::zero_padding2d, is_last ? pixels_of(x) : map_of(x));
        if (mistake) return;
        for (std::size_t k = 0; k < 2; ++k)
            for (std::size_t end = 0; end < 2; ++end)
                if (rank == 4 || k == 1)
                    step.pads[2 * k + end] = static_cast<std::size_t>(
                        given[end * rank + (rank == 4 ? first + k : first)]);
        if (!is_last) return write_map(static_cast<model_step&&>(step), rank);
        const std::size_t value = add(static_cast<model_step&&>(step));
        const model_shape& y = graph.shape_of(value);
        std::vector<std::size_t> extents{1, y.height, y.width, y.channels};
        if (rank == 3) extents = {1, y.width, y.channels};
        if (!mistake) write(value, view_in_order(extents));
    }

    /// By whole factors. What the modes round to is this library's for such.
    constexpr void read_resize() {
        const bool is_linear = is_string("mode", "linear", "nearest");
        unless(is_linear || is_string("mode", "nearest", "nearest"), "mode");
        unless(!has_attribute("axes"), "axes");
        unless(int_of("antialias", 0) == 0, "antialias");
        unless(is_string("keep_aspect_ratio_policy", "stretch", "stretch"),
               "keep_aspect_ratio_policy");
        const bool is_old = opset < 11;  // as Upsample
        if (mistake) return;
        std::vector<std::size_t> factors;
        if (is_empty(3))
            factors = scales(is_old ? 1 : 2);
        else
            factors = factors_to(3);
        if (mistake) return;
        std::size_t largest = 1;
        for (const std::size_t factor : factors) largest = std::max(largest, factor);
        const auto has_mode = [&](std::string_view name) {
            return !is_old && is_string("coordinate_transformation_mode", name, "half_pixel");
        };
        const bool is_half_pixel = has_mode("half_pixel") || has_mode("pytorch_half_pixel") ||
                                   has_mode("half_pixel_symmetric");
        const bool is_corner = is_old || has_mode("asymmetric");
        if (is_linear) {
            unless(is_half_pixel, "coordinate_transformation_mode");
        } else {
            const bool rounds =
                           is_string("nearest_mode", "round_prefer_floor", "round_prefer_floor"),
                       rounds_up = is_string("nearest_mode", "round_prefer_ceil", ""),
                       is_floor = is_old || is_string("nearest_mode", "floor", "");
            unless(is_half_pixel || is_corner || has_mode("tf_half_pixel_for_nn"),
                   "coordinate_transformation_mode");
            unless(is_half_pixel ? rounds || rounds_up
                                 : is_floor || (is_corner && rounds && largest <= 2),
                   "nearest_mode");
        }
        write_resized(factors, is_linear);
    }
    constexpr void read_upsample() {
        unless(is_string("mode", "nearest", "nearest"), "mode");
        std::vector<std::size_t> factors;
        if (has(1))
            factors = scales(1);
        else
            for (const float scale : floats_of("scales")) factors.push_back(factor_of(scale));
        write_resized(factors, false);
    }

private:
    constexpr void write_resized(const std::vector<std::size_t>& factors, bool is_linear) {
        onnx_tensor& x = in(0);
        const std::size_t rank = x.view.rank();
        unless(factors.size() == rank && rank >= 3 && factors[0] == 1 && factors[1] == 1, "scales");
        if (mistake) return;
        model_step step = step_of(step_kind::up_sampling2d, map_of(x));
        if (mistake) return;
        step.extents = {rank == 4 ? factors[2] : 1, factors.back()};
        step.is_bilinear = is_linear;
        if (step.extents == std::array<std::size_t, 2>{1, 1}) return read_same();
        write_map(static_cast<model_step&&>(step), rank);
    }
    constexpr std::size_t factor_of(float scale) {
        const bool fits = 1.0f <= scale && scale < 65536.0f;
        const auto factor = fits ? static_cast<std::size_t>(scale) : 0;
        unless(fits && static_cast<float>(factor) == scale, "scales");
        return factor;
    }
    constexpr std::vector<std::size_t> scales(std::size_t i) {
        const onnx_tensor& t = in(i);
        std::vector<std::size_t> result;
        if (t.type != onnx_type::float32) wrong(model_error::not_constant, t);
        if (t.view.size() > most_rank) wrong(model_error::wrong_shape, t);
        for (std::size_t k = 0; !mistake && k < t.view.size(); ++k)
            result.push_back(factor_of(
                t.has_floats ? float32(t.first + 4 * k)
                             : std::bit_cast<float>(static_cast<std::uint32_t>(t.numbers[k]))));
        return result;
    }
    constexpr std::vector<std::size_t> factors_to(std::size_t i) {
        const std::vector<std::int64_t>& sizes = numbers(i);
        const std::vector<std::size_t>& before = in(0).view.extents;
        std::vector<std::size_t> result;
        unless(sizes.size() == before.size(), "sizes");
        for (std::size_t k = 0; !mistake && k < sizes.size(); ++k) {
            const auto extent = static_cast<std::int64_t>(before[k]);
            unless(extent > 0 && sizes[k] >= extent && sizes[k] % extent == 0, "sizes");
            if (!mistake) result.push_back(extent_of(sizes[k] / extent, in(0).name));
        }
        return result;
    }
};

}  // namespace ctnn::detail
