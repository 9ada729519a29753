// Finds out before the work whether its result can be saved.
#pragma once

#include <ctnn/io/atomic_file.hpp>

#include <filesystem>

namespace ctnn {

/// Throws `file_error` if `save` and `write_header` could not write `file`: no name, a folder that
/// is missing or takes no files, a target that is no file (a folder, a device, a FIFO) or may not
/// be written, links in a circle. Symbolic links are followed. It makes a temporary file in the
/// folder and removes it, as permissions alone do not tell: root may write everything but what is
/// mounted read-only. The disk may still be full, or the folder gone, when the work is done.
inline void require_writable(const std::filesystem::path& file) {
    const detail::atomic_file attempt(file);
}

}  // namespace ctnn
