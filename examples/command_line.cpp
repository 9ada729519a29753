#include "command_line.hpp"

#include <CLI/CLI.hpp>

#include <charconv>
#include <concepts>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <system_error>

struct command_line::parser {
    explicit parser(const std::string& description) : app(description) {}
    CLI::App app;
};

command_line::command_line(const std::string& description)
    : parser_(std::make_unique<parser>(description)) {}

command_line::~command_line() = default;

void command_line::add_path(const std::string& name, std::string& path,
                            const std::string& description, presence wanted) {
    const auto check = [](const std::string& text) -> std::string {
        return text.empty() ? "must be a name, found ''" : "";
    };
    parser_->app.add_option(name, path, description)
        ->check(CLI::Validator(check, ""))
        ->capture_default_str()
        ->required(wanted == presence::required);
}

void command_line::add_two_paths(const std::string& name, std::vector<std::string>& paths,
                                 const std::string& description) {
    parser_->app.add_option(name, paths, description)->expected(2);
}

template <class Number>
void command_line::add_number(const std::string& name, Number& value,
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
    parser_->app.add_option(name, value, description)
        ->transform(CLI::Validator(check, range))
        ->capture_default_str();
}
template void command_line::add_number(const std::string&, unsigned&, unsigned, unsigned,
                                       const std::string&);
template void command_line::add_number(const std::string&, unsigned long&, unsigned long,
                                       unsigned long, const std::string&);
template void command_line::add_number(const std::string&, unsigned long long&, unsigned long long,
                                       unsigned long long, const std::string&);
template void command_line::add_number(const std::string&, float&, float, float,
                                       const std::string&);
template void command_line::add_number(const std::string&, double&, double, double,
                                       const std::string&);

void command_line::add_choice(const std::string& name, std::string& value,
                              const std::vector<std::string>& choices,
                              const std::string& description, presence wanted) {
    parser_->app.add_option(name, value, description)
        ->check(CLI::IsMember(choices))
        ->capture_default_str()
        ->required(wanted == presence::required);
}

void command_line::add_flag(const std::string& name, bool& value, const std::string& description) {
    parser_->app.add_flag(name, value, description);
}

void command_line::add_footer(const std::string& text) {
    parser_->app.footer(text);
}

int command_line::run_function(int argc, char** argv, const std::function<int()>& program) {
    try {
        parser_->app.parse(argc, argv);
        const int code = program();
        const bool is_written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
        if (code == 0 && !is_written)
            throw std::runtime_error("standard output: every line must be written, found an error");
        return code;
    } catch (const CLI::ParseError& error) {
        return parser_->app.exit(error);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
