// What the fuzzers share: files that never touch a disk, and what must hold for every message.
#pragma once

#include <ctnn/io/file_error.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

/// Freed memory is kept from use for a while, and where it was allocated is written down: without
/// most of that, three times as many inputs a second.
extern "C" const char* __asan_default_options() {
    return "malloc_context_size=0:quarantine_size_mb=2:detect_stack_use_after_return=0";
}

/// Stops the fuzzer, which then keeps the input.
inline void must(bool holds) {
    if (!holds) std::abort();
}

/// A file in memory, filled anew for each input; the readers open it by its path.
class fuzz_file {
public:
    explicit fuzz_file(const char* name) : descriptor_(::memfd_create(name, MFD_CLOEXEC)) {
        must(descriptor_ >= 0);
        path_ = "/proc/self/fd/" + std::to_string(descriptor_);
    }
    const std::filesystem::path& operator()(std::string_view bytes) {
        must(::ftruncate(descriptor_, 0) == 0);
        must(::pwrite(descriptor_, bytes.data(), bytes.size(), 0) ==
             static_cast<::ssize_t>(bytes.size()));
        return path_;
    }

private:
    int descriptor_;
    std::filesystem::path path_;
};

/// Runs `action`; whether it went well. A file_error is the one other way, and fits on a screen.
template <class Action>
bool succeeds(Action action) {
    try {
        action();
        return true;
    } catch (const ctnn::file_error& error) {
        const std::string_view text = error.what();
        must(text.starts_with("/proc/self/fd/"));
        must(text.size() <= 600);
        for (const char c : text) must(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
        return false;
    }
}
