// The network of a model file as C++ to read, at run time: what network_in<file> is, as a person
// would write it. What network_of.hpp leaves out is left out here too.
#pragma once

#include <ctnn/model_file/parameters.hpp>
#include <ctnn/model_file/read.hpp>
#include <ctnn/model_file/repeated_blocks.hpp>
#include <ctnn/model_file/type_text.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ctnn::detail {

/// The type, out of the list that network_of.hpp makes it from.
class type_of_model {
public:
    explicit type_of_model(const model_list& from) : list_(from) {}

    [[nodiscard]] type_text network() const {
        const auto& [height, width, channels] = list_.graph.input;
        type_text all{"ctnn::network", {}, true};
        all.arguments.push_back(height > 1  ? with("shape", {height, width, channels})
                                : width > 1 ? with("sequence_shape", {width, channels})
                                            : with("features", {channels}));
        for (type_text& one : entries(0, list_.entries.size()))
            all.arguments.push_back(std::move(one));
        return all;
    }

private:
    const model_list& list_;

    static type_text type(std::string_view name) { return {"ctnn::" + std::string(name)}; }
    static type_text with(std::string_view name, const std::vector<std::size_t>& numbers) {
        type_text text = type(name);
        for (const std::size_t number : numbers) text.arguments.push_back({std::to_string(number)});
        return text;
    }
    static type_text with_fraction(std::string_view name, const model_fraction& value) {
        type_text text = type(name);
        text.arguments.push_back({std::to_string(value.numerator)});
        if (value.denominator != 1) text.arguments.push_back({std::to_string(value.denominator)});
        return text;
    }

    [[nodiscard]] std::vector<type_text> entries(std::size_t first, std::size_t last) const {
        std::vector<type_text> result;
        for (std::size_t i = first; i < last; i = list_.entries[i].end) result.push_back(entry(i));
        return result;
    }
    [[nodiscard]] type_text entry(std::size_t number) const {
        const model_entry& at = list_.entries[number];
        const bool is_branch = at.step == model_entry::branch;
        if (!is_branch && !is_merge(list_.graph.steps[at.step].kind))
            return layer(list_.graph.steps[at.step]);
        std::vector<type_text> parts = entries(number + 1, at.end);
        if (is_branch && parts.size() == 1) return std::move(parts[0]);
        if (is_branch) return {"ctnn::sequence", std::move(parts), true};

        const step_kind kind = list_.graph.steps[at.step].kind;
        const auto is_sequence = [](const type_text& part, bool is_empty) {
            return part.name == "ctnn::sequence" && part.arguments.empty() == is_empty;
        };
        for (std::size_t i = 0; i < 2; ++i)
            if (kind == step_kind::add && parts.size() == 2 && is_sequence(parts[i], false) &&
                is_sequence(parts[1 - i], true))
                return {"ctnn::residual", std::move(parts[i].arguments), true};
        return {"ctnn::" + std::string(name_of(kind)), std::move(parts), true};
    }

    static type_text layer(const model_step& step) {
        using kind = step_kind;
        const auto is = [&](auto... kinds) { return ((step.kind == kinds) || ...); };
        type_text text = type(name_of(step.kind));
        text.follows = kind::batch_normalization <= step.kind && step.kind <= kind::flatten;
        const auto option = [&](bool is_needed, std::string_view name, const auto& numbers) {
            if (is_needed) text.arguments.push_back(with(name, {numbers.begin(), numbers.end()}));
        };
        const auto fraction = [&](bool is_needed, std::string_view name, model_fraction value) {
            if (is_needed) text.arguments.push_back(with_fraction(name, value));
        };
        constexpr std::array<std::size_t, 2> ones{1, 1}, twos{2, 2};
        const bool convolves = is(kind::conv2d, kind::depthwise_conv2d, kind::conv2d_transpose),
                   pools = is(kind::max_pool2d, kind::average_pool2d);

        text.has_filters = is(kind::conv2d, kind::conv2d_transpose, kind::dense);
        if (text.has_filters) text.arguments.push_back({std::to_string(step.filters)});
        option(convolves, "kernel", step.extents);
        option(pools, "window", step.extents);
        option(convolves && step.stride != ones, "stride", step.stride);
        option(pools && step.stride != step.extents, "stride", step.stride);
        option(convolves && step.dilation != ones, "dilation", step.dilation);
        option(is(kind::conv2d) && step.groups != 1, "groups", std::array{step.groups});
        option(is(kind::depthwise_conv2d) && step.filters != 1, "depth_multiplier",
               std::array{step.filters});
        if ((convolves || pools) && step.is_same) text.arguments.push_back(type("same"));
        option((convolves || pools) && !step.is_same && step.pads != decltype(step.pads){},
               "padding", padding(step.pads));
        if ((convolves || is(kind::dense)) && step.arrays.size() < 2)
            text.arguments.push_back({"ctnn::use_bias", {{"false"}}});

        fraction(is(kind::batch_normalization) && step.first != model_fraction{1, 1000}, "epsilon",
                 step.first);
        fraction(is(kind::leaky_relu), "negative_slope", step.first);
        fraction(is(kind::elu) && step.first != model_fraction{1, 1}, "alpha", step.first);
        fraction(is(kind::clip), "low", step.first);
        fraction(is(kind::clip), "high", step.second);
        option(is(kind::up_sampling2d) && step.extents != twos, "factor", step.extents);
        if (is(kind::up_sampling2d) && step.is_bilinear) text.arguments.push_back(type("bilinear"));
        if (is(kind::reshape))
            text = with("reshape", {step.output.height, step.output.width, step.output.channels});
        if (is(kind::zero_padding2d))
            text = with("zero_padding2d", {step.pads.begin(), step.pads.end()});
        if (is(kind::batch_normalization, kind::elu, kind::up_sampling2d) && text.arguments.empty())
            text.name += "<>";  // a template without an argument
        return text;
    }
    static std::vector<std::size_t> padding(const std::array<std::size_t, 4>& pads) {
        const auto& [top, bottom, left, right] = pads;
        if (top != bottom || left != right) return {top, bottom, left, right};
        if (top != left) return {top, left};
        return {top};
    }
};

/// `using name = ctnn::network<...>;` on lines of at most 100 letters where that is possible, behind
/// `using name_block = ...;` for each block that repeats.
inline std::string network_text(const model_list& list, const std::string& name) {
    type_text network = type_of_model(list).network();
    std::vector<named_block> types = block_finder(network).take_blocks(name + "_block");
    types.push_back({name, "", std::move(network)});
    std::string text;
    for (const named_block& one : types) {
        if (!text.empty()) text += "\n";
        if (!one.parameter.empty()) text += "template <std::size_t " + one.parameter + ">\n";
        type_printer printer("using " + one.name + " = ");
        printer.print(one.type, 0, ";");
        text += printer.result() + "\n";
    }
    return text;
}

}  // namespace ctnn::detail
