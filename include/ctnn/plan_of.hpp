// A network's plan as a value: which layers are computed in one go, how their loops run, and where
// every output lies. `std::cout << plan_of<net>` (with io.hpp) prints it; tests assert on it.
#pragma once

#include <ctnn/kernels/layout.hpp>
#include <ctnn/network.hpp>

#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

namespace ctnn {

/// One stage of a prediction: a layer, and those that are computed together with it.
struct stage_plan {
    std::size_t first = 0;                    ///< leaf of the network that it begins with
    std::size_t layers = 0;                   ///< how many leaves
    std::array<std::string_view, 4> names{};  ///< theirs
    loop_choice one_image{}, many_images{};   ///< how predict runs, one image and batches
    std::size_t multiply_adds = 0;            ///< an image
    std::size_t flash = 0;                    ///< bytes of its parameters
    std::size_t bytes = 0;                    ///< of its output, an image
    std::size_t scratch = 0;                  ///< bytes for what it copies
    std::size_t ram = 0;                      ///< bytes of workspace for input, output and scratch
    detail::placement output{};               ///< where that lies; offset in numbers
    std::size_t bytes_of_number = sizeof(float);
    /// Bytes from the start of the workspace; only if the output lies there.
    [[nodiscard]] constexpr std::size_t offset() const noexcept {
        return output.offset * bytes_of_number;
    }
};

/// The stages of `Network` that compute something (`flatten` does not), in their order.
template <class Network>
struct network_plan {
    static constexpr std::size_t count = [] {
        std::size_t stages = 0;
        for (std::size_t i = 0; i < Network::leaf_count; ++i)
            stages += Network::stage_lengths[i] > 0 && Network::table::computes(i);
        return stages;
    }();
    std::array<stage_plan, count> stages{};
    static constexpr std::size_t workspace_bytes = Network::workspace_bytes;
    /// Bytes of outputs and scratch that are alive at once, at most: the workspace cannot be smaller.
    static constexpr std::size_t largest_set = Network::plan.largest_set * sizeof(float);

    constexpr network_plan() noexcept {
        std::size_t next = 0;
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (add<I>(next), ...);
        }
        (std::make_index_sequence<Network::leaf_count>{});
    }

private:
    template <std::size_t Index>
    constexpr void add(std::size_t& next) noexcept {
        using layer = typename Network::template leaf<Index>;
        constexpr std::size_t layers = Network::stage_lengths[Index];
        if constexpr (layers > 0 && Network::table::computes(Index)) {
            using pooling = typename Network::template fused_pooling<Index>;
            stage_plan& stage = stages[next++];
            stage.first = Index;
            stage.layers = layers;
            [&]<std::size_t... I>(std::index_sequence<I...>) {
                stage.names = {Network::table::names[Index + I]...};
                stage.multiply_adds =
                    (std::size_t{0} + ... + Network::template leaf<Index + I>::multiply_adds);
            }
            (std::make_index_sequence<layers>{});
            stage.flash =
                (Network::table::offsets[Index + layers] - Network::table::offsets[Index]) *
                sizeof(float);
            stage.one_image = layer::template choice_for_one<pooling>();
            stage.many_images = layer::template choice_for_many<pooling>();
            stage.bytes =
                Network::template leaf<Index + layers - 1>::output_shape::size * sizeof(float);
            stage.scratch = Network::prediction::template scratch<Index, float> * sizeof(float);
            stage.output = Network::plan.layers[Index];
            stage.ram = stage.output.used * sizeof(float);
        }
    }
};

/// The plan of a network's predictions on this processor, computed by the compiler.
template <class Network>
inline constexpr network_plan<Network> plan_of{};

}  // namespace ctnn
