// read_safetensors, and load into a small network. Input: one byte; if that is below 128, the file
// follows, else the file without the header's length: the length of its data in one byte, the
// header, the data.
#include <ctnn/io/safetensors.hpp>

#include <ctnn/ctnn.hpp>

#include <nlohmann/json.hpp>

#include "file.hpp"

#include <algorithm>
#include <cmath>

namespace {

using net = ctnn::network<ctnn::features<2>, ctnn::dense<1>>;

std::string with_length(std::string_view bytes) {
    const std::size_t rest = bytes.size() - 1;
    const std::size_t data = std::min<std::size_t>(static_cast<unsigned char>(bytes[0]), rest);
    std::string file;
    for (unsigned i = 0; i < 8; ++i)
        file += static_cast<char>(std::uint64_t{rest - data} >> 8 * i & 0xFF);
    return file.append(bytes.substr(1));
}

/// What was accepted must be what the parser's document model says, too.
void compare(const ctnn::safetensors_file& file, std::string_view bytes) {
    std::uint64_t length = 0;
    for (unsigned i = 8; i-- > 0;) length = length << 8 | static_cast<unsigned char>(bytes[i]);
    must(length <= bytes.size() - 8);
    const auto header = nlohmann::json::parse(bytes.substr(8, length));
    const std::string_view data = bytes.substr(8 + length);
    std::size_t entries = 0, total = 0;
    for (const auto& [name, value] : header.items()) {
        if (name == "__metadata__") {
            must(value == nlohmann::json(file.metadata));
            continue;
        }
        const ctnn::safetensors_entry& entry = file.entries.at(name);
        must(value.at("dtype") == entry.dtype);
        must(value.at("shape") == entry.shape);
        const std::size_t first = value.at("data_offsets").at(0);
        const std::size_t last = value.at("data_offsets").at(1);
        must(last - first == entry.bytes.size());
        must(std::equal(entry.bytes.begin(), entry.bytes.end(), data.begin() + first,
                        [](std::byte a, char b) { return a == static_cast<std::byte>(b); }));
        ++entries;
        total += entry.bytes.size();
    }
    must(entries == file.entries.size() && total == data.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    static fuzz_file file("file");
    if (size < 2) return 0;
    const std::string_view rest(reinterpret_cast<const char*>(bytes) + 1, size - 1);
    const std::string text = bytes[0] < 128 ? std::string(rest) : with_length(rest);
    const auto& path = file(text);

    const bool is_valid = succeeds([&] { compare(ctnn::read_safetensors(path), text); });
    net::parameters w{{-1.0f, -2.0f, -3.0f}};
    const bool is_loaded = succeeds([&] { ctnn::load(w, path); });
    must(is_valid || !is_loaded);
    for (const float value : w.values()) must(std::isfinite(value));
    if (!is_loaded)
        must(w.values()[0] == -1.0f && w.values()[1] == -2.0f && w.values()[2] == -3.0f);
    return 0;
}
