// Writes a network's parameters as a C++ header, to compile them into a program.
#pragma once

#include <ctnn/constant_weights.hpp>
#include <ctnn/io/atomic_file.hpp>
#include <ctnn/io/printable.hpp>
#include <ctnn/io/safetensors.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ctnn {

struct header_options {
    std::string name = "weights";  // of the constant
    std::string name_space = {};   // around it, as in "a::b"; empty: none
    std::string comment = {};      // one line at the top, such as where the parameters come from
};

namespace detail {

/// Whether one may call something so: letters, digits and single underscores, no word of the
/// language, and no name that the header or the language uses.
inline bool is_identifier(std::string_view text) {
    // clang-format off
    static constexpr std::string_view words[]{
        "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break",
        "case", "catch", "char", "char16_t", "char32_t", "char8_t", "class", "co_await",
        "co_return", "co_yield", "compl", "concept", "const", "const_cast", "consteval",
        "constexpr", "constinit", "continue", "decltype", "default", "delete", "do", "double",
        "dynamic_cast", "else", "enum", "explicit", "export", "extern", "false", "float", "for",
        "friend", "goto", "if", "inline", "int", "long", "mutable", "namespace", "new", "noexcept",
        "not", "not_eq", "nullptr", "operator", "or", "or_eq", "private", "protected", "public",
        "register", "reinterpret_cast", "requires", "return", "short", "signed", "sizeof",
        "static", "static_assert", "static_cast", "struct", "switch", "template", "this",
        "thread_local", "throw", "true", "try", "typedef", "typeid", "typename", "union",
        "unsigned", "using", "virtual", "void", "volatile", "wchar_t", "while", "xor", "xor_eq",
        "ctnn", "main", "std"};  // no words, but taken
    // clang-format on
    const auto is_digit = [](char c) { return '0' <= c && c <= '9'; };
    const auto is_letter = [](char c) {
        return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || c == '_';
    };
    return !text.empty() && !is_digit(text[0]) && text[0] != '_' &&
           text.find("__") == std::string_view::npos &&
           std::ranges::all_of(text, [&](char c) { return is_letter(c) || is_digit(c); }) &&
           std::ranges::find(words, text) == std::end(words);
}

inline void check_header_options(const header_options& options) {
    const auto fail = [](const std::string& sentence) {
        throw std::invalid_argument("ctnn::write_header: " + sentence);
    };
    if (!is_identifier(options.name))
        fail("the name must be a C++ identifier, found '" + excerpt(options.name) + "'");
    for (std::string_view rest = options.name_space; !options.name_space.empty();) {
        const std::size_t end = rest.find("::");
        if (!is_identifier(rest.substr(0, end)))
            fail("the name_space must be identifiers joined by '::', found '" +
                 excerpt(options.name_space) + "'");
        if (end == std::string_view::npos) break;
        rest.remove_prefix(end + 2);
    }
    // What is not shown as it stands may end the line, or hide what follows from the reader.
    if (options.comment.find('\\') != std::string::npos ||
        printable(options.comment) != options.comment)
        fail("the comment must be one line of text without a backslash, found '" +
             excerpt(options.comment) + "'");
}

/// "0x1.8p+1f": all bits of a finite number.
inline std::string float_literal(float value) {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), std::fabs(value),
                                   std::chars_format::hex);
    return (std::signbit(value) ? "-0x" : "0x") + std::string(digits.data(), end.ptr) + "f";
}

/// The constant, as C++: `inline constexpr ctnn::constant_weights<...> name{{...}};`.
inline std::string constant_text(std::span<const parameter_entry> table,
                                 std::span<const float> elements, const std::string& fingerprint,
                                 const std::string& name) {
    std::string text = "inline constexpr ctnn::constant_weights<" + fingerprint + ", " +
                       std::to_string(elements.size()) + "> " + name + "{{";
    for (const parameter_entry& entry : table) {
        text += "\n    // " + entry_name(entry) + ": " + shape_text(entry_shape(entry));
        for (std::size_t i = 0; i < entry.size; ++i) {
            text += i % 6 == 0 ? "\n    " : " ";
            text += float_literal(elements[entry.offset + i]) + ",";
        }
    }
    return text + (elements.empty() ? "}};\n" : "\n}};\n");
}

}  // namespace detail

/// Writes `file`, a C++ header with the parameters as an `inline constexpr` constant_weights<>,
/// which only the network with the same fingerprint accepts: every bit in hexadecimal, in Keras'
/// order. It includes nothing but ctnn/constant_weights.hpp. An old file is replaced in one step.
/// Throws std::invalid_argument on a name or name_space that C++ does not allow and a comment of
/// more than a line, `file_error` on a parameter that is not finite or when writing fails; then the
/// old file is as it was.
template <detail::has_parameter_table Owner>
void write_header(const parameters<Owner>& w, const std::filesystem::path& file,
                  const header_options& options = {}) {
    detail::check_header_options(options);
    detail::require_finite(Owner::parameter_table, w.elements, file);
    std::string text = "// Weights of a network of ctnn. Written by ctnn::write_header.\n";
    if (!options.comment.empty()) text += "// " + options.comment + "\n";
    text += "// clang-format off\n#pragma once\n\n#include <ctnn/constant_weights.hpp>\n\n";
    if (!options.name_space.empty()) text += "namespace " + options.name_space + " {\n\n";
    text += detail::constant_text(Owner::parameter_table, {w.elements, Owner::parameter_count},
                                  detail::fingerprint_text(Owner::fingerprint) + "U", options.name);
    if (!options.name_space.empty()) text += "\n}  // namespace " + options.name_space + "\n";

    detail::atomic_file out(file);
    out.write(text.data(), text.size());
    out.commit();
}

}  // namespace ctnn
