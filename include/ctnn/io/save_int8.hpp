// Saves and loads the parameters of a network in bytes as a safetensors file: bytes (I8) in Keras'
// layouts, biases of 32 bits (I32), scales as floats (F32).
#pragma once

#include <ctnn/io/safetensors.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace ctnn {
namespace detail {

/// Parameters of a network in bytes.
template <class Parameters>
concept int8_parameters = requires {
    typename Parameters::owner::rules;
    requires std::is_same_v<Parameters, typename Parameters::owner::parameters>;
};

}  // namespace detail

/// Writes the parameters of a network in bytes to `file`: for every layer with weights a kernel (I8,
/// Keras' layout), a bias (I32, in units of the sums) and a factor for each filter (F32; by the rules
/// of `tflite_micro` I32, pairs of a number and a shift), tables of activations (I8), and scale and zero
/// of every value; the
/// fingerprint as metadata. How an old file is replaced, and what is thrown, is as for float networks.
template <detail::int8_parameters Parameters>
void save(const Parameters& w, const std::filesystem::path& file) {
    using owner = typename Parameters::owner;
    const auto content = entries_of(w);
    nlohmann::ordered_json header;
    header["__metadata__"] = {{"library", "ctnn"},
                              {"fingerprint", detail::fingerprint_text(owner::fingerprint)}};
    std::size_t offset = 0;
    // The widest numbers first, so that all are aligned.
    std::vector<typename decltype(content.entries)::const_pointer> order;
    for (const bool are_bytes : {false, true})
        for (const auto& entry : content.entries)
            if ((entry.second.dtype == "I8") == are_bytes) order.push_back(&entry);
    for (const auto* entry : order) {
        const auto& [name, array] = *entry;
        header[name] = {{"dtype", array.dtype},
                        {"shape", array.shape},
                        {"data_offsets", {offset, offset + array.bytes.size()}}};
        offset += array.bytes.size();
    }
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');
    const std::uint64_t length = text.size();
    detail::atomic_file out(file);
    out.write(&length, sizeof length);
    out.write(text.data(), text.size());
    for (const auto* entry : order)
        out.write(entry->second.bytes.data(), entry->second.bytes.size());
    out.commit();
}

/// Reads what `save` wrote. Throws `file_error` when a name, dtype, shape or the fingerprint differs,
/// when a number is out of its range, and for everything that `read_safetensors` refuses; then `w` is
/// as it was.
template <detail::int8_parameters Parameters>
void load(Parameters& w, const std::filesystem::path& file) {
    using owner = typename Parameters::owner;
    detail::input_file from(file);
    const detail::safetensors_header header = detail::read_safetensors_header(from);
    auto content = entries_of(*std::make_unique<Parameters>());  // what it must have
    for (const auto& [name, wanted] : content.entries) {
        const auto found = header.arrays.find(name);
        if (found == header.arrays.end())
            throw file_error(file, "entry '" + name + "' must exist, the network has it, found " +
                                       std::to_string(header.arrays.size()) + " other entries");
        if (found->second.dtype != wanted.dtype)
            throw file_error(file, "entry '" + name + "': the dtype must be " + wanted.dtype +
                                       ", found " + detail::excerpt(found->second.dtype));
        if (found->second.shape != wanted.shape)
            throw file_error(file, "entry '" + name + "': the shape must be " +
                                       detail::shape_text(wanted.shape) +
                                       ", the network's, found " +
                                       detail::excerpt(detail::shape_text(found->second.shape)));
    }
    for (const auto& [name, array] : header.arrays)
        if (!content.entries.contains(name))
            throw file_error(file, "entry '" + detail::excerpt(name) +
                                       "' must be one of the network's, found a name that it does "
                                       "not have");
    const auto found = header.metadata.find("fingerprint");
    const std::string expected = detail::fingerprint_text(owner::fingerprint);
    if (found == header.metadata.end() || found->second != expected)
        throw file_error(
            file, "the fingerprint must be " + expected + ", the network's, found " +
                      (found == header.metadata.end() ? "none" : detail::excerpt(found->second)));
    for (const auto* array : header.in_file_order()) {
        std::vector<std::byte>& bytes = content.entries.find(array->first)->second.bytes;
        from.read_all(bytes.data(), bytes.size());
    }
    const auto read = std::make_unique<Parameters>();
    content.give(*read, [&](const std::string& sentence) { throw file_error(file, sentence); });
    w = *read;
}

}  // namespace ctnn
