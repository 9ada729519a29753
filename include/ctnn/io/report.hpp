// What a network costs where it is deployed, as a table to read: flash, RAM, multiply-adds.
#pragma once

#include <ctnn/io/summary.hpp>
#include <ctnn/io/table.hpp>
#include <ctnn/plan_of.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace ctnn {

/// The table of what `Net`, a network, needs for a prediction: a row for each stage (the layers
/// that are computed in one go; those that only reshape are left out) and a line with the totals,
/// in bytes. Flash: the parameters. RAM: the workspace, where the input of a stage lies beside its
/// output and its scratch memory; so not the sum but the largest counts, that of the stage named
/// there, in whole cache lines: `workspace_bytes`. Scratch: the part of it that this processor's
/// SIMD loops ask for; with one lane, as on a microcontroller, there is none. Beside it come the
/// caller's image and output, and less than 16 KiB of stack. Each line ends with '\n'.
template <class Net>
[[nodiscard]] std::string report() {
    using detail::with_commas;
    const auto outputs = []<std::size_t... I>(std::index_sequence<I...>) {
        return std::vector<std::string>{
            detail::extents_text<typename Net::template leaf<I>::output_shape>()...};
    }
    (std::make_index_sequence<Net::leaf_count>{});

    std::vector<std::array<std::string, 6>> rows{
        {"stage", "output", "flash", "RAM", "scratch", "multiply-adds"}};
    std::size_t most = 0;
    std::string peak;
    for (const stage_plan& stage : plan_of<Net>.stages) {
        const std::string number = std::to_string(rows.size());
        std::string name = number;
        for (std::size_t k = 0; k < stage.layers; ++k)
            name += (k == 0 ? " " : ", ") + std::string(stage.names[k]);
        rows.push_back({name, outputs[stage.first + stage.layers - 1], with_commas(stage.flash),
                        with_commas(stage.ram), with_commas(stage.scratch),
                        with_commas(stage.multiply_adds)});
        if (stage.ram > most) {
            peak = " (stage " + number;
            if (stage.scratch > 0)
                peak += ", of it " + with_commas(stage.scratch) + " of scratch for " +
                        std::to_string(simd::native_lanes) + " lanes";
            peak += ")";
        }
        most = std::max(most, stage.ram);
    }
    return detail::table_text(rows) + with_commas(Net::parameter_bytes) + " bytes of flash, " +
           with_commas(Net::workspace_bytes) + " of RAM" + peak + ", " +
           with_commas(Net::multiply_adds) + " multiply-adds an image\n";
}

}  // namespace ctnn
