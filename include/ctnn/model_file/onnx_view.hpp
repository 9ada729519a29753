// How an ONNX tensor sees numbers that lie in another order: its axes as strides over them. So
// Transpose, Reshape and Flatten move nothing, for values (NCHW in the file, rows, columns and
// channels here) and for weights.
#pragma once

#include <ctnn/language.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace ctnn::detail {

/// A part of an axis; an axis that was merged out of several has several, the outermost first.
struct onnx_part {
    std::size_t axis = 0, extent = 1, stride = 0;  // stride in numbers
    bool operator==(const onnx_part&) const = default;
};

/// The axes of a tensor, each of them made of no part (of extent 1), of one or of several.
struct onnx_view {
    std::vector<std::size_t> extents;
    std::vector<onnx_part> parts;  // by axis

    bool operator==(const onnx_view&) const = default;
    [[nodiscard]] constexpr std::size_t rank() const noexcept { return extents.size(); }
    [[nodiscard]] constexpr std::size_t size() const noexcept {
        std::size_t product = 1;
        for (const std::size_t extent : extents) product *= extent;
        return product;
    }
    /// Adds a part, or makes the last one longer if both are one behind the other.
    constexpr void add(const onnx_part& part) {
        if (part.extent == 1) return;
        if (!parts.empty() && parts.back().axis == part.axis &&
            parts.back().stride == part.extent * part.stride)
            parts.back() = {part.axis, parts.back().extent * part.extent, part.stride};
        else
            parts.push_back(part);
    }
    /// Whether the numbers lie so that the last of these axes runs fastest.
    [[nodiscard]] constexpr bool has_order(std::span<const std::size_t> axes) const noexcept {
        std::size_t stride = 1;
        for (std::size_t k = axes.size(); k-- > 0;)
            for (std::size_t i = parts.size(); i-- > 0;)
                if (parts[i].axis == axes[k]) {
                    if (parts[i].stride != stride) return false;
                    stride *= parts[i].extent;
                }
        return true;
    }
    /// The file's order.
    [[nodiscard]] constexpr bool is_in_order() const noexcept {
        std::size_t stride = 1;
        for (std::size_t i = parts.size(); i-- > 0; stride *= parts[i].extent)
            if (parts[i].stride != stride) return false;
        return true;
    }
    /// Rows, columns, then channels, of N, C, H, W.
    [[nodiscard]] constexpr bool is_map() const {
        std::vector<std::size_t> axes;
        for (std::size_t axis = 2; axis < rank(); ++axis) axes.push_back(axis);
        axes.push_back(1);
        return has_order(axes);
    }
    /// Whether an axis runs fastest, the channels of a map.
    [[nodiscard]] constexpr bool is_fastest(std::size_t axis) const noexcept {
        std::size_t count = 0, stride = 1;
        for (const onnx_part& part : parts)
            if (part.axis == axis) ++count, stride = part.stride;
        return count <= 1 && stride == 1;
    }
    /// Numbers between neighbours of an axis that is in one part; 0 if it has one number, `otherwise`
    /// if it has several parts.
    [[nodiscard]] constexpr std::size_t stride_of(std::size_t axis,
                                                  std::size_t otherwise) const noexcept {
        std::size_t count = 0, stride = 0;
        for (const onnx_part& part : parts)
            if (part.axis == axis) ++count, stride = part.stride;
        return count <= 1 ? stride : otherwise;
    }
};

/// Numbers in the file's order.
constexpr onnx_view view_in_order(std::vector<std::size_t> extents) {
    onnx_view result;
    std::size_t stride = 1;
    for (const std::size_t extent : extents) stride *= extent;
    for (std::size_t axis = 0; axis < extents.size() && stride > 0; ++axis) {
        stride /= extents[axis];
        result.add({axis, extents[axis], stride});
    }
    result.extents = static_cast<std::vector<std::size_t>&&>(extents);
    return result;
}

/// A map of N, C, H, W or N, C, W or N, C, whose numbers lie as this library has them.
constexpr onnx_view view_of_map(std::size_t rank, std::size_t height, std::size_t width,
                                std::size_t channels) {
    onnx_view result;
    result.extents = {1, channels};
    if (rank > 3) result.extents.push_back(height);
    if (rank > 2) result.extents.push_back(width);
    result.add({1, channels, 1});
    if (rank > 3) result.add({2, height, width * channels});
    if (rank > 2) result.add({rank - 1, width, channels});
    return result;
}

/// New axis k is old axis order[k].
constexpr onnx_view transposed_view(const onnx_view& from, std::span<const std::size_t> order) {
    onnx_view result;
    for (std::size_t axis = 0; axis < order.size(); ++axis) {
        result.extents.push_back(from.extents[order[axis]]);
        for (const onnx_part& part : from.parts)
            if (part.axis == order[axis]) result.add({axis, part.extent, part.stride});
    }
    return result;
}

/// The same numbers with other extents; empty where an axis would be cut in uneven pieces.
constexpr onnx_view reshaped_view(const onnx_view& from, std::vector<std::size_t> extents) {
    onnx_view result;
    std::size_t at = 0, left = from.parts.empty() ? 1 : from.parts[0].extent;
    for (std::size_t axis = 0; axis < extents.size(); ++axis)
        for (std::size_t needed = extents[axis]; needed > 1;) {
            if (at == from.parts.size()) return {};
            const std::size_t stride = from.parts[at].stride;
            if (needed % left == 0) {  // all that is left of the part
                result.add({axis, left, stride});
                needed /= left;
                ++at;
                left = at < from.parts.size() ? from.parts[at].extent : 1;
            } else if (left % needed == 0) {
                left /= needed;
                result.add({axis, needed, stride * left});
                needed = 1;
            } else {
                return {};
            }
        }
    if (at != from.parts.size()) return {};
    result.extents = static_cast<std::vector<std::size_t>&&>(extents);
    return result;
}

/// The same with another number of channels, which are the axis that runs fastest.
constexpr onnx_view view_with_channels(const onnx_view& from, std::size_t axis,
                                       std::size_t channels) {
    onnx_view result;
    const std::size_t before = from.extents[axis];
    bool is_added = false;
    for (const onnx_part& part : from.parts) {
        if (part.axis >= axis && !is_added) {
            result.add({axis, channels, 1});
            is_added = true;
        }
        if (part.axis != axis)
            result.add({part.axis, part.extent, part.stride / before * channels});
    }
    if (!is_added) result.add({axis, channels, 1});
    result.extents = from.extents;
    result.extents[axis] = channels;
    return result;
}

}  // namespace ctnn::detail
