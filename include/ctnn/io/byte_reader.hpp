// Reads a file that may be compressed by gzip.
#pragma once

#include <ctnn/io/input_file.hpp>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <new>
#include <span>
#include <string>

namespace ctnn::detail {

/// The bytes of a file, decompressed if it is a gzip stream: of one member or of several in a row,
/// as RFC 1952 allows, and nothing after them. At most a buffer is decompressed ahead, whatever the
/// stream would grow to.
class byte_reader {
public:
    explicit byte_reader(const std::filesystem::path& path) : file_(path) {
        read_ahead();
        if (!begins_like_gzip()) {
            ready_ = compressed_;
            return;
        }
        constexpr int gzip_only = 16;  // added to the window's bits
        if (inflateInit2(&stream_, MAX_WBITS + gzip_only) != Z_OK) throw std::bad_alloc();
        gzip_ = true;
        bytes_ = std::make_unique_for_overwrite<buffer>();
    }
    byte_reader(const byte_reader&) = delete;  // zlib keeps the stream's address
    byte_reader& operator=(const byte_reader&) = delete;
    ~byte_reader() {
        if (gzip_) inflateEnd(&stream_);
    }

    /// Fills `to`; returns fewer bytes than asked for only at the end of the data.
    std::size_t read(std::span<unsigned char> to) {
        std::size_t done = 0;
        while (done < to.size() && (!ready_.empty() || (gzip_ ? decompress() : read_plain()))) {
            const std::size_t piece = std::min(to.size() - done, ready_.size());
            std::copy_n(ready_.begin(), piece, to.begin() + static_cast<std::ptrdiff_t>(done));
            ready_ = ready_.subspan(piece);
            done += piece;
        }
        return done;
    }

    [[noreturn]] void fail(const std::string& sentence) const { file_.fail(sentence); }

private:
    using buffer = std::array<unsigned char, 1u << 16>;

    input_file file_;
    std::unique_ptr<buffer> input_ = std::make_unique_for_overwrite<buffer>(), bytes_;
    std::span<unsigned char> compressed_, ready_;  // what of them is still to be read
    z_stream stream_{};
    bool gzip_ = false, between_members_ = false;

    /// Adds what the buffer holds; false at the end of the file.
    bool read_ahead() {
        const std::size_t rest = compressed_.size();
        std::copy(compressed_.begin(), compressed_.end(), input_->begin());
        const std::size_t got = file_.read(input_->data() + rest, input_->size() - rest);
        compressed_ = std::span(*input_).first(rest + got);
        return got > 0;
    }
    bool begins_like_gzip() const {
        return compressed_.size() >= 2 && compressed_[0] == 0x1F && compressed_[1] == 0x8B;
    }

    bool read_plain() {
        compressed_ = {};
        const bool more = read_ahead();
        ready_ = compressed_;
        return more;
    }

    /// Gets some bytes ready; false where the file and a member end together.
    bool decompress() {
        for (;;) {
            if (compressed_.size() < 2 && !read_ahead() && compressed_.empty()) {
                if (between_members_) return false;
                fail("the gzip stream must be complete, found it cut off");
            }
            if (between_members_) {
                if (!begins_like_gzip())
                    fail("the gzip stream must end with the file, found other bytes after it");
                inflateReset(&stream_);
                between_members_ = false;
            }
            stream_.next_in = compressed_.data();
            stream_.avail_in = static_cast<unsigned>(compressed_.size());
            stream_.next_out = bytes_->data();
            stream_.avail_out = static_cast<unsigned>(bytes_->size());
            const int result = inflate(&stream_, Z_NO_FLUSH);
            compressed_ = compressed_.last(stream_.avail_in);
            if (result == Z_MEM_ERROR) throw std::bad_alloc();
            between_members_ = result == Z_STREAM_END;
            if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
                fail(std::string("the gzip stream must be intact, found damage: ") +
                     (stream_.msg != nullptr ? stream_.msg : "unknown"));
            ready_ = std::span(*bytes_).first(bytes_->size() - stream_.avail_out);
            if (!ready_.empty()) return true;
        }
    }
};

}  // namespace ctnn::detail
