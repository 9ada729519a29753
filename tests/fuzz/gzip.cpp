// byte_reader, beside zlib's gzread, which takes the same streams and some that are damaged at the
// end. Input: one byte for the size of the pieces, then the file.
#include <ctnn/io/byte_reader.hpp>

#include "file.hpp"

#include <algorithm>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    static fuzz_file file("file");
    static std::vector<unsigned char> buffers[2];
    if (size < 1) return 0;
    const auto& path = file({reinterpret_cast<const char*>(bytes) + 1, size - 1});
    const std::size_t piece = std::size_t{1} << (bytes[0] % 17);

    // Beyond the reader's own buffer, but not a bomb's whole content, nor byte for byte.
    const std::size_t most = std::min<std::size_t>(1000 * piece, 70'000);
    auto& [ours, zlibs] = buffers;
    ours.resize(most);
    zlibs.resize(most);
    std::size_t read = 0;
    const bool intact = succeeds([&] {
        ctnn::detail::byte_reader reader(path);
        for (std::size_t got = 1; got > 0 && read < most; read += got)
            got = reader.read(std::span(ours).subspan(read, std::min(piece, most - read)));
    });
    if (!intact) return 0;
    const gzFile other = gzopen(path.c_str(), "rb");
    must(other != nullptr);
    const int theirs = gzread(other, zlibs.data(), static_cast<unsigned>(zlibs.size()));
    gzclose(other);
    must(theirs >= 0);
    must(read == static_cast<std::size_t>(theirs));
    must(std::equal(ours.begin(), ours.begin() + static_cast<std::ptrdiff_t>(read), zlibs.begin()));
    return 0;
}
