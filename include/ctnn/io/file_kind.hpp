// What a path leads to, in words. POSIX.
#pragma once

#include <ctnn/io/file_error.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <string>

namespace ctnn::detail {

inline const char* file_kind(const struct ::stat& facts) {
    return S_ISREG(facts.st_mode)    ? "a regular file"
           : S_ISDIR(facts.st_mode)  ? "a folder"
           : S_ISFIFO(facts.st_mode) ? "a FIFO"
           : S_ISSOCK(facts.st_mode) ? "a socket"
           : S_ISCHR(facts.st_mode)  ? "a character device"
           : S_ISBLK(facts.st_mode)  ? "a block device"
                                     : "something else";
}

/// Nothing else has a size, comes to an end, and can be replaced without harm.
inline void require_regular(const std::filesystem::path& path, const struct ::stat& facts) {
    if (!S_ISREG(facts.st_mode))
        throw file_error(path, std::string("must be a file, found ") + file_kind(facts));
}

}  // namespace ctnn::detail
