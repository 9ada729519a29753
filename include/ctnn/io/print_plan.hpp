// A network's plan as a table.
#pragma once

#include <ctnn/io/table.hpp>
#include <ctnn/plan_of.hpp>

#include <array>
#include <ostream>
#include <string>
#include <vector>

namespace ctnn {
namespace detail {

/// "chw 32 x 6": the lanes, and the sums in registers at once (columns x features).
inline std::string choice_text(const loop_choice& choice) {
    return std::string(name_of(choice.lanes)) + ' ' + std::to_string(choice.sums.columns) + " x " +
           std::to_string(choice.sums.features);
}

}  // namespace detail

/// Writes a row for each stage: the layers that are computed in one go, how one image and how
/// batches are computed (layout; sums in registers at once, columns x features), multiply-adds for
/// one image, bytes of scratch memory (one image) and of the output, and its offset in the
/// workspace ("caller": in the caller's output; "in place": where the input was).
template <class Network>
std::ostream& operator<<(std::ostream& stream, const network_plan<Network>& plan) {
    std::vector<std::array<std::string, 7>> rows{
        {"stage", "one image", "images", "multiply-adds", "scratch", "bytes", "offset"}};
    for (const stage_plan& stage : plan.stages) {
        std::string names;
        for (std::size_t i = 0; i < stage.layers; ++i)
            names += (i == 0 ? "" : " + ") + std::string(stage.names[i]);
        const auto where = stage.output.where;
        rows.push_back({names, detail::choice_text(stage.one_image),
                        detail::choice_text(stage.many_images),
                        detail::with_commas(stage.multiply_adds),
                        detail::with_commas(stage.scratch), detail::with_commas(stage.bytes),
                        where == detail::placement::memory   ? detail::with_commas(stage.offset())
                        : where == detail::placement::result ? "caller"
                                                             : "in place"});
    }
    return stream << detail::table_text(rows) << detail::with_commas(plan.workspace_bytes)
                  << " bytes of workspace\n";
}

}  // namespace ctnn
