// A file that takes the place of another only when all of it is on the disk. POSIX.
#pragma once

#include <ctnn/io/file_error.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>

namespace ctnn::detail {

/// Writes to a temporary file in the target's folder; `commit` renames it over the target, which
/// is the old file until then. Without `commit` the temporary file goes and nothing has happened.
class atomic_file {
public:
    explicit atomic_file(const std::filesystem::path& target) : target_(target) {
        static std::atomic<unsigned> next{0};  // threads of this process; others differ in getpid
        do {
            temporary_ = target.parent_path() / (".ctnn-" + std::to_string(::getpid()) + "-" +
                                                 std::to_string(next++) + ".tmp");
            descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        } while (descriptor_ < 0 && errno == EEXIST);
        if (descriptor_ < 0) fail("its folder must take a temporary file");
        struct ::stat old {};
        if (::stat(target.c_str(), &old) == 0 && S_ISREG(old.st_mode))
            ::fchmod(descriptor_, old.st_mode & 0777);  // as far as the file system has these
    }
    atomic_file(const atomic_file&) = delete;
    atomic_file& operator=(const atomic_file&) = delete;
    ~atomic_file() { discard(); }

    void write(const void* bytes, std::size_t size) {
        for (const char* next = static_cast<const char*>(bytes); size > 0;) {
            const auto written = ::write(descriptor_, next, size);
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) fail("every byte must be written");
            next += written;
            size -= static_cast<std::size_t>(written);
        }
    }

    void commit() {
        if (::fsync(descriptor_) != 0) fail("every byte must reach the disk");
        const int descriptor = descriptor_;
        descriptor_ = -1;  // closed even when closing fails
        if (::close(descriptor) != 0) fail("every byte must reach the disk");
        if (std::rename(temporary_.c_str(), target_.c_str()) != 0)
            fail("it must be replaceable by a new file");
        temporary_.clear();
    }

private:
    std::filesystem::path target_, temporary_;
    int descriptor_ = -1;

    void discard() noexcept {
        if (descriptor_ >= 0) ::close(descriptor_);
        if (!temporary_.empty()) ::unlink(temporary_.c_str());
    }
    [[noreturn]] void fail(const std::string& sentence) const {
        const int reason = errno;
        throw file_error(target_, sentence + ", found: " + std::generic_category().message(reason));
    }
};

}  // namespace ctnn::detail
