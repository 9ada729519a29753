// read_idx of a pair of files. Input: the images' length in two bytes, the images, the labels.
#include <ctnn/io/idx.hpp>
#include <ctnn/shape.hpp>

#include "file.hpp"

#include <algorithm>

namespace {

template <class Input>
void read(const std::filesystem::path& images, const std::filesystem::path& labels) {
    constexpr std::size_t classes = 10;
    succeeds([&] {
        const auto data = ctnn::read_idx<Input>(images, labels, classes);
        must(data.inputs.size() == data.targets.size());
        for (const auto& image : data.inputs)
            must(std::all_of(image.begin(), image.end(), [](float p) { return 0 <= p && p <= 1; }));
        for (const auto label : data.targets) must(label >= 0 && label < static_cast<int>(classes));
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    static fuzz_file images("images"), labels("labels");
    if (size < 2) return 0;
    const std::string_view text(reinterpret_cast<const char*>(bytes) + 2, size - 2);
    const std::size_t cut = std::min<std::size_t>(bytes[0] + 256u * bytes[1], text.size());
    const auto &first = images(text.substr(0, cut)), &second = labels(text.substr(cut));
    read<ctnn::tensor<ctnn::shape<2, 3, 1>>>(first, second);
    if (cut > 3 && text[3] == 4) read<ctnn::tensor<ctnn::shape<1, 2, 3>>>(first, second);
    return 0;
}
