// Reads any safetensors file (https://github.com/huggingface/safetensors): named arrays of
// numbers. The file is trusted in nothing: header, names, shapes and offsets are checked before
// the numbers are read.
#pragma once

#include <ctnn/io/file_error.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace ctnn {

static_assert(std::endian::native == std::endian::little,
              "ctnn: safetensors files are little-endian, and so must the processor be");

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
        const std::string entry = "entry '" + std::string(name) + "'";
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

/// "5 x 5 x 1 x 6".
inline std::string shape_text(std::span<const std::size_t> shape) {
    std::string text;
    for (const std::size_t extent : shape)
        text += (text.empty() ? "" : " x ") + std::to_string(extent);
    return shape.empty() ? "a single number" : text;
}

/// Bytes of one number, or 0 for a type that the format does not have.
inline std::size_t dtype_size(std::string_view dtype) {
    const auto among = [&](std::initializer_list<std::string_view> names) {
        return std::find(names.begin(), names.end(), dtype) != names.end();
    };
    if (among({"BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0"})) return 1;
    if (among({"U16", "I16", "F16", "BF16"})) return 2;
    if (among({"U32", "I32", "F32"})) return 4;
    if (among({"U64", "I64", "F64"})) return 8;
    return 0;
}

/// Reads one safetensors file from start to end.
class safetensors_reader {
public:
    explicit safetensors_reader(const std::filesystem::path& path) { file_.path = path; }

    safetensors_file read() && {
        open();
        const nlohmann::json header = parse(read_header());
        for (const auto& [name, value] : header.items())
            if (name == "__metadata__")
                read_metadata(value);
            else
                read_entry(name, value);
        check_places();
        for (const place& p : places_) {
            std::vector<std::byte>& bytes = file_.entries.find(p.name)->second.bytes;
            bytes.resize(p.last - p.first);
            read_bytes(bytes.data(), bytes.size());
        }
        return std::move(file_);
    }

private:
    struct place {
        std::size_t first, last;  // bytes of the data
        std::string name;
        auto operator<=>(const place&) const = default;
    };
    // The limit of the format's own library.
    static constexpr std::size_t largest_header = 100'000'000;

    safetensors_file file_;
    std::ifstream stream_;
    std::uint64_t file_size_ = 0, data_size_ = 0;
    std::vector<place> places_;

    [[noreturn]] void fail(const std::string& sentence) const {
        throw file_error(file_.path, sentence);
    }

    void open() {
        std::error_code error;
        const auto status = std::filesystem::status(file_.path, error);
        if (status.type() == std::filesystem::file_type::not_found)
            fail("the file must exist, found none");
        if (status.type() == std::filesystem::file_type::directory)
            fail("must be a file, found a folder");
        if (!error) file_size_ = std::filesystem::file_size(file_.path, error);
        if (error) fail("the file must be readable, found: " + error.message());
        stream_.open(file_.path, std::ios::binary);
        if (!stream_) fail("the file must be readable, found that it cannot be opened");
    }

    void read_bytes(void* to, std::size_t size) {
        stream_.read(static_cast<char*>(to), static_cast<std::streamsize>(size));
        if (static_cast<std::size_t>(stream_.gcount()) != size)
            fail("the file must be readable, found its end or an error while reading");
    }

    std::string read_header() {
        if (file_size_ < 8)
            fail("the file must begin with the header's length in 8 bytes, found a file of " +
                 std::to_string(file_size_) + " bytes");
        std::uint64_t size = 0;
        read_bytes(&size, 8);
        if (size > largest_header)
            fail("the header's length must be at most " + std::to_string(largest_header) +
                 " bytes, found " + std::to_string(size));
        if (size > file_size_ - 8)
            fail("the header's length must be at most " + std::to_string(file_size_ - 8) +
                 " bytes, the rest of the file, found " + std::to_string(size));
        std::string header(static_cast<std::size_t>(size), ' ');
        read_bytes(header.data(), header.size());
        data_size_ = file_size_ - 8 - header.size();
        return header;
    }

    nlohmann::json parse(const std::string& header) const {
        if (header.empty() || header[0] != '{')
            fail("the header must be a JSON object that begins with '{', found " +
                 (header.empty() ? std::string("nothing")
                                 : std::string("'").append(1, header[0]).append("'")));
        const std::size_t zero = header.find('\0');  // which the parser takes for the end
        if (zero != std::string::npos)
            fail("the header must be JSON, found a byte 0 at position " + std::to_string(zero));
        std::vector<std::set<std::string>> keys;  // of the objects around the current position
        using event = nlohmann::json::parse_event_t;
        const auto check = [&](int depth, event what, const nlohmann::json& value) {
            if (what == event::object_start) keys.emplace_back();
            if (what == event::object_end) keys.pop_back();
            if (what == event::key) {
                const auto& key = value.get_ref<const std::string&>();
                if (!keys.back().insert(key).second)
                    fail("the header's keys must be unique, found '" + key + "' twice");
            }
            // Entries hold lists of numbers, nothing deeper: no bomb of brackets.
            if (depth > 2 && (what == event::object_start || what == event::array_start))
                fail("the header must be nested at most 3 deep, found more");
            return true;
        };
        try {
            return nlohmann::json::parse(header, check);
        } catch (const nlohmann::json::exception& e) {
            fail(std::string("the header must be JSON, found: ") + e.what());
        }
    }

    void read_metadata(const nlohmann::json& value) {
        if (!value.is_object())
            fail(std::string("__metadata__ must be an object, found: ") + value.type_name());
        for (const auto& [key, text] : value.items()) {
            if (!text.is_string())
                fail("__metadata__ '" + key + "' must be a string, found: " + text.type_name());
            file_.metadata[key] = text.get<std::string>();
        }
    }

    /// A list of whole numbers that are not negative.
    std::vector<std::size_t> read_list(const std::string& what, const nlohmann::json& value) const {
        const auto whole = [](const nlohmann::json& n) { return n.is_number_unsigned(); };
        if (!value.is_array() || !std::all_of(value.begin(), value.end(), whole))
            fail(what + " must be a list of whole numbers from 0, found " + value.dump());
        const auto fits = [](const nlohmann::json& n) {
            return std::in_range<std::size_t>(n.get<std::uint64_t>());
        };
        if (!std::all_of(value.begin(), value.end(), fits))
            fail(what + " must fit in memory, found " + value.dump());
        return value.get<std::vector<std::size_t>>();
    }

    void read_entry(const std::string& name, const nlohmann::json& value) {
        const std::string entry = "entry '" + name + "'";
        if (!value.is_object()) fail(entry + " must be an object, found: " + value.type_name());
        for (const char* key : {"dtype", "shape", "data_offsets"})
            if (!value.contains(key)) fail(entry + " must have a " + key + ", found none");
        for (const auto& [key, ignored] : value.items())
            if (key != "dtype" && key != "shape" && key != "data_offsets")
                fail(std::string(entry)
                         .append(" must have dtype, shape and data_offsets only, found '")
                         .append(key)
                         .append("'"));

        safetensors_entry result;
        if (value["dtype"].is_string()) result.dtype = value["dtype"].get<std::string>();
        std::size_t size = dtype_size(result.dtype);
        if (size == 0)
            fail(entry + ": the dtype must be one of the format's, found " + value["dtype"].dump());
        result.shape = read_list(entry + ": the shape", value["shape"]);
        for (const std::size_t extent : result.shape) {
            if (extent != 0 && size > std::numeric_limits<std::size_t>::max() / extent)
                fail(entry + ": the shape must fit in memory, found " + shape_text(result.shape));
            size *= extent;
        }
        const auto offsets = read_list(entry + ": data_offsets", value["data_offsets"]);
        if (offsets.size() != 2 || offsets[0] > offsets[1])
            fail(entry + ": data_offsets must be a begin and an end, found " +
                 value["data_offsets"].dump());
        if (offsets[1] - offsets[0] != size)
            fail(entry + ": data_offsets must span " + std::to_string(size) + " bytes (" +
                 result.dtype + ", " + shape_text(result.shape) + "), found " +
                 std::to_string(offsets[1] - offsets[0]));
        if (offsets[1] > data_size_)
            fail(entry + ": data_offsets must end within the " + std::to_string(data_size_) +
                 " bytes of data in the file, found " + std::to_string(offsets[1]));
        places_.push_back({offsets[0], offsets[1], name});
        file_.entries.emplace(name, std::move(result));
    }

    /// The entries must tile the data: no gap, no overlap, nothing left at the end.
    void check_places() {
        std::sort(places_.begin(), places_.end());
        std::size_t end = 0;
        for (const place& p : places_) {
            if (p.first != end)
                fail("entry '" + p.name + "': data_offsets must begin at " + std::to_string(end) +
                     ", where the entry before ends, found " + std::to_string(p.first) +
                     (p.first < end ? " (an overlap)" : " (a gap)"));
            end = p.last;
        }
        if (end != data_size_)
            fail("the data must end with the last entry at byte " + std::to_string(end) +
                 ", found " + std::to_string(data_size_) + " bytes");
    }
};

}  // namespace detail

/// Reads a whole safetensors file, with entries of any names, types and shapes.
/// Throws `file_error` when it is missing, cut off, too long, or breaks a rule of the format:
/// JSON, unique keys, metadata of strings, offsets that match the shapes and cover the data.
[[nodiscard]] inline safetensors_file read_safetensors(const std::filesystem::path& path) {
    return detail::safetensors_reader(path).read();
}

}  // namespace ctnn
