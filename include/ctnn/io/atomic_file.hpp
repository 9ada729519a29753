// A file that takes the place of another only when all of it is on the disk. POSIX.
#pragma once

#include <ctnn/io/file_error.hpp>
#include <ctnn/io/open_file.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

namespace ctnn::detail {

/// The temporary files' names: ".ctnn-unfinished-<process>-<number>". Whoever writes one holds a
/// lock on it (flock), which ends with the process however that ends; a name alone could not tell,
/// as processes' numbers are used again.
struct unfinished_file {
    static constexpr std::string_view prefix = ".ctnn-unfinished-";

    static std::string new_name() {
        static std::atomic<unsigned> next{0};  // threads of this process; others differ in getpid
        return std::string(prefix) + std::to_string(::getpid()) + "-" + std::to_string(next++);
    }
    static bool is_name(std::string_view name) {
        if (!name.starts_with(prefix)) return false;
        name.remove_prefix(prefix.size());
        const std::size_t dash = name.find('-');
        const auto is_number = [](std::string_view text) {
            return !text.empty() && std::all_of(text.begin(), text.end(),
                                                [](char c) { return '0' <= c && c <= '9'; });
        };
        return dash != std::string_view::npos && is_number(name.substr(0, dash)) &&
               is_number(name.substr(dash + 1));
    }

    /// Does `path` still lead to the file that is open, after it was locked?
    static bool is_at(const std::filesystem::path& path, const file_descriptor& file) {
        struct ::stat named {
        }, open{};
        return ::lstat(path.c_str(), &named) == 0 && ::fstat(file.get(), &open) == 0 &&
               named.st_dev == open.st_dev && named.st_ino == open.st_ino;
    }

    /// Removes what processes left in `folder` that were killed while they wrote. What belongs to
    /// another user, is locked or is no plain file stays; so does everything on a file system
    /// without locks.
    static void remove_orphans(const std::filesystem::path& folder) noexcept {
        try {
            std::error_code end;
            for (std::filesystem::directory_iterator entry(folder, end), last;
                 !end && entry != last; entry.increment(end)) {
                const std::filesystem::path& path = entry->path();
                struct ::stat facts {};
                if (!is_name(path.filename().string()) || ::lstat(path.c_str(), &facts) != 0 ||
                    !S_ISREG(facts.st_mode) || facts.st_uid != ::geteuid())
                    continue;
                const auto file = file_descriptor::open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
                // With the lock, nobody else removes this file, so `is_at` stays true.
                if (file && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0 && is_at(path, file))
                    ::unlink(path.c_str());
            }
        } catch (...) {  // no memory for a name: they stay for the next time
        }
    }
};

/// Writes to a temporary file in the target's folder; `commit` renames it over the target, which
/// is the old file until then. Without `commit` the temporary file goes and nothing has happened.
/// Symbolic links are followed: the file they lead to is replaced, or made. A target that is no
/// file or that may not be written is refused. The new file has the old one's permissions and, as
/// far as the process may give them, its owner and group.
class atomic_file {
public:
    explicit atomic_file(const std::filesystem::path& target) : given_(target) {
        follow_links();
        replaces_ = ::stat(target.c_str(), &old_) == 0;
        if (!replaces_ && errno != ENOENT) fail("the path must lead to a file or to none");
        if (!replaces_ && target_.filename().empty())
            throw file_error(given_, "the path must name a file, found one that ends with '/'");
        if (replaces_) {
            require_regular(given_, old_);
            if (!has_name())  // /proc/self/fd/1 can lead to a file that has none
                throw file_error(given_, "must be a file with a name, found a link to one without");
            if (::faccessat(AT_FDCWD, target_.c_str(), W_OK, AT_EACCESS) != 0)
                fail("the file must be writable");
        }

        const std::filesystem::path folder = target_.parent_path();
        unfinished_file::remove_orphans(folder);
        create(folder);
        // To sync it in the end. A folder may be written and not read; then that is left out.
        folder_ = file_descriptor::open(folder, O_RDONLY | O_DIRECTORY);
    }
    atomic_file(const atomic_file&) = delete;
    atomic_file& operator=(const atomic_file&) = delete;
    ~atomic_file() {
        if (!temporary_.empty()) ::unlink(temporary_.c_str());  // before the lock goes
    }

    void write(const void* bytes, std::size_t size) {
        for (const char* next = static_cast<const char*>(bytes); size > 0;) {
            const auto written = ::write(file_.get(), next, size);
            if (written < 0 && errno == EINTR) continue;
            if (written == 0) errno = ENOSPC;  // not an error in POSIX' eyes, but no progress
            if (written <= 0) fail("every byte must be written");
            next += written;
            size -= static_cast<std::size_t>(written);
        }
    }

    void commit() {
        if (replaces_) take_over_permissions();
        if (!sync(file_)) fail("every byte must reach the disk");
        if (std::rename(temporary_.c_str(), target_.c_str()) != 0)
            fail("it must be replaceable by a new file");
        temporary_.clear();
        // Some file systems cannot sync folders, and say EINVAL.
        if (folder_ && !sync(folder_) && errno != EINVAL)
            fail("its folder must reach the disk (the new file is in place, but may be lost)");
    }

private:
    std::filesystem::path given_, target_, temporary_;
    file_descriptor file_, folder_;
    struct ::stat old_ {};
    bool replaces_ = false;

    static bool sync(const file_descriptor& file) {
        int result = 0;
        do result = ::fsync(file.get());
        while (result != 0 && errno == EINTR);
        return result == 0;
    }

    /// Whether the old file is at `target_`. Others may replace it between two looks, then it is the
    /// new one.
    bool has_name() {
        for (int looks = 0; looks < 100; ++looks) {
            struct ::stat there {};
            if (::stat(target_.c_str(), &there) == 0 && there.st_ino == old_.st_ino &&
                there.st_dev == old_.st_dev)
                return true;
            if (::stat(given_.c_str(), &old_) != 0) return false;
        }
        return false;
    }

    /// `target_`: where the last of the links leads to, whether there is a file or not.
    void follow_links() {
        if (given_.empty()) throw file_error("''", "the path must name a file, found none");
        std::error_code error;
        target_ = std::filesystem::absolute(given_, error);  // others may change the folder
        if (error) fail("the path must lead to a file or to none", error.value());
        for (int links = 0; std::filesystem::is_symlink(target_, error); ++links) {
            if (links == 40) fail("the path must lead to a file or to none", ELOOP);
            const auto next = std::filesystem::read_symlink(target_, error);
            if (error) fail("the path must lead to a file or to none", error.value());
            target_ = target_.parent_path() / next;
        }
    }

    void create(const std::filesystem::path& folder) {
        const ::mode_t mode = replaces_ ? 0600 : 0666;  // nobody reads what the old file hides
        for (;;) {
            temporary_ = folder / unfinished_file::new_name();
            file_ = file_descriptor::open(temporary_, O_WRONLY | O_CREAT | O_EXCL, mode);
            if (!file_ && errno == EEXIST) continue;
            if (!file_) {
                const int reason = errno;
                temporary_.clear();
                fail(reason == ENOENT ? "its folder must exist"
                                      : "its folder must take a temporary file",
                     reason);
            }
            const bool locked = ::flock(file_.get(), LOCK_EX | LOCK_NB) == 0;
            // Between the two calls another process may have found it without a lock.
            if (locked ? unfinished_file::is_at(temporary_, file_) : errno != EWOULDBLOCK) return;
        }
    }

    /// As far as the process may, and the file system has these. The group alone where the owner
    /// cannot be given away.
    void take_over_permissions() const {
        const auto give = [&](::uid_t owner) {
            return ::fchown(file_.get(), owner, old_.st_gid) == 0;
        };
        static_cast<void>(give(old_.st_uid) || give(static_cast<::uid_t>(-1)));
        ::fchmod(file_.get(), old_.st_mode & 0777);
    }

    [[noreturn]] void fail(const std::string& sentence, int reason = errno) const {
        throw file_error(given_, sentence + ", found: " + std::generic_category().message(reason));
    }
};

}  // namespace ctnn::detail
