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

/// y = activation(bias + x kernel) for one input; kernel: Inputs x Outputs.
template <std::size_t Inputs, std::size_t Outputs, bool HasBias, activation Activation>
struct dense_with_outputs_in_lanes {
    static constexpr loop_choice choice() noexcept {
        return {layout::hwc, {1, simd::tile_size(units, units_most) * lanes}};
    }
    static void run(const float* x, const float* kernel, const float* bias, float* y) noexcept {
        static_assert(lanes >= 4);
        simd::for_tiles<units, units_most>(
            [&](std::size_t first, auto size) { tile<lanes, size>(first, x, kernel, bias, y); });
    }

private:
    static constexpr std::size_t lanes = std::bit_floor(std::min(Outputs, simd::native_lanes));
    static constexpr std::size_t units = (Outputs + lanes - 1) / lanes, units_most = 8;

    /// Vectors number `first` ... of the outputs; the last of all overlaps the one before, so that
    /// it ends where the outputs end. Few vectors take several inputs at once, each with sums of
    /// its own, to hide the latency of the multiply-add.
    template <std::size_t Lanes, std::size_t Units>
    static void tile(std::size_t first, const float* x, const float* kernel, const float* bias,
                     float* y) noexcept {
        using vector = simd::vector<Lanes>;
        constexpr std::size_t parts =
            std::min<std::size_t>(Inputs, std::max<std::size_t>(1, 8 / Units));
        std::size_t at[Units];
        for (std::size_t u = 0; u < Units; ++u)
            at[u] = std::min((first + u) * Lanes, Outputs - Lanes);
        vector sum[parts][Units];
        simd::unroll<parts * Units>([&](auto t) CTNN_INLINED {
            sum[t / Units][t % Units] = vector(0.0f);
            if constexpr (HasBias && t < Units) sum[0][t] = simd::load<vector>(bias + at[t]);
        });
        constexpr std::size_t whole = Inputs / parts * parts;
        const auto add = [&](std::size_t i, auto part) CTNN_INLINED {
            const vector a(x[i]);
            simd::unroll<Units>([&](auto u) CTNN_INLINED {
                simd::add_product(sum[part][u], a,
                                  simd::load<vector>(kernel + i * Outputs + at[u]));
            });
        };
        for (std::size_t i = 0; i < whole; i += parts)
            simd::unroll<parts>([&](auto part) CTNN_INLINED { add(i + part, part); });
        simd::unroll<Inputs - whole>([&](auto part) CTNN_INLINED { add(whole + part, part); });
        simd::unroll<Units>([&](auto u) CTNN_INLINED {
            vector total = sum[0][u];
            simd::unroll<parts - 1>([&](auto part)
                                        CTNN_INLINED { total = total + sum[part + 1][u]; });
            simd::store(y + at[u], vector(Activation::value(total)));
        });
    }
};

}  // namespace ctnn::detail
