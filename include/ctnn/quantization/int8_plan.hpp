// The plan of a network in bytes as a value.
#pragma once

#include <ctnn/plan_of.hpp>
#include <ctnn/quantization/quantized.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace ctnn {

/// The stages of a network in bytes that compute something, in their order.
template <class Network, class Rounding>
struct network_plan<quantized<Network, Rounding>> {
    using owner = quantized<Network, Rounding>;
    using stages_of = typename owner::stages;

    static constexpr std::size_t count = [] {
        std::size_t stages = 0;
        for (std::size_t i = 0; i < stages_of::count; ++i)
            stages +=
                stages_of::lengths[i] > 0 && stages_of::kinds[i] != detail::int8_kind::reshape;
        return stages;
    }();
    std::array<stage_plan, count> stages{};
    static constexpr std::size_t workspace_bytes = owner::workspace_bytes;
    static constexpr std::size_t largest_set = stages_of::plan.largest_set;

    constexpr network_plan() noexcept {
        std::size_t next = 0;
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (add<I>(next), ...);
        }
        (std::make_index_sequence<stages_of::count>{});
    }

private:
    template <std::size_t Index>
    constexpr void add(std::size_t& next) noexcept {
        constexpr std::size_t layers = stages_of::lengths[Index];
        if constexpr (layers > 0 && stages_of::kinds[Index] != detail::int8_kind::reshape) {
            stage_plan& stage = stages[next++];
            stage.first = Index;
            stage.layers = layers;
            [&]<std::size_t... I>(std::index_sequence<I...>) {
                stage.names = {owner::network::table::names[Index + I]...};
                stage.multiply_adds =
                    (std::size_t{0} + ... + owner::template leaf<Index + I>::multiply_adds);
            }
            (std::make_index_sequence<layers>{});
            if constexpr (stages_of::kinds[Index] == detail::int8_kind::convolution &&
                          simd::integer_lanes > 1) {
                constexpr detail::convolution conv =
                    detail::int8_convolution_of<typename owner::template leaf<Index>>();
                using loops = typename detail::int8_convolution<conv>::loops;
                stage.one_image.lanes = layout::hwc;
                if constexpr (requires { loops::at_once; })
                    stage.one_image.sums = {loops::at_once.columns,
                                            loops::at_once.vectors * simd::integer_lanes};
            }
            stage.many_images.lanes = simd::integer_lanes > 1 ? layout::hwcn : layout::one_lane;
            const detail::int8_sizes here = stages_of::template sizes_of<Index>();
            stage.flash =
                here.weights + here.channels * (4 + sizeof(typename Rounding::factor)) +
                here.limits * sizeof(int8_bounds) + here.tables * 256 +
                here.sums * sizeof(typename Rounding::template addition<stages_of::terms>) +
                here.softmaxes * sizeof(typename Rounding::softmax);
            stage.bytes = owner::template leaf<Index + layers - 1>::output_shape::size;
            stage.scratch = stages_of::template scratch<Index, 1>;
            stage.output = stages_of::plan.layers[Index];
            stage.bytes_of_number = 1;
            stage.ram = stage.output.used;
        }
    }
};

}  // namespace ctnn
