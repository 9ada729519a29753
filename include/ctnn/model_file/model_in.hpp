// What the compiler knows of a model file: its list, as a constant of the program.
#pragma once

#include <ctnn/model_file/layer_of_step.hpp>
#include <ctnn/model_file/read.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace ctnn::detail {

template <std::size_t Entries, std::size_t Steps, std::size_t Arrays>
struct listed_model {
    model_shape input{};
    model_scale input_scale{};
    std::array<model_entry, Entries> entries{};
    std::array<listed_step, Steps> steps{};
    std::array<model_array, Arrays> arrays{};  // in the order of the list
    [[nodiscard]] constexpr bool is_int8() const noexcept { return input_scale.scale > 0.0f; }
};

/// What the compiler knows of a model file.
template <const auto& File>
struct model_in {
    struct found {
        model_mistake mistake{};
        std::size_t entries = 0, steps = 0, arrays = 0;
    };
    static constexpr found size = [] {
        const model_list list = read_model(File);
        found result{list.mistake, list.entries.size(), list.graph.steps.size(), 0};
        for (const model_step& step : list.graph.steps) result.arrays += step.arrays.size();
        return result;
    }();
    static constexpr std::size_t name_length = size.mistake.name.view().size();
    static constexpr auto name = [] {
        char letters[name_length + 1]{};
        std::copy_n(size.mistake.name.text.begin(), name_length, letters);
        return fixed_string(letters);
    }();
    using check = checked_model_file<size.mistake.what, name, size.mistake.number>;

    static constexpr auto model = [] {
        const model_list list = read_model(File);
        listed_model<size.entries, size.steps, size.arrays> result;
        result.input = list.graph.input;
        result.input_scale = list.graph.input_scale;
        std::size_t array = 0;
        for (std::size_t i = 0; i < size.entries; ++i) {
            result.entries[i] = list.entries[i];
            if (list.entries[i].step != model_entry::branch &&
                !is_merge(list.graph.steps[list.entries[i].step].kind))
                for (const model_array& one : list.graph.steps[list.entries[i].step].arrays)
                    result.arrays[array++] = one;
        }
        for (std::size_t i = 0; i < size.steps && size.entries > 0; ++i) {
            const model_step& from = list.graph.steps[i];
            result.steps[i] = {from.kind,    from.extents,    from.stride,       from.dilation,
                               from.is_same, from.has_bias(), from.is_bilinear,  from.pads,
                               from.filters, from.groups,     from.first,        from.second,
                               from.output,  from.scale,      from.arrays.size()};
        }
        return result;
    }();
    /// Whether weights lie `shift` bytes behind a multiple of 4.
    static constexpr bool has_floats_at(std::size_t shift) noexcept {
        for (const model_array& array : model.arrays)
            if (array.is_in_file && array.first % 4 == shift) return true;
        return false;
    }
};

}  // namespace ctnn::detail
