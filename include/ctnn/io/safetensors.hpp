// Saves and loads a network's parameters as a safetensors file, which Python opens with
// safetensors.numpy.load_file: float32 in Keras' layouts, entries named "conv2d_1/kernel".
#pragma once

#include <ctnn/io/atomic_file.hpp>
#include <ctnn/io/file_error.hpp>
#include <ctnn/io/input_file.hpp>
#include <ctnn/io/printable.hpp>
#include <ctnn/io/safetensors_file.hpp>
#include <ctnn/io/safetensors_header.hpp>
#include <ctnn/parameters.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace ctnn {
namespace detail {

/// A network: it has a table of its parameters.
template <class Owner>
concept has_parameter_table = requires {
    Owner::parameter_table.size();
};

/// "conv2d_1/kernel".
inline std::string entry_name(const parameter_entry& entry) {
    return std::string(entry.layer) + "_" + std::to_string(entry.number) + "/" +
           std::string(entry.array);
}

/// "0x00c0ffee00c0ffee".
inline std::string fingerprint_text(std::uint64_t fingerprint) {
    char text[19];
    std::snprintf(text, sizeof text, "0x%016" PRIx64, fingerprint);
    return text;
}

inline std::span<const std::size_t> entry_shape(const parameter_entry& entry) {
    return {entry.extents.data(), entry.rank};
}

/// A file takes part in exact comparisons and goes on to other programs, so it holds numbers only.
/// (By its bits, as a compiler may be told that there are no others.)
inline void require_finite(std::span<const parameter_entry> table, const float* elements,
                           const std::filesystem::path& file) {
    for (const parameter_entry& entry : table)
        for (std::size_t i = 0; i < entry.size; ++i) {
            const float value = elements[entry.offset + i];
            const auto bits = std::bit_cast<std::uint32_t>(value);
            if ((bits & 0x7F800000) == 0x7F800000)
                throw file_error(file, "every parameter must be finite, found " +
                                           std::string((bits & 0x007FFFFF) != 0 ? "nan"
                                                       : bits >> 31 != 0        ? "-inf"
                                                                                : "inf") +
                                           " in '" + entry_name(entry) + "' at " +
                                           std::to_string(i));
        }
}

/// A network's table, by the names of the file.
template <class Owner>
std::map<std::string, const parameter_entry*, std::less<>> entries_by_name() {
    std::map<std::string, const parameter_entry*, std::less<>> entries;
    for (const parameter_entry& entry : Owner::parameter_table)
        entries.emplace(entry_name(entry), &entry);
    return entries;
}

/// Throws unless the file holds exactly a network's arrays.
template <class Owner>
void require_matching(const safetensors_header& header, const std::filesystem::path& file) {
    const auto entries = entries_by_name<Owner>();
    for (const parameter_entry& wanted : Owner::parameter_table) {
        const std::string name = entry_name(wanted);
        const auto found = header.arrays.find(name);
        if (found == header.arrays.end())
            throw file_error(file, "entry '" + name + "' must exist, the network has it, found " +
                                       std::to_string(header.arrays.size()) + " other entries");
        const auto& [dtype, shape, first, last] = found->second;
        if (dtype != "F32") {
            std::string sentence = "entry '" + name + "': the dtype must be F32, found ";
            throw file_error(file, sentence.append(dtype));
        }
        if (!std::ranges::equal(shape, entry_shape(wanted)))
            throw file_error(file, "entry '" + name + "': the shape must be " +
                                       shape_text(entry_shape(wanted)) + ", the network's, found " +
                                       excerpt(shape_text(shape)));
    }
    for (const auto& [name, array] : header.arrays)
        if (!entries.contains(name))
            throw file_error(file, "entry '" + excerpt(name) +
                                       "' must be one of the network's, found a name that it does "
                                       "not have (shape " +
                                       excerpt(shape_text(array.shape)) + ")");
    const auto found = header.metadata.find("fingerprint");
    const std::string expected = fingerprint_text(Owner::fingerprint);
    if (found != header.metadata.end() && found->second != expected)
        throw file_error(file, "the fingerprint must be " + expected + ", the network's, found " +
                                   excerpt(found->second) +
                                   ": the shapes agree, but a layer or an option differs");
}

/// Writes the arrays of a table, and `metadata`.
inline void write_safetensors(std::span<const parameter_entry> table,
                              std::span<const float> elements,
                              const nlohmann::ordered_json& metadata,
                              const std::filesystem::path& file) {
    nlohmann::ordered_json header;
    header["__metadata__"] = metadata;
    for (const parameter_entry& entry : table)
        header[entry_name(entry)] = {
            {"dtype", "F32"},
            {"shape", entry_shape(entry)},
            {"data_offsets",
             {entry.offset * sizeof(float), (entry.offset + entry.size) * sizeof(float)}}};
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the numbers are aligned
    const std::uint64_t length = text.size();

    atomic_file out(file);
    out.write(&length, sizeof length);
    out.write(text.data(), text.size());
    out.write(elements.data(), elements.size_bytes());
    out.commit();
}

}  // namespace detail

/// Writes a network's parameters to `file`: one F32 entry for each of `parameter_table`, and the
/// network's fingerprint as metadata.
/// An old file is replaced in one step when the new one is complete on the disk; the new one has
/// its permissions. Symbolic links are followed; another hard link keeps the old file. Throws
/// `file_error` when a parameter is not finite, when the target is no file (a device, a FIFO), or
/// when writing fails, and then the old file is as it was. (Only if its folder cannot be synced in
/// the end, the new file is in place.)
template <detail::has_parameter_table Owner>
void save(const parameters<Owner>& w, const std::filesystem::path& file) {
    detail::require_finite(Owner::parameter_table, w.elements, file);
    detail::write_safetensors(
        Owner::parameter_table, {w.elements, Owner::parameter_count},
        {{"library", "ctnn"}, {"fingerprint", detail::fingerprint_text(Owner::fingerprint)}}, file);
}

/// Reads a network's parameters from `file`, which must hold exactly the entries of
/// `parameter_table`, in any order, and the network's fingerprint as metadata or none, as files of
/// other libraries have none. Names, types and shapes are compared before a number is read, so that
/// memory is bounded by the network and the header (which may have 100 MB, as in the format's own
/// library, and takes at most some ten times its size). Throws `file_error` when a name, dtype,
/// shape or the fingerprint differs, when a number is not finite, and for everything that
/// `read_safetensors` refuses; then `w` is as it was.
template <detail::has_parameter_table Owner>
void load(parameters<Owner>& w, const std::filesystem::path& file) {
    detail::input_file from(file);
    const detail::safetensors_header header = detail::read_safetensors_header(from);
    detail::require_matching<Owner>(header, file);
    std::vector<float> numbers(Owner::parameter_count);
    const auto entries = detail::entries_by_name<Owner>();
    for (const auto* array : header.in_file_order()) {
        const parameter_entry& to = *entries.find(array->first)->second;
        from.read_all(numbers.data() + to.offset, to.size * sizeof(float));
    }
    detail::require_finite(Owner::parameter_table, numbers.data(), file);
    std::ranges::copy(numbers, w.elements);
}

}  // namespace ctnn
