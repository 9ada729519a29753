// Reads any safetensors file (https://github.com/huggingface/safetensors): named arrays of
// numbers.
#pragma once

#include <ctnn/io/file_error.hpp>
#include <ctnn/io/input_file.hpp>
#include <ctnn/io/printable.hpp>
#include <ctnn/io/safetensors_header.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ctnn {

/// One named array: its type as the file calls it ("F32", "I32"), its extents, and its bytes,
/// little-endian, last index fastest.
struct safetensors_entry {
    std::string dtype;
    std::vector<std::size_t> shape;
    std::vector<std::byte> bytes;
};

/// What a safetensors file holds. `floats` and `int32s` throw `file_error` when there is no entry
/// of this name or when it is of another type.
struct safetensors_file {
    std::filesystem::path path;
    std::map<std::string, safetensors_entry, std::less<>> entries;
    std::map<std::string, std::string, std::less<>> metadata;

    [[nodiscard]] std::vector<float> floats(std::string_view name) const {
        return numbers<float>(name, "F32");
    }
    [[nodiscard]] std::vector<std::int32_t> int32s(std::string_view name) const {
        return numbers<std::int32_t>(name, "I32");
    }

private:
    template <class Number>
    std::vector<Number> numbers(std::string_view name, std::string_view dtype) const {
        const auto found = entries.find(name);
        const std::string entry = "entry '" + detail::excerpt(name) + "'";
        if (found == entries.end()) throw file_error(path, entry + " must exist, found none");
        if (found->second.dtype != dtype)
            throw file_error(path, entry + ": the dtype must be " + std::string(dtype) +
                                       ", found " + found->second.dtype);
        std::vector<Number> result(found->second.bytes.size() / sizeof(Number));
        if (!result.empty())
            std::memcpy(result.data(), found->second.bytes.data(), found->second.bytes.size());
        return result;
    }
};

namespace detail {

/// What a file that is no safetensors file begins with, in words.
inline std::string beginning_text(std::string_view bytes) {
    // clang-format off
    static constexpr std::pair<std::string_view, const char*> formats[]{
        {"\x89PNG", "a PNG picture"},
        {"PK\x03\x04", "a ZIP archive, as .npz, .keras and .pt files are"},
        {"\x89HDF", "an HDF5 file, as .h5 files are"},
        {"\x93NUMPY", "a .npy file"},
        {"\x1F\x8B", "a gzip stream; unpack it"},
        {"version https://git-lfs", "a pointer of Git LFS; fetch the file itself"}};
    // clang-format on
    for (const auto& [magic, what] : formats)
        if (bytes.starts_with(magic)) return what;
    return "'" + excerpt(bytes) + "'";
}

/// Reads and checks the header, at most 100 MB, the limit of the format's own library; leaves
/// `file` at the data.
inline safetensors_header read_safetensors_header(input_file& file) {
    constexpr std::uint64_t largest_header = 100'000'000;
    std::string bytes(9, '\0');  // the header's length, and the header's first
    bytes.resize(file.read(bytes.data(), bytes.size()));
    if (bytes.size() < 8)
        file.fail(
            "is no safetensors file: it must begin with the header's length in 8 bytes, found a "
            "file of " +
            std::to_string(bytes.size()) + " bytes");
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), sizeof length);
    const std::uint64_t rest = std::max<std::uint64_t>(file.size(), bytes.size()) - 8;
    const bool begins_object = bytes.size() == 9 && bytes[8] == '{';
    const bool is_text = std::all_of(bytes.begin(), bytes.end(), [](char c) {
        return (' ' <= c && c <= '~') || ('\t' <= c && c <= '\r');
    });
    if (length == 0 || (bytes.size() == 9 && !begins_object) || (is_text && length > rest)) {
        std::string found = length == 0 ? "nothing" : "'" + excerpt(bytes.substr(8)) + "'";
        if (length > rest) {
            bytes.resize(32);
            bytes.resize(9 + file.read(bytes.data() + 9, bytes.size() - 9));
            found = beginning_text(bytes);
        }
        file.fail("is no safetensors file: after 8 bytes, the header's length, it must have a JSON "
                  "object that begins with '{', found " +
                  found);
    }
    if (length > largest_header)
        file.fail("the header's length must be at most " + std::to_string(largest_header) +
                  " bytes, found " + std::to_string(length));
    if (length > rest)
        file.fail("the header's length must be at most " + std::to_string(rest) +
                  " bytes, the rest of the file, found " + std::to_string(length));
    std::string text(static_cast<std::size_t>(length), '{');
    file.read_all(text.data() + 1, text.size() - 1);
    return safetensors_header_parser(file.path(), rest - length).parse(text);
}

}  // namespace detail

/// Reads a whole safetensors file, with entries of any names, types and shapes. The header may have
/// 100 MB, an entry 64 extents; where one of these is 0 there are no numbers, whatever the others.
/// Throws `file_error` when the file is missing, cut off, too long, or breaks a rule of the format:
/// JSON, unique keys, metadata of strings, offsets that match the shapes and cover the data.
[[nodiscard]] inline safetensors_file read_safetensors(const std::filesystem::path& path) {
    detail::input_file from(path);
    detail::safetensors_header header = detail::read_safetensors_header(from);
    safetensors_file result{path, {}, std::move(header.metadata)};
    for (const auto* array : header.in_file_order()) {
        std::vector<std::byte> bytes(array->second.last - array->second.first);
        from.read_all(bytes.data(), bytes.size());
        result.entries[array->first] = {array->second.dtype, array->second.shape, std::move(bytes)};
    }
    return result;
}

}  // namespace ctnn
