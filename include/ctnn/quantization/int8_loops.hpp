// The loops of convolutions in bytes: the same bytes as the definition.
#pragma once

#include <ctnn/quantization/int8_strip_loops.hpp>
#include <ctnn/simd/integer_vector.hpp>
#if CTNN_HAS_XSIMD
#include <ctnn/quantization/int8_channels_in_lanes.hpp>
#include <ctnn/quantization/int8_filters_in_lanes.hpp>
#include <ctnn/quantization/int8_images_in_lanes.hpp>
#include <ctnn/quantization/int8_row_words.hpp>
#endif

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace ctnn::detail {

/// The loops for one image.
template <convolution Conv>
struct int8_convolution {
    static constexpr auto choose() noexcept {
#if CTNN_HAS_XSIMD
        if constexpr (simd::integer_lanes > 1) {
            if constexpr (int8_packing::of(Conv).is_depthwise && int8_row_words<Conv>::exists)
                return std::type_identity<int8_row_words<Conv>>{};
            else if constexpr (int8_packing::of(Conv).is_depthwise)
                return std::type_identity<int8_channels_in_lanes<Conv>>{};
            else
                return std::type_identity<int8_filters_in_lanes<Conv>>{};
        } else
#endif
            return std::type_identity<int8_strip_loops_of<Conv>>{};
    }
    using loops = typename decltype(choose())::type;
    /// Bytes of scratch memory.
    static constexpr std::size_t scratch_size = loops::scratch_size;

    /// Rows `first` to `last` of the output, written to `y`.
    template <class Rounding>
    static constexpr void run(const std::int8_t* x, std::int8_t* y, std::size_t first,
                              std::size_t last, const int8_operands<Rounding>& o,
                              std::int8_t* scratch) noexcept {
        if (std::is_constant_evaluated())
            int8_convolve_plainly<Conv>(x, y, first, last, o);
        else
            loops::run(x, y, first, last, o, scratch);
    }
};

/// Those that compute the largest of each window of outputs at once, for one image or for one in
/// each lane.
template <convolution Conv, std::size_t WindowRows, std::size_t WindowColumns,
          std::size_t Images = 1>
struct int8_convolution_and_maximum {
    static constexpr bool exists = simd::integer_lanes > 1 &&
                                   !int8_packing::of(Conv).is_depthwise &&
                                   Conv.rows.dilation == 1 && Conv.columns.dilation == 1;
    static constexpr auto choose() noexcept {
#if CTNN_HAS_XSIMD
        if constexpr (exists && Images == 1)
            return std::type_identity<int8_filters_in_lanes<Conv, WindowRows, WindowColumns>>{};
        else if constexpr (exists)
            return std::type_identity<int8_images_in_lanes<Conv, WindowRows, WindowColumns>>{};
        else
#endif
            return std::type_identity<int8_strip_loops_of<Conv>>{};
    }
    using loops = typename decltype(choose())::type;
    static constexpr std::size_t scratch_size = exists ? loops::scratch_size : 0;

    /// Rows `first` to `last` of the windows.
    template <class Rounding>
    static void run(const std::int8_t* x, std::int8_t* y, std::size_t first, std::size_t last,
                    const int8_operands<Rounding>& o, std::int8_t* scratch) noexcept {
        loops::run(x, y, first, last, o, scratch);
    }
};

/// Those for one image in each lane.
template <convolution Conv>
using int8_batch_convolution =
#if CTNN_HAS_XSIMD
    int8_images_in_lanes<Conv>;
#else
    int8_strip_loops_of<Conv>;
#endif

}  // namespace ctnn::detail
