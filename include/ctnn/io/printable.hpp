// Text from outside, made fit for a message: on one line, short, and no orders to a terminal.
#pragma once

#include <ctnn/language.hpp>

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

namespace ctnn::detail {

/// Bytes of the UTF-8 character that `text` begins with; 0 if there is none that is well-formed.
inline std::size_t utf8_size(std::string_view text) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
    };
    const auto follows = [&](std::size_t i, unsigned from = 0x80, unsigned to = 0xBF) {
        return from <= byte(i) && byte(i) <= to;
    };
    const unsigned first = byte(0);
    if (first < 0x80) return text.empty() ? 0 : 1;
    if (0xC2 <= first && first <= 0xDF) return follows(1) ? 2 : 0;
    // No overlong forms, no surrogates, nothing above U+10FFFF (The Unicode Standard, table 3-7).
    if (0xE0 <= first && first <= 0xEF)
        return follows(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF) && follows(2)
                   ? 3
                   : 0;
    if (0xF0 <= first && first <= 0xF4)
        return follows(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF) && follows(2) &&
                       follows(3)
                   ? 4
                   : 0;
    return 0;
}

/// Whether a terminal may take this character for an order: the control characters, and those that
/// turn the direction of writing or break lines (U+200B to U+200F, U+2028 to U+202E, U+2060 to
/// U+206F, U+FEFF).
inline bool is_control(std::string_view character) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
    if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7F;
    if (character.size() == 2) return byte(0) == 0xC2 && byte(1) < 0xA0;
    if (character.size() != 3) return false;
    if (byte(0) == 0xEF) return byte(1) == 0xBB && byte(2) == 0xBF;
    if (byte(0) != 0xE2) return false;
    return byte(1) == 0x80
               ? (0x8B <= byte(2) && byte(2) <= 0x8F) || (0xA8 <= byte(2) && byte(2) <= 0xAE)
               : byte(1) == 0x81 && byte(2) >= 0xA0 && byte(2) <= 0xAF;
}

/// `text` with control characters and bytes that are not UTF-8 written as \x1b; of at most `most`
/// bytes, where "..." stands for the rest.
inline std::string printable(std::string_view text, std::size_t most = std::string::npos) {
    std::string result;
    std::size_t fits = 0;  // the part of `result` that "..." can follow
    while (!text.empty()) {
        const std::size_t whole = utf8_size(text), size = whole == 0 ? 1 : whole;
        if (whole != 0 && !is_control(text.substr(0, size)))
            result += text.substr(0, size);
        else
            for (const char c : text.substr(0, size)) {
                char escaped[5];
                std::snprintf(escaped, sizeof escaped, "\\x%02x",
                              static_cast<unsigned>(static_cast<unsigned char>(c)));
                result += escaped;
            }
        text.remove_prefix(size);
        if (result.size() > most) return result.substr(0, fits) + "...";
        if (most >= 3 && result.size() <= most - 3) fits = result.size();
    }
    return result;
}

/// What a message shows of a name or value in a file.
inline std::string excerpt(std::string_view text) {
    return printable(text, 60);
}

}  // namespace ctnn::detail
