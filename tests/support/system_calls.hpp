// The system calls of the readers and writers, watched and made to fail. What is defined here takes
// the place of the C library's functions in the whole test program.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

/// While one of these lives, calls are written down: 'R' read, 'W' write, 'F' fsync of a file, 'D'
/// of a folder, 'N' rename, 'L' lock.
struct watched_calls {
    std::string log;
    std::size_t bytes_read = 0;

    char failing = 0;                     // this call fails, with `error`,
    int error = 0, after = 0, times = 1;  // after so many that do not, so often
    std::size_t most = SIZE_MAX;          // bytes that one read or write takes
    std::function<void(char)> before = [](char) {};

    static inline watched_calls* current = nullptr;
    watched_calls() { current = this; }
    watched_calls(const watched_calls&) = delete;
    watched_calls& operator=(const watched_calls&) = delete;
    ~watched_calls() { current = nullptr; }

    static bool fails(char call) {
        watched_calls* const watch = current;
        if (watch == nullptr) return false;
        current = nullptr;  // what is done here is not watched
        watch->log += call;
        watch->before(call);
        bool now = call == watch->failing && watch->times > 0;
        if (now && watch->after > 0) {
            --watch->after;
            now = false;
        }
        if (now) --watch->times;
        current = watch;
        if (now) errno = watch->error;
        return now;
    }
    static std::size_t piece(std::size_t size) {
        return current == nullptr ? size : std::min(size, current->most);
    }
    /// The log with calls in a row as one.
    std::string order() const {
        std::string calls = log;
        calls.erase(std::unique(calls.begin(), calls.end()), calls.end());
        return calls;
    }
};

extern "C" {
::ssize_t write(int file, const void* bytes, std::size_t size) {
    if (watched_calls::fails('W')) return -1;
    return ::syscall(SYS_write, file, bytes, watched_calls::piece(size));
}
::ssize_t read(int file, void* bytes, std::size_t size) {
    if (watched_calls::fails('R')) return -1;
    const auto got = ::syscall(SYS_read, file, bytes, watched_calls::piece(size));
    if (watched_calls::current != nullptr && got > 0)
        watched_calls::current->bytes_read += static_cast<std::size_t>(got);
    return got;
}
int fsync(int file) {
    struct ::stat facts {};
    const bool folder = ::fstat(file, &facts) == 0 && S_ISDIR(facts.st_mode);
    if (watched_calls::current == nullptr) return 0;  // no test waits for a disk
    if (watched_calls::fails(folder ? 'D' : 'F')) return -1;
    return static_cast<int>(::syscall(SYS_fsync, file));
}
int rename(const char* from, const char* to) noexcept {
    if (watched_calls::fails('N')) return -1;
    return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}
int flock(int file, int operation) noexcept {
    if (watched_calls::fails('L')) return -1;
    return static_cast<int>(::syscall(SYS_flock, file, operation));
}
}
