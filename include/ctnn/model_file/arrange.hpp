// From steps over numbered values to a list as people write it: entries one behind the other, some of
// them branches that part from one value and meet again.
#pragma once

#include <ctnn/model_file/graph.hpp>

#include <cstddef>
#include <vector>

namespace ctnn::detail {

/// An entry of the list, in the order in which it is written: a layer; or branches, followed by each
/// branch, followed by the branch's entries.
struct model_entry {
    static constexpr std::size_t branch = static_cast<std::size_t>(-1);
    std::size_t step = branch;  // of the layer, or of the one in which branches meet
    std::size_t end = 0;        // behind its last part
};

/// Writes the list of a graph, or finds what cannot be written so.
class arranger {
public:
    constexpr explicit arranger(const model_graph& from) : graph_(from) {
        for (std::size_t i = 0; i < from.steps.size(); ++i) times_.push_back(0);
    }
    constexpr std::vector<model_entry> entries() {
        find_partings();
        if (!mistake) write(0, graph_.output);
        for (std::size_t i = 0; i < times_.size() && !mistake; ++i)
            if (times_[i] == 0)
                mistake = {model_error::unused_value, graph_.steps[i].name,
                           graph_.steps[i].operation};
        return static_cast<std::vector<model_entry>&&>(list_);
    }
    model_mistake mistake{};

private:
    const model_graph& graph_;
    std::vector<std::size_t>
        partings_;                    // of each value: the last one that all ways to it go through
    std::vector<std::size_t> times_;  // how often each step was written
    std::vector<model_entry> list_;

    constexpr void find_partings() {
        std::vector<std::size_t> depth{0};
        partings_.push_back(0);
        for (const model_step& step : graph_.steps) {
            std::size_t meeting = step.inputs[0];
            for (std::size_t other : step.inputs)
                while (meeting != other) {
                    if (depth[meeting] >= depth[other])
                        meeting = partings_[meeting];
                    else
                        other = partings_[other];
                }
            partings_.push_back(meeting);
            depth.push_back(depth[meeting] + 1);
        }
    }
    /// Writes all entries between two values, the first of which all ways to the second go through.
    constexpr void write(std::size_t from, std::size_t to) {
        std::vector<std::size_t> steps;  // the last one first
        for (std::size_t value = to; value != from; value = partings_[value])
            steps.push_back(value - 1);
        for (std::size_t i = steps.size(); i-- > 0 && !mistake;) write(steps[i]);
    }
    constexpr void write(std::size_t number) {
        const model_step& step = graph_.steps[number];
        if (++times_[number] > 1) {
            mistake = {model_error::entangled, step.name, step.operation};
            return;
        }
        const std::size_t here = list_.size();
        list_.push_back({number, 0});
        if (is_merge(step.kind))
            for (const std::size_t value : step.inputs) {
                const std::size_t branch = list_.size();
                list_.push_back({});
                write(partings_[number + 1], value);
                list_[branch].end = list_.size();
            }
        list_[here].end = list_.size();
    }
};

}  // namespace ctnn::detail
