// What the lanes of a vector are, and how many sums are computed at once: the two choices that a
// plan makes for every loop.
#pragma once

#include <ctnn/language.hpp>

#include <cstddef>
#include <string_view>

namespace ctnn {

/// What the lanes of a vector are.
enum class layout {
    one_lane,  ///< nothing: one number at a time
    hwc,       ///< features (filters, outputs, a depthwise convolution's channels) of one image
    chw,       ///< columns of one image
    hwcn       ///< images
};

[[nodiscard]] constexpr std::string_view name_of(layout lanes) noexcept {
    switch (lanes) {
    case layout::hwc:
        return "hwc";
    case layout::chw:
        return "chw";
    case layout::hwcn:
        return "hwcn";
    default:
        return "one lane";
    }
}

/// Outputs whose sums are in registers at once: `columns` side by side, `features` of each.
struct tile {
    std::size_t columns = 1, features = 1;
    [[nodiscard]] constexpr bool operator==(const tile&) const noexcept = default;
};

/// How a layer's loops run.
struct loop_choice {
    layout lanes = layout::one_lane;
    tile sums{};
    [[nodiscard]] constexpr bool operator==(const loop_choice&) const noexcept = default;
};

}  // namespace ctnn
