// The one exception of everything that reads or writes files.
#pragma once

#include <ctnn/io/printable.hpp>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace ctnn {

/// A file that is missing, damaged or not what it has to be, or that cannot be written. `what()`
/// names the file, what was expected and what was found, on one line: control characters in names
/// are shown as `\x0a`, and long names from inside a file are cut.
struct file_error : std::runtime_error {
    file_error(const std::filesystem::path& file, const std::string& sentence)
        : std::runtime_error(detail::printable(file.string()) + ": " + sentence) {}
};

}  // namespace ctnn
