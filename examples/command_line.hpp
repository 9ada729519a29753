// What the programs' command lines have in common: numbers within limits, names that are not empty,
// and one line on standard error for whatever goes wrong.
#pragma once

#include <CLI/CLI.hpp>

#include <array>
#include <charconv>
#include <concepts>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>
#include <type_traits>

template <class Number>
std::string decimal(Number number) {
    std::array<char, 32> digits{};
    char *const first = digits.data(), *const last = first + digits.size();
    if constexpr (std::integral<Number>)
        return {first, std::to_chars(first, last, number).ptr};
    else  // not 1e+06
        return {first, std::to_chars(first, last, number, std::chars_format::fixed).ptr};
}

/// An option that takes a number from `least` to `most`, in decimal digits and nothing else: CLI11
/// itself takes -1 for the largest number of a type without signs, and 010 for 8.
template <class Number>
CLI::Option* add_number(CLI::App& app, const std::string& name, Number& value,
                        std::type_identity_t<Number> least, std::type_identity_t<Number> most,
                        const std::string& description) {
    const std::string range = decimal(least) + " to " + decimal(most);
    const std::string must = std::string("must be a ") +
                             (std::integral<Number> ? "whole number" : "number") + " from " + range;
    const auto check = [least, most, must](std::string& text) -> std::string {
        Number number{};
        const char* const last = text.data() + text.size();
        const auto [end, error] = std::from_chars(text.data(), last, number);
        if (error != std::errc{} || end != last || !(least <= number && number <= most))
            return must + ", found '" + text + "'";
        text = decimal(number);
        return {};
    };
    return app.add_option(name, value, description)
        ->transform(CLI::Validator(check, range))
        ->capture_default_str();
}

/// An option that takes the name of a file or folder, which is not empty: an empty name is what a
/// shell makes of a variable that is not set.
inline CLI::Option* add_path(CLI::App& app, const std::string& name, std::string& path,
                             const std::string& description) {
    const auto check = [](const std::string& text) -> std::string {
        return text.empty() ? "must be a name, found ''" : "";
    };
    return app.add_option(name, path, description)->check(CLI::Validator(check, ""));
}

/// Reads the command line and calls `run`, which may return an exit code; says what went wrong.
template <class Run>
int run_program(CLI::App& app, int argc, char** argv, const Run& run) {
    try {
        app.parse(argc, argv);
        int code = 0;
        if constexpr (std::is_void_v<decltype(run())>)
            run();
        else
            code = run();
        const bool is_written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
        if (code == 0 && !is_written)
            throw std::runtime_error("standard output: every line must be written, found an error");
        return code;
    } catch (const CLI::ParseError& error) {
        return app.exit(error);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
