// An open file: what kind it is, and that it is closed in the end. POSIX.
#pragma once

#include <ctnn/io/file_error.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <utility>

namespace ctnn::detail {

/// A descriptor of an open file, or -1.
class file_descriptor {
public:
    explicit file_descriptor(int number = -1) noexcept : number_(number) {}
    file_descriptor(file_descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    file_descriptor& operator=(file_descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~file_descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    explicit operator bool() const noexcept { return number_ >= 0; }
    [[nodiscard]] int get() const noexcept { return number_; }

    /// -1, and errno, when that fails.
    static file_descriptor open(const std::filesystem::path& path, int flags, ::mode_t mode = 0) {
        int number = -1;
        do number = ::open(path.c_str(), flags | O_CLOEXEC, mode);
        while (number < 0 && errno == EINTR);
        return file_descriptor(number);
    }

private:
    int number_;
};

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
