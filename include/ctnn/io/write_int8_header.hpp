// Writes the parameters of a network in bytes as a C++ header, to compile them into a program.
#pragma once

#include <ctnn/io/save_int8.hpp>
#include <ctnn/io/write_header.hpp>
#include <ctnn/quantization/int8_parameters.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <type_traits>

namespace ctnn {
namespace detail {

/// Numbers and plain structures of them, as C++.
struct int8_text {
    static std::string literal(float x) { return float_literal(x); }
    template <std::integral T>
    static std::string literal(T x) {
        if (std::is_same_v<T, std::int32_t> && x == std::numeric_limits<T>::min())
            return "-2147483647 - 1";
        std::string text = std::to_string(x);
        if (std::is_unsigned_v<T>) text += 'u';
        return text;
    }
    template <class... Members>
    static std::string braced(const Members&... members) {
        std::string text;
        ((text += text.empty() ? "{" : ", ", text += literal(members)), ...);
        text += '}';
        return text;
    }
    static std::string literal(const byte_scale& s) { return braced(s.scale, s.zero); }
    static std::string literal(const int8_bounds& b) { return braced(b.low, b.high); }
    static std::string literal(const fixed_factor& f) { return braced(f.q, f.shift); }
    template <class T, std::size_t Count>
    static std::string literal(const std::array<T, Count>& list) {
        constexpr std::size_t in_line = sizeof(T) == 1 ? 20 : 6;
        std::string text = "{{";
        for (std::size_t i = 0; i < Count; ++i) {
            if (i > 0) text += ',';
            text += Count > in_line && i % in_line == 0 ? "\n    " : i > 0 ? " " : "";
            text += literal(list[i]);
        }
        text += "}}";
        return text;
    }
    template <std::size_t Terms>
    static std::string literal(const rounding::tflite::addition<Terms>& a) {
        return braced(a.q, a.offset, a.shift);
    }
    template <std::size_t Terms>
    static std::string literal(const rounding::tflite_micro::addition<Terms>& a) {
        return braced(a.of_terms, a.zeros, a.of_sum);
    }
    static std::string literal(const rounding::tflite::softmax& s) {
        return braced(s.exps, s.scale);
    }
    static std::string literal(const rounding::tflite_micro::softmax& s) {
        return braced(s.q, s.left, s.least);
    }
};

}  // namespace detail

/// Writes `file`, a C++ header with the parameters as an `inline constexpr` constant_int8<>, which only
/// the network in bytes with the same fingerprint accepts. It includes nothing but
/// ctnn/quantization/int8_parameters.hpp. What is rejected and thrown is as for float networks.
template <detail::int8_parameters Parameters>
void write_header(const Parameters& w, const std::filesystem::path& file,
                  const header_options& options = {}) {
    using owner = typename Parameters::owner;
    detail::check_header_options(options);
    const auto text_of = [](const auto& list) { return detail::int8_text::literal(list); };
    constexpr int8_counts c = owner::stages::counts;
    std::string counts;
    for (const std::size_t count :
         {c.scales, c.channels, c.weights, c.bounds, c.tables, c.sums, c.terms, c.softmaxes})
        counts += (counts.empty() ? "" : ", ") + std::to_string(count);
    constexpr bool is_tflite = std::is_same_v<typename owner::rules, rounding::tflite>;
    std::string text =
        "// Parameters of a network of ctnn in bytes. Written by ctnn::write_header.\n";
    if (!options.comment.empty()) text += "// " + options.comment + "\n";
    text += "// clang-format off\n#pragma once\n\n"
            "#include <ctnn/quantization/int8_parameters.hpp>\n\n";
    if (!options.name_space.empty()) text += "namespace " + options.name_space + " {\n\n";
    text += "inline constexpr ctnn::constant_int8<" + detail::fingerprint_text(owner::fingerprint) +
            "U, ctnn::rounding::" + (is_tflite ? "tflite" : "tflite_micro") +
            ", ctnn::int8_counts{" + counts + "}> " + options.name + "{{\n" + text_of(w.scales) +
            ",\n" + text_of(w.starts) + ",\n" + text_of(w.factors) + ",\n" + text_of(w.sums) +
            ",\n" + text_of(w.softmaxes) + ",\n" + text_of(w.bounds) + ",\n" + text_of(w.tables) +
            ",\n" + text_of(w.weights) + "\n}};\n";
    if (!options.name_space.empty()) text += "\n}  // namespace " + options.name_space + "\n";
    detail::atomic_file out(file);
    out.write(text.data(), text.size());
    out.commit();
}

}  // namespace ctnn
