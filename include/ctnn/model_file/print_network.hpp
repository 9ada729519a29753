// The network of a model file as C++ to read, at run time: what network_in<file> is, as a person
// would write it. What network_of.hpp leaves out is left out here too.
#pragma once

#include <ctnn/model_file/parameters.hpp>
#include <ctnn/model_file/read.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ctnn::detail {

/// A type with its arguments, which are entries of a network where it `is_list`.
struct type_text {
    std::string name;
    std::vector<type_text> arguments{};
    bool is_list = false;

    [[nodiscard]] std::string on_one_line() const {
        std::string text = name;
        for (std::size_t i = 0; i < arguments.size(); ++i)
            text += (i == 0 ? "<" : ", ") + arguments[i].on_one_line();
        return text + (!arguments.empty() ? ">" : is_list ? "<>" : "");
    }
};

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
        const auto option = [&](bool is_needed, std::string_view name, const auto& numbers) {
            if (is_needed) text.arguments.push_back(with(name, {numbers.begin(), numbers.end()}));
        };
        const auto fraction = [&](bool is_needed, std::string_view name, model_fraction value) {
            if (is_needed) text.arguments.push_back(with_fraction(name, value));
        };
        constexpr std::array<std::size_t, 2> ones{1, 1}, twos{2, 2};
        const bool convolves = is(kind::conv2d, kind::depthwise_conv2d, kind::conv2d_transpose),
                   pools = is(kind::max_pool2d, kind::average_pool2d);

        if (is(kind::conv2d, kind::conv2d_transpose, kind::dense))
            text.arguments.push_back({std::to_string(step.filters)});
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
        if (is(kind::batch_normalization, kind::elu, kind::up_sampling2d))
            text.is_list = true;  // a template without an argument has <>
        return text;
    }
    static std::vector<std::size_t> padding(const std::array<std::size_t, 4>& pads) {
        const auto& [top, bottom, left, right] = pads;
        if (top != bottom || left != right) return {top, bottom, left, right};
        if (top != left) return {top, left};
        return {top};
    }
};

/// Breaks a list into lines: a layer begins a line, or follows where it fits with the activations
/// behind it; branches that do not fit on a line are lists of their own.
class type_printer {
public:
    explicit type_printer(std::string beginning) : text_(std::move(beginning)) {}

    void print(const type_text& type, std::size_t indent, const std::string& end) {
        const std::string flat = type.on_one_line() + end;
        const bool is_network = type.name == "ctnn::network";
        if (fits(column(), flat) || !type.is_list || type.arguments.empty()) {
            text_ += flat;
            return;
        }
        text_ += type.name + "<";
        if (is_network) text_ += type.arguments[0].on_one_line() + ",";
        print_list(type.arguments, is_network ? 1 : 0, indent + 4, ">" + end);
    }
    [[nodiscard]] std::string result() { return std::move(text_); }

private:
    static constexpr std::size_t most = 100;
    std::string text_;

    [[nodiscard]] std::size_t column() const { return text_.size() - (text_.rfind('\n') + 1); }
    std::string& begin_line(std::size_t indent) { return (text_ += '\n').append(indent, ' '); }
    static bool fits(std::size_t from, const std::string& words) {
        return from + words.size() <= most;
    }
    void print_list(const std::vector<type_text>& list, std::size_t first, std::size_t indent,
                    const std::string& end) {
        const auto behind = [&](std::size_t i) { return i + 1 == list.size() ? end : ","; };
        bool is_line_full = true;
        for (std::size_t next = first; first < list.size(); first = next) {
            std::string together = list[next].on_one_line() + behind(next);
            for (++next; next < list.size() && list[next].arguments.empty(); ++next)
                (together += ' ') += list[next].on_one_line() + behind(next);
            if (!is_line_full && fits(column() + 1, together)) {
                (text_ += ' ') += together;
                continue;
            }
            begin_line(indent);
            is_line_full = list[first].is_list && !fits(indent, together);
            for (std::size_t i = first; i < next; ++i) {
                const std::string flat = list[i].on_one_line() + behind(i);
                if (i > first) fits(column() + 1, flat) ? text_ += ' ' : begin_line(indent);
                print(list[i], indent, behind(i));
            }
        }
    }
};

/// `using name = ctnn::network<...>;` on lines of at most 100 letters where that is possible.
inline std::string network_text(const model_list& list, const std::string& name) {
    type_printer printer("using " + name + " = ");
    printer.print(type_of_model(list).network(), 0, ";");
    return printer.result() + "\n";
}

}  // namespace ctnn::detail
