// A dense layer on one input with SIMD: the lanes belong to the outputs, an input number is
// broadcast to all of them.
#pragma once

#include <ctnn/kernels/fusion.hpp>
#include <ctnn/kernels/layout.hpp>
#include <ctnn/simd/loops.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>

namespace ctnn::detail {

/// y = activation(bias + x kernel) for one input, scaled before the activation if that says so; kernel:
/// Inputs x Outputs.
template <std::size_t Inputs, std::size_t Outputs, bool HasBias, activation Activation>
struct dense_with_outputs_in_lanes {
    static constexpr loop_choice choice() noexcept {
        return {layout::hwc, {1, simd::tile_size(units, units_most) * lanes}};
    }
    static void run(const float* x, const float* kernel, const float* bias, float* y,
                    const float* scale = nullptr) noexcept {
        static_assert(lanes >= 4);
        simd::for_tiles<units, units_most>([&](std::size_t first, auto size) {
            tile<lanes, size>(first, x, kernel, bias, y, scale);
        });
    }

private:
    static constexpr std::size_t lanes = std::bit_floor(std::min(Outputs, simd::native_lanes));
    static constexpr std::size_t units = (Outputs + lanes - 1) / lanes, units_most = 8;

    /// Vectors number `first` ... of the outputs; the last of all overlaps the one before, so that
    /// it ends where the outputs end. Few vectors take several inputs at once, each with sums of
    /// its own, to hide the latency of the multiply-add.
    template <std::size_t Lanes, std::size_t Units>
    static void tile(std::size_t first, const float* x, const float* kernel, const float* bias,
                     float* y, [[maybe_unused]] const float* scale) noexcept {
        using vector = simd::vector<Lanes>;
        constexpr std::size_t parts =
            std::min<std::size_t>(Inputs, std::max<std::size_t>(1, 8 / Units));
        std::size_t at[Units];
        for (std::size_t u = 0; u < Units; ++u)
            at[u] = std::min((first + u) * Lanes, Outputs - Lanes);
        constexpr std::size_t sums = parts * Units;
        vector sum[sums];
        CTNN_UNROLLED
        for (std::size_t t = 0; t < sums; ++t)
            sum[t] = HasBias && t < Units ? simd::load<vector>(bias + at[t]) : vector(0.0f);
        constexpr std::size_t whole = Inputs / parts * parts, rest = Inputs - whole;
        const auto add = [&](std::size_t i, std::size_t part) CTNN_INLINED {
            const vector a(x[i + part]);
            CTNN_UNROLLED
            for (std::size_t u = 0; u < Units; ++u)
                simd::add_product(sum[part * Units + u], a,
                                  simd::load<vector>(kernel + (i + part) * Outputs + at[u]));
        };
        for (std::size_t i = 0; i < whole; i += parts) {
            CTNN_UNROLLED
            for (std::size_t part = 0; part < parts; ++part) add(i, part);
        }
        CTNN_UNROLLED
        for (std::size_t part = 0; part < rest; ++part) add(whole, part);
        CTNN_UNROLLED
        for (std::size_t u = 0; u < Units; ++u) {
            vector total = sum[u];
            CTNN_UNROLLED
            for (std::size_t part = 1; part < parts; ++part) total = total + sum[part * Units + u];
            total = scaled_sums<Activation>(total, scale, at[u], Outputs);
            simd::store(y + at[u], vector(Activation::value(total)));
        }
    }
};

}  // namespace ctnn::detail
