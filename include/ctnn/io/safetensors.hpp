// Saves and loads a network's parameters as a safetensors file, which Python opens with
// safetensors.numpy.load_file: float32 in Keras' layouts, entries named "conv2d_1/kernel".
#pragma once

#include <ctnn/io/atomic_file.hpp>
#include <ctnn/io/file_error.hpp>
#include <ctnn/io/safetensors_file.hpp>
#include <ctnn/parameters.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <set>
#include <span>
#include <string>

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

/// The file's entry for one row of a network's table; throws when it is not exactly that.
inline const safetensors_entry& matching_entry(const safetensors_file& file,
                                               const parameter_entry& wanted) {
    const std::string name = entry_name(wanted);
    const auto found = file.entries.find(name);
    if (found == file.entries.end())
        throw file_error(file.path, "entry '" + name + "' must exist, the network has it, found " +
                                        std::to_string(file.entries.size()) + " other entries");
    const safetensors_entry& entry = found->second;
    if (entry.dtype != "F32")
        throw file_error(file.path,
                         "entry '" + name + "': the dtype must be F32, found " + entry.dtype);
    if (!std::ranges::equal(entry.shape, entry_shape(wanted)))
        throw file_error(file.path, "entry '" + name + "': the shape must be " +
                                        shape_text(entry_shape(wanted)) +
                                        ", the network's, found " + shape_text(entry.shape));
    return entry;
}

}  // namespace detail

/// Writes a network's parameters to `file`: one F32 entry for each of `parameter_table`, and the
/// network's fingerprint as metadata.
/// An old file is replaced in one step when the new one is complete on the disk; the new one keeps
/// its permissions. Throws `file_error` when that fails, and then the old file is as it was.
template <detail::has_parameter_table Owner>
void save(const parameters<Owner>& w, const std::filesystem::path& file) {
    nlohmann::ordered_json header;
    header["__metadata__"] = {{"library", "ctnn"},
                              {"fingerprint", detail::fingerprint_text(Owner::fingerprint)}};
    for (const parameter_entry& entry : Owner::parameter_table)
        header[detail::entry_name(entry)] = {
            {"dtype", "F32"},
            {"shape", detail::entry_shape(entry)},
            {"data_offsets",
             {entry.offset * sizeof(float), (entry.offset + entry.size) * sizeof(float)}}};
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the numbers are aligned
    const std::uint64_t length = text.size();

    detail::atomic_file out(file);
    out.write(&length, sizeof length);
    out.write(text.data(), text.size());
    out.write(w.elements, Owner::parameter_count * sizeof(float));
    out.commit();
}

/// Reads a network's parameters from `file`, which must hold exactly the entries of
/// `parameter_table`, in any order, and the network's fingerprint as metadata or none, as files of
/// other libraries have none. Throws `file_error` when a name, dtype, shape or the fingerprint
/// differs, and for everything that `read_safetensors` refuses; then `w` is as it was.
template <detail::has_parameter_table Owner>
void load(parameters<Owner>& w, const std::filesystem::path& file) {
    const safetensors_file from = read_safetensors(file);
    std::set<std::string> names;
    for (const parameter_entry& entry : Owner::parameter_table) {
        detail::matching_entry(from, entry);
        names.insert(detail::entry_name(entry));
    }
    for (const auto& [name, entry] : from.entries)
        if (!names.contains(name))
            throw file_error(file, "entry '" + name + "' must be one of the network's, found a " +
                                       "name that it does not have (shape " +
                                       detail::shape_text(entry.shape) + ")");
    const auto found = from.metadata.find("fingerprint");
    const std::string expected = detail::fingerprint_text(Owner::fingerprint);
    if (found != from.metadata.end() && found->second != expected)
        throw file_error(file, "the fingerprint must be " + expected + ", the network's, found " +
                                   found->second +
                                   ": the shapes agree, but a layer or an option differs");
    for (const parameter_entry& entry : Owner::parameter_table)
        std::memcpy(w.elements + entry.offset, detail::matching_entry(from, entry).bytes.data(),
                    entry.size * sizeof(float));
}

}  // namespace ctnn
