// What a network costs where it is deployed, as a table to read: flash, RAM, multiply-adds.
#pragma once

#include <ctnn/io/summary.hpp>
#include <ctnn/io/table.hpp>
#include <ctnn/plan.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace ctnn {
namespace detail {

/// What one stage of a prediction needs, in bytes.
struct stage_cost {
    std::size_t first = 0, layers = 0;  // of the network's leaves
    std::size_t flash = 0;              // its parameters
    std::size_t ram = 0;                // its input and output, unless they are the caller's
    std::size_t multiply_adds = 0;
};

/// The stages of `Net` that compute something, in order.
template <class Net>
std::vector<stage_cost> stage_costs() {
    const auto multiply_adds = []<std::size_t... I>(std::index_sequence<I...>) {
        return std::array<std::size_t, Net::leaf_count>{Net::template leaf<I>::multiply_adds...};
    }
    (std::make_index_sequence<Net::leaf_count>{});
    const auto facts = fuse(Net::facts::facts, Net::stages);
    std::vector<stage_cost> costs;
    std::size_t input = 0;  // numbers of scratch memory that hold it; 0: it is the caller's
    for (std::size_t i = 0; i < Net::leaf_count; ++i) {
        if (facts[i].reshapes) continue;
        stage_cost cost{i, Net::stages[i]};
        for (std::size_t k = i; k < i + cost.layers; ++k) cost.multiply_adds += multiply_adds[k];
        cost.flash =
            sizeof(float) * (Net::facts::offsets[i + cost.layers] - Net::facts::offsets[i]);
        const bool moves = Net::plan.layers[i].where == placement::moves;
        cost.ram = sizeof(float) * (input + (moves ? facts[i].output : 0));
        if (moves) input = facts[i].output;
        costs.push_back(cost);
    }
    return costs;
}

}  // namespace detail

/// The table of what `Net`, a network, needs for a prediction: a row for each stage (the layers
/// that are computed in one go; those that only reshape are left out) and a line with the totals,
/// in bytes. Flash: the parameters. RAM: the workspace, where the input of a stage lies beside its
/// output; so not the sum but the largest counts, that of the stage named there. Beside it come the
/// caller's image and output, and the stack of the functions. Each line ends with '\n'.
template <class Net>
[[nodiscard]] std::string report() {
    using detail::with_commas;
    const auto names = Net::facts::names;
    const auto outputs = []<std::size_t... I>(std::index_sequence<I...>) {
        return std::vector<std::string>{
            detail::extents_text<typename Net::template leaf<I>::output_shape>()...};
    }
    (std::make_index_sequence<Net::leaf_count>{});

    std::vector<std::array<std::string, 5>> rows{
        {"stage", "output", "flash", "RAM", "multiply-adds"}};
    std::size_t ram = 0;
    std::string peak;
    for (const detail::stage_cost& cost : detail::stage_costs<Net>()) {
        std::string name = std::to_string(rows.size());
        for (std::size_t k = 0; k < cost.layers; ++k)
            name += (k == 0 ? " " : ", ") + std::string(names[cost.first + k]);
        rows.push_back({name, outputs[cost.first + cost.layers - 1], with_commas(cost.flash),
                        with_commas(cost.ram), with_commas(cost.multiply_adds)});
        if (cost.ram > ram) peak = " (stage " + std::to_string(rows.size() - 1) + ")";
        ram = std::max(ram, cost.ram);
    }
    return detail::table_text(rows) + with_commas(Net::parameter_count * sizeof(float)) +
           " bytes of flash, " + with_commas(ram) + " of RAM" + peak + ", " +
           with_commas(Net::multiply_adds) + " multiply-adds an image\n";
}

}  // namespace ctnn
