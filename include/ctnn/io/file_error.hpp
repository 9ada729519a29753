// The one exception of everything that reads or writes files.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

namespace ctnn {

/// A file that is missing, damaged or not what it has to be, or that cannot be written. `what()`
/// names the file, what was expected and what was found.
struct file_error : std::runtime_error {
    file_error(const std::filesystem::path& file, const std::string& sentence)
        : std::runtime_error(file.string() + ": " + sentence) {}
};

}  // namespace ctnn
