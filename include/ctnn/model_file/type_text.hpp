// Types as text: arguments in angle brackets, on lines of at most 100 letters.
#pragma once

#include <ctnn/language.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace ctnn::detail {

/// A type with its arguments, which are entries of a network where it `is_list`.
struct type_text {
    std::string name;
    std::vector<type_text> arguments{};
    bool is_list = false;
    bool has_filters = false;  // how many, says the first argument
    bool follows = false;      // what stands before it, as an activation does

    [[nodiscard]] std::string on_one_line() const {
        std::string text = name;
        for (std::size_t i = 0; i < arguments.size(); ++i)
            text += (i == 0 ? "<" : ", ") + arguments[i].on_one_line();
        return text + (!arguments.empty() ? ">" : is_list ? "<>" : "");
    }
    bool operator==(const type_text&) const = default;
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
            for (++next; next < list.size() && list[next].arguments.empty() && list[next].follows;
                 ++next)
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

}  // namespace ctnn::detail
