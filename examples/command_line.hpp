// What the programs' command lines have in common: numbers within limits, names that are not empty,
// and one line on standard error for whatever goes wrong. CLI11 does the work, in command_line.cpp
// alone, as it takes the compiler longer than most of the programs.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

/// A number as it is written on a command line.
template <class Number>
std::string decimal(Number number) {
    std::array<char, 32> digits{};
    char *const first = digits.data(), *const last = first + digits.size();
    if constexpr (std::integral<Number>)
        return {first, std::to_chars(first, last, number).ptr};
    else  // not 1e+06
        return {first, std::to_chars(first, last, number, std::chars_format::fixed).ptr};
}

/// A program's arguments, and what it says with --help. A name without dashes is an argument's
/// place; the value that a variable has is the default, which --help shows.
class command_line {
public:
    explicit command_line(const std::string& description);
    command_line(const command_line&) = delete;
    command_line& operator=(const command_line&) = delete;
    ~command_line();

    enum class presence { optional, required };

    /// The name of a file or folder, which is not empty: an empty name is what a shell makes of a
    /// variable that is not set.
    void add_path(const std::string& name, std::string& path, const std::string& description,
                  presence = presence::optional);
    /// The names of two files.
    void add_two_paths(const std::string& name, std::vector<std::string>& paths,
                       const std::string& description);
    /// A number from `least` to `most`, in decimal digits and nothing else: CLI11 itself takes -1
    /// for the largest number of a type without signs, and 010 for 8.
    template <class Number>
    void add_number(const std::string& name, Number& value, std::type_identity_t<Number> least,
                    std::type_identity_t<Number> most, const std::string& description);
    /// One of some words.
    void add_choice(const std::string& name, std::string& value,
                    const std::vector<std::string>& choices, const std::string& description,
                    presence = presence::optional);
    void add_flag(const std::string& name, bool& value, const std::string& description);
    /// What --help ends with.
    void add_footer(const std::string& text);

    /// Reads the arguments and calls `program`, which may return an exit code; says what went wrong.
    template <class Program>
    int run(int argc, char** argv, const Program& program) {
        return run_function(argc, argv, [&] {
            if constexpr (std::is_void_v<decltype(program())>)
                return program(), 0;
            else
                return program();
        });
    }

private:
    int run_function(int argc, char** argv, const std::function<int()>& program);

    struct parser;  // CLI11's
    std::unique_ptr<parser> parser_;
};
