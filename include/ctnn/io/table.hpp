// Text in columns.
#pragma once

#include <ctnn/language.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ctnn::detail {

/// 61706 -> "61,706".
inline std::string with_commas(std::uint64_t number) {
    const std::string digits = std::to_string(number);
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i != 0 && (digits.size() - i) % 3 == 0) text += ',';
        text += digits[i];
    }
    return text;
}

/// Rows as lines that end with '\n': the first column to the left, the others to the right.
template <std::size_t Columns>
std::string table_text(const std::vector<std::array<std::string, Columns>>& rows) {
    std::array<std::size_t, Columns> widths{};
    for (const auto& row : rows)
        for (std::size_t i = 0; i < Columns; ++i) widths[i] = std::max(widths[i], row[i].size());
    std::string text;
    for (const auto& row : rows) {
        text += row[0] + std::string(widths[0] - row[0].size(), ' ');
        for (std::size_t i = 1; i < Columns; ++i)
            text += std::string(2 + widths[i] - row[i].size(), ' ') + row[i];
        text += '\n';
    }
    return text;
}

}  // namespace ctnn::detail
