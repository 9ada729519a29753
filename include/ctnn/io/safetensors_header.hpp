// The header of a safetensors file: JSON that names arrays and says where their numbers lie.
// Nothing in it is trusted: everything is checked before a number is read.
#pragma once

#include <ctnn/io/file_error.hpp>
#include <ctnn/io/printable.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace ctnn {

static_assert(std::endian::native == std::endian::little,
              "ctnn: safetensors files are little-endian, and so must the processor be");

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

/// What the header says of one array.
struct safetensors_array {
    std::string dtype;
    std::vector<std::size_t> shape;
    std::size_t first = 0, last = 0;  // bytes of the data
};

/// The whole header, checked.
struct safetensors_header {
    std::map<std::string, safetensors_array, std::less<>> arrays;
    std::map<std::string, std::string, std::less<>> metadata;

    /// The arrays as they follow one another in the file.
    [[nodiscard]] auto in_file_order() const {
        std::vector<decltype(arrays)::const_pointer> order;
        for (const auto& array : arrays) order.push_back(&array);
        std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
            return std::pair(a->second.first, a->second.last) <
                   std::pair(b->second.first, b->second.last);
        });
        return order;
    }
};

/// Takes the header piece by piece from nlohmann-json's parser (the names of the functions are its
/// SAX interface), so nothing is built that the format does not have. Entries are objects of a
/// string and two lists of numbers: what is nested deeper is refused where it begins.
class safetensors_header_parser {
public:
    using json = nlohmann::ordered_json;  // which is written, too

    safetensors_header_parser(const std::filesystem::path& file, std::uint64_t data_size)
        : file_(file), data_size_(data_size) {}

    safetensors_header parse(const std::string& text) && {
        const std::size_t zero = text.find('\0');  // which the parser takes for the end
        if (zero != std::string::npos)
            fail("the header must be JSON, found a byte 0 at position " + std::to_string(zero));
        json::sax_parse(text, this);
        check_places();
        return std::move(header_);
    }

    bool null() { return unexpected("null", "null"); }
    bool boolean(bool value) { return unexpected("boolean", value ? "true" : "false"); }
    bool number_integer(json::number_integer_t value) {
        return unexpected("number", std::to_string(value));
    }
    bool number_float(json::number_float_t, const std::string& text) {
        return unexpected("number", text);
    }
    bool number_unsigned(json::number_unsigned_t value) {
        if (where_ != within::list) return unexpected("number", std::to_string(value));
        if (!std::in_range<std::size_t>(value))
            fail(list_name() + " must fit in memory, found " + std::to_string(value));
        std::vector<std::size_t>& list = field_ == field::shape ? array_->second.shape : offsets_;
        // As NumPy and PyTorch; so that a header cannot take much more memory than it is long.
        if (list.size() == 64) fail(list_name() + " must be at most 64 numbers, found more");
        list.push_back(static_cast<std::size_t>(value));
        return true;
    }
    bool string(std::string& value) {
        if (where_ == within::metadata) {
            metadata_->second = std::move(value);
        } else if (where_ == within::entry && field_ == field::dtype) {
            if (dtype_size(value) == 0)
                fail(entry() + ": the dtype must be one of the format's, found '" + excerpt(value) +
                     "'");
            array_->second.dtype = std::move(value);
        } else {
            return unexpected("string", "'" + excerpt(value) + "'");
        }
        return true;
    }
    bool binary(json::binary_t&) { return unexpected("binary", "bytes"); }  // never in JSON

    bool start_object(std::size_t) {
        if (where_ == within::file) {
            where_ = within::header;
        } else if (where_ == within::header) {
            where_ = in_metadata_ ? within::metadata : within::entry;
            found_ = {};
            offsets_.clear();
        } else {
            return unexpected("object", "an object");
        }
        return true;
    }
    bool key(std::string& name) {
        bool is_new = true;
        if (where_ == within::header) {
            in_metadata_ = name == "__metadata__";
            if (in_metadata_)
                is_new = !std::exchange(has_metadata_, true);
            else
                std::tie(array_, is_new) = header_.arrays.try_emplace(name);
        } else if (where_ == within::metadata) {
            std::tie(metadata_, is_new) = header_.metadata.try_emplace(name);
        } else {
            const auto known = std::find(field_names.begin(), field_names.end(), name);
            if (known == field_names.end())
                fail(entry() + " must have dtype, shape and data_offsets only, found '" +
                     excerpt(name) + "'");
            const auto index = static_cast<std::size_t>(known - field_names.begin());
            field_ = static_cast<field>(index);
            is_new = !std::exchange(found_[index], true);
        }
        if (!is_new) fail("the header's keys must be unique, found '" + excerpt(name) + "' twice");
        return true;
    }
    bool end_object() {
        if (where_ == within::entry) finish_entry();
        where_ = where_ == within::header ? within::file : within::header;
        return true;
    }
    bool start_array(std::size_t) {
        if (where_ != within::entry || field_ == field::dtype) return unexpected("array", "a list");
        where_ = within::list;
        return true;
    }
    bool end_array() {
        where_ = within::entry;
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const json::exception& error) {
        fail("the header must be JSON, found: " + printable(error.what(), 150));
    }

private:
    enum class within { file, header, metadata, entry, list };
    enum class field { dtype, shape, offsets };
    static constexpr std::array<std::string_view, 3> field_names{"dtype", "shape", "data_offsets"};

    const std::filesystem::path& file_;
    std::uint64_t data_size_;
    safetensors_header header_;
    within where_ = within::file;
    bool in_metadata_ = false, has_metadata_ = false;
    decltype(header_.arrays)::iterator array_;       // of the current entry
    decltype(header_.metadata)::iterator metadata_;  // likewise
    field field_{};                                  // of the entry
    std::array<bool, 3> found_{};                    // which of its fields
    std::vector<std::size_t> offsets_;

    [[noreturn]] void fail(const std::string& sentence) const { throw file_error(file_, sentence); }
    std::string entry() const { return "entry '" + excerpt(array_->first) + "'"; }
    std::string list_name() const {
        return entry() + (field_ == field::shape ? ": the shape" : ": data_offsets");
    }

    [[noreturn]] bool unexpected(const std::string& kind, const std::string& value) const {
        if (where_ == within::list || (where_ == within::entry && field_ != field::dtype))
            fail(list_name() + " must be a list of whole numbers from 0, found " + excerpt(value) +
                 (where_ == within::list ? " in it" : ""));
        if (where_ == within::entry)
            fail(entry() + ": the dtype must be one of the format's, found " + excerpt(value));
        if (where_ == within::metadata)
            fail("__metadata__ '" + excerpt(metadata_->first) +
                 "' must be a string, found: " + kind);
        fail((in_metadata_ ? "__metadata__" : entry()) + " must be an object, found: " + kind);
    }

    void finish_entry() {
        for (std::size_t i = 0; i < found_.size(); ++i)
            if (!found_[i])
                fail(entry() + " must have a " + std::string(field_names[i]) + ", found none");
        safetensors_array& array = array_->second;
        // 0 x 2^32 x 2^32 is 0, in whatever order.
        const bool empty = std::ranges::find(array.shape, 0u) != array.shape.end();
        std::size_t size = empty ? 0 : dtype_size(array.dtype);
        for (const std::size_t extent : array.shape) {
            if (!empty && size > std::numeric_limits<std::size_t>::max() / extent)
                fail(entry() + ": the shape must fit in memory, found " +
                     excerpt(shape_text(array.shape)));
            size *= extent;
        }
        if (offsets_.size() != 2 || offsets_[0] > offsets_[1])
            fail(entry() + ": data_offsets must be a begin and an end, found " +
                 (offsets_.size() == 2
                      ? std::to_string(offsets_[0]) + " and " + std::to_string(offsets_[1])
                      : std::to_string(offsets_.size()) + " numbers"));
        array.first = offsets_[0];
        array.last = offsets_[1];
        if (array.last - array.first != size)
            fail(entry() + ": data_offsets must span " + std::to_string(size) + " bytes (" +
                 array.dtype + ", " + excerpt(shape_text(array.shape)) + "), found " +
                 std::to_string(array.last - array.first));
        if (array.last > data_size_)
            fail(entry() + ": data_offsets must end within the " + std::to_string(data_size_) +
                 " bytes of data in the file, found " + std::to_string(array.last));
    }

    /// The entries must tile the data: no gap, no overlap, nothing left at the end.
    void check_places() const {
        std::size_t end = 0;
        for (const auto* array : header_.in_file_order()) {
            const std::size_t first = array->second.first;
            if (first != end)
                fail("entry '" + excerpt(array->first) + "': data_offsets must begin at " +
                     std::to_string(end) + ", where the entry before ends, found " +
                     std::to_string(first) + (first < end ? " (an overlap)" : " (a gap)"));
            end = array->second.last;
        }
        if (end != data_size_)
            fail("the data must end with the last entry at byte " + std::to_string(end) +
                 ", found " + std::to_string(data_size_) + " bytes");
    }
};

}  // namespace detail
}  // namespace ctnn
