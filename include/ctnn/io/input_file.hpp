// A file that is read from start to end. POSIX.
#pragma once

#include <ctnn/io/file_error.hpp>
#include <ctnn/io/open_file.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

namespace ctnn::detail {

/// A regular file, found through links; what is none is refused before it is opened, as opening a
/// FIFO waits for a writer, and a device may do anything.
class input_file {
public:
    explicit input_file(const std::filesystem::path& path) : path_(path) {
        struct ::stat facts {};
        const auto check = [&](int result) {
            if (result != 0 && errno == ENOENT) fail("the file must exist, found none");
            if (result != 0) fail_to_read();
            require_regular(path_, facts);
        };
        check(::stat(path.c_str(), &facts));
        file_ = file_descriptor::open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
        if (!file_) fail_to_read();
        check(::fstat(file_.get(), &facts));  // it may be another one by now
        size_ = static_cast<std::uint64_t>(facts.st_size);
    }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::uint64_t size() const { return size_; }  // when it was opened

    /// Returns fewer bytes than asked for only at the end of the file.
    std::size_t read(void* to, std::size_t size) {
        std::size_t done = 0;
        while (done < size) {
            const auto piece = std::min<std::size_t>(size - done, 1u << 30);
            const auto got = ::read(file_.get(), static_cast<char*>(to) + done, piece);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) fail_to_read();
            if (got == 0) break;
            done += static_cast<std::size_t>(got);
        }
        return done;
    }
    /// For what lies within the size that the file had.
    void read_all(void* to, std::size_t size) {
        const std::size_t got = read(to, size);
        if (got < size)
            fail("the file must stay as it is while it is read, found its end " +
                 std::to_string(size - got) + " bytes early");
    }

    [[noreturn]] void fail(const std::string& sentence) const { throw file_error(path_, sentence); }

private:
    std::filesystem::path path_;
    file_descriptor file_;
    std::uint64_t size_ = 0;

    [[noreturn]] void fail_to_read() const {
        const int reason = errno;
        fail("the file must be readable, found: " + std::generic_category().message(reason));
    }
};

}  // namespace ctnn::detail
