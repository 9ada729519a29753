// Names for what a network has at several places, as a person gives them: to the same layers, or the
// same with another number of filters.
#pragma once

#include <ctnn/model_file/type_text.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace ctnn::detail {

/// `using name = type;`, or a template whose parameter is a number of filters or outputs.
struct named_block {
    std::string name, parameter;
    type_text type;
};

/// Takes blocks out of a network for as long as each makes its text shorter by a line. A block is an
/// entry with branches; or several entries, from a layer to the activation behind the last one: a
/// sequence<> of these, which has the same parameters in the same order.
class block_finder {
public:
    explicit block_finder(type_text& network) : network_(network) {}

    /// They are called by this name; with a number behind it if there are several.
    std::vector<named_block> take_blocks(const std::string& name) {
        std::vector<named_block> result;
        while (true) {
            found_.clear();
            count(network_);
            const auto best = std::ranges::max_element(
                found_, {}, [](const auto& entry) { return entry.second.gain(); });
            if (best == found_.end() || best->second.gain() < line) break;
            const pattern& block = best->second.block;
            result.push_back(
                {"block" + std::to_string(result.size() + 1), block.parameter, block.type});
            replace(network_, result.back());
        }
        for (std::size_t i = 0; i < result.size(); ++i) {
            const std::string given = result.size() == 1 ? name : name + std::to_string(i + 1);
            for (named_block& one : result) rename(one.type, result[i].name, given);
            rename(network_, result[i].name, given);
            result[i].name = given;
        }
        return result;
    }

private:
    static constexpr int line = 100, letters_of_use = 12, letters_around = 40,
                         letters_of_template = 30;
    static constexpr std::size_t most_entries = 24;

    /// A part of the network, or the same without one of its numbers of filters.
    struct pattern {
        type_text type;
        std::string parameter{}, number{};
    };
    struct places {
        pattern block;
        int count = 0, letters = 0;
        const type_text* list = nullptr;  // the last place, and what is behind it there
        std::size_t end = 0;

        /// Letters that are no longer there if it has a name.
        [[nodiscard]] int gain() const {
            return letters - count * letters_of_use - letters_around -
                   static_cast<int>(block.type.on_one_line().size()) -
                   (block.parameter.empty() ? 0 : letters_of_template);
        }
    };

    type_text& network_;
    std::map<std::string, places> found_;  // by the block's text

    static bool is_network(const type_text& list) { return list.name == "ctnn::network"; }
    /// Whether these entries of a list could be a block.
    static bool is_part(const type_text& list, std::size_t first, std::size_t count) {
        const std::vector<type_text>& entries = list.arguments;
        const std::size_t last = first + count;
        if (last > entries.size()) return false;
        if (count == 1) return entries[first].is_list && !entries[first].arguments.empty();
        const bool is_all = first == 0 && last == entries.size();
        return (is_network(list) || list.name == "ctnn::residual" ||
                (list.name == "ctnn::sequence" && !is_all)) &&
               !entries[first].follows && (last == entries.size() || !entries[last].follows);
    }
    static type_text part(const type_text& list, std::size_t first, std::size_t count) {
        if (count == 1) return list.arguments[first];
        const auto from = list.arguments.begin() + static_cast<std::ptrdiff_t>(first);
        return {"ctnn::sequence", {from, from + static_cast<std::ptrdiff_t>(count)}, true};
    }
    /// The part itself, and with a parameter in place of each of its numbers of filters.
    static std::vector<pattern> patterns_of(const type_text& type) {
        std::vector<pattern> result{{type}};
        add_numbers(type, result);
        for (std::size_t i = 1; i < result.size(); ++i)
            set_parameter(result[i].type, result[i].number, result[i].parameter);
        return result;
    }
    static void add_numbers(const type_text& type, std::vector<pattern>& to) {
        if (type.has_filters) {
            const std::string& number = type.arguments[0].name;
            const std::string parameter = type.name == "ctnn::dense" ? "Outputs" : "Filters";
            const auto known = std::ranges::find(to, number, &pattern::number);
            if (known == to.end())
                to.push_back({to[0].type, parameter, number});
            else if (parameter == "Filters")
                known->parameter = parameter;
        }
        for (const type_text& argument : type.arguments) add_numbers(argument, to);
    }
    static void set_parameter(type_text& in, const std::string& number, const std::string& name) {
        if (in.has_filters && in.arguments[0].name == number) in.arguments[0].name = name;
        for (type_text& argument : in.arguments) set_parameter(argument, number, name);
    }

    static void rename(type_text& in, const std::string& from, const std::string& to) {
        if (in.name == from) in.name = to;
        for (type_text& argument : in.arguments) rename(argument, from, to);
    }

    void count(const type_text& list) {
        for (std::size_t i = is_network(list) ? 1 : 0; i < list.arguments.size(); ++i) {
            for (std::size_t length = 1; length <= most_entries; ++length)
                if (is_part(list, i, length)) add_place(list, i, length);
            count(list.arguments[i]);
        }
    }
    void add_place(const type_text& list, std::size_t first, std::size_t length) {
        const type_text type = part(list, first, length);
        const std::size_t around = length > 1 ? std::string("ctnn::sequence<>").size() : 0;
        for (const pattern& one : patterns_of(type)) {
            places& here = found_[one.type.on_one_line()];
            if (here.list == &list && first < here.end) continue;  // they would overlap
            here.block = one;
            here.list = &list;
            here.end = first + length;
            here.letters += static_cast<int>(type.on_one_line().size() - around);
            ++here.count;
        }
    }
    static void replace(type_text& list, const named_block& block) {
        std::vector<type_text>& entries = list.arguments;
        for (std::size_t i = is_network(list) ? 1 : 0; i < entries.size(); ++i) {
            for (const std::size_t length : {std::size_t{1}, block.type.arguments.size()}) {
                if (!is_part(list, i, length)) continue;
                const std::vector<pattern> seen = patterns_of(part(list, i, length));
                const auto same = std::ranges::find(seen, block.type, &pattern::type);
                if (same == seen.end()) continue;
                type_text use{block.name};
                if (!block.parameter.empty()) use.arguments.push_back({same->number});
                use.has_filters = !block.parameter.empty();
                const auto at = entries.begin() + static_cast<std::ptrdiff_t>(i);
                *at = use;
                entries.erase(at + 1, at + static_cast<std::ptrdiff_t>(length));
                break;
            }
            replace(entries[i], block);
        }
    }
};

}  // namespace ctnn::detail
