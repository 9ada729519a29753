// Reads MNIST's file format, IDX (http://yann.lecun.com/exdb/mnist), plain or compressed by gzip:
// a pair of files with images and labels, or a folder with MNIST's two pairs. MNIST,
// Fashion-MNIST, KMNIST and EMNIST come like this.
#pragma once

#include <ctnn/dataset.hpp>
#include <ctnn/io/byte_reader.hpp>
#include <ctnn/io/file_error.hpp>
#include <ctnn/io/printable.hpp>
#include <ctnn/tensor.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <string>
#include <system_error>
#include <vector>

namespace ctnn {
namespace detail {

template <class T>
concept image_tensor = std::same_as<T, tensor<typename T::shape_type, float>>;

/// "0x00000803 (unsigned bytes in 3 dimensions: images)".
inline std::string describe_magic(std::uint32_t magic) {
    char number[16];
    std::snprintf(number, sizeof number, "0x%08X", static_cast<unsigned>(magic));
    const char* type = nullptr;
    switch (magic >> 8) {
    case 0x08:
        type = "unsigned bytes";
        break;
    case 0x09:
        type = "signed bytes";
        break;
    case 0x0B:
        type = "16-bit integers";
        break;
    case 0x0C:
        type = "32-bit integers";
        break;
    case 0x0D:
        type = "floats";
        break;
    case 0x0E:
        type = "doubles";
        break;
    default:
        return std::string(number) + " (not an IDX file)";
    }
    const std::uint32_t rank = magic & 0xFF;
    return std::string(number) + " (" + type + " in " + std::to_string(rank) +
           (rank == 1 ? " dimension" : " dimensions") +
           (magic == 0x801                     ? ": labels)"
            : magic == 0x803 || magic == 0x804 ? ": images)"
                                               : ")");
}

/// An IDX file of unsigned bytes whose header has been read; its items are read one by one, so
/// that memory grows with what the file holds and not with what its header claims.
class idx_file {
public:
    std::size_t count = 0;                        // items: images or labels
    std::array<std::size_t, 3> extents{1, 1, 1};  // of one item

    /// `ranks`: the numbers of dimensions that will do, the expected one first.
    idx_file(const std::filesystem::path& path, std::initializer_list<std::uint32_t> ranks)
        : bytes_(path), header_size_(4 + 4 * std::size_t{*ranks.begin()}) {
        const std::uint32_t magic = number();
        const std::uint32_t rank = magic & 0xFF;
        if (magic >> 8 != 0x08 || std::find(ranks.begin(), ranks.end(), rank) == ranks.end())
            fail("the magic number must be " + describe_magic(0x800 + *ranks.begin()) + ", found " +
                 describe_magic(magic));
        header_size_ = 4 + 4 * std::size_t{rank};
        count = number();
        for (std::size_t i = 1; i < rank; ++i) extents[i - 1] = number();
    }

    void read_item(std::span<unsigned char> to) {
        const std::size_t got = bytes_.read(to);
        data_read_ += got;
        if (got < to.size())
            fail("the data must be " + data_size(to.size()) + ", found the end after " +
                 std::to_string(data_read_) + " bytes");
    }
    /// Reading past the last item also makes zlib compare the checksum, and finds what follows.
    void expect_end(std::size_t item_size) {
        unsigned char more = 0;
        if (bytes_.read({&more, 1}) > 0)
            fail("the data must be " + data_size(item_size) + ", found more bytes after them");
    }
    [[noreturn]] void fail(const std::string& sentence) const { bytes_.fail(sentence); }

private:
    byte_reader bytes_;
    std::size_t header_size_, header_read_ = 0, data_read_ = 0;

    std::uint32_t number() {
        std::array<unsigned char, 4> digits{};
        const std::size_t got = bytes_.read(digits);
        header_read_ += got;
        if (got < digits.size())
            fail("the header must be " + std::to_string(header_size_) +
                 " bytes, found the end after " + std::to_string(header_read_) + " bytes");
        std::uint32_t value = 0;
        for (const unsigned char digit : digits) value = value << 8 | digit;
        return value;
    }
    std::string data_size(std::size_t item_size) const {
        return std::to_string(std::uint64_t{count} * item_size) + " bytes (" +
               std::to_string(count) + " x " + std::to_string(item_size) + ")";
    }
};

template <class Shape>
void check_extents(const idx_file& file) {
    const std::size_t rows = file.extents[0], columns = file.extents[1], channels = file.extents[2];
    if (rows == Shape::height && columns == Shape::width && channels == Shape::channels) return;
    const bool flat = channels == 1 && Shape::channels == 1;
    const auto text = [&](std::size_t height, std::size_t width, std::size_t depth) {
        return std::to_string(height) + " x " + std::to_string(width) +
               (flat ? "" : " x " + std::to_string(depth));
    };
    file.fail(std::string(flat ? "rows x columns" : "rows x columns x channels") + " must be " +
              text(Shape::height, Shape::width, Shape::channels) +
              " (the network's input), found " + text(rows, columns, channels));
}

/// The first of the spellings of `name` ("train-images-idx3-ubyte") that is a file.
inline std::filesystem::path find_idx(const std::filesystem::path& folder,
                                      const std::string& name) {
    std::string dotted = name;  // as in the archives that some browsers unpack
    dotted[dotted.find("-idx")] = '.';
    std::string tried;
    std::filesystem::path found;
    for (const std::string& candidate : {name, name + ".gz", dotted, dotted + ".gz"}) {
        std::filesystem::path path = folder / candidate;
        std::error_code ignored;
        const auto type = std::filesystem::status(path, ignored).type();
        const bool missing = type == std::filesystem::file_type::not_found;
        if (!missing && type != std::filesystem::file_type::directory) return path;
        if (!missing && found.empty()) found = path;
        tried += (tried.empty() ? "" : ", ") + candidate;
    }
    if (!found.empty()) return found;  // a folder of this name: reading it says so
    throw file_error(folder / name, "the file must exist, found none; tried " + tried + " in " +
                                        printable(folder.string()));
}

}  // namespace detail

/// Images and their labels from two IDX files, each plain or .gz: unsigned bytes of the extents of
/// `Input` (count x rows x columns, or count x rows x columns x channels), scaled to [0, 1], and
/// one unsigned byte a label, less than `classes`. Throws `file_error`, which names the file:
/// missing, another magic number, other extents, cut off, too long, a damaged gzip stream, a label
/// out of range, more images than labels or fewer.
template <detail::image_tensor Input>
[[nodiscard]] dataset<Input> read_idx(const std::filesystem::path& images_path,
                                      const std::filesystem::path& labels_path,
                                      std::size_t classes = 10) {
    using input_shape = typename Input::shape_type;
    detail::idx_file images = input_shape::channels > 1 ? detail::idx_file(images_path, {4})
                                                        : detail::idx_file(images_path, {3, 4});
    detail::idx_file labels(labels_path, {1});
    detail::check_extents<input_shape>(images);
    if (labels.count != images.count)
        labels.fail("the number of labels must be " + std::to_string(images.count) +
                    ", the number of images in " + detail::printable(images_path.string()) +
                    ", found " + std::to_string(labels.count));

    // One image and its label at a time, so that neither file alone can claim what the other lacks.
    dataset<Input> result;
    std::vector<unsigned char> pixels(input_shape::size);
    for (std::size_t n = 0; n < images.count; ++n) {
        images.read_item(pixels);
        unsigned char label = 0;
        labels.read_item({&label, 1});
        if (label >= classes)
            labels.fail("label " + std::to_string(n) + " (from 0) must be less than " +
                        std::to_string(classes) + ", the number of classes, found " +
                        std::to_string(label));
        if (n == result.inputs.capacity()) {
            const std::size_t more = std::min(images.count, std::max<std::size_t>(64, 2 * n));
            result.inputs.reserve(more);
            result.targets.reserve(more);
        }
        std::transform(pixels.begin(), pixels.end(), result.inputs.emplace_back().begin(),
                       [](unsigned char pixel) { return static_cast<float>(pixel) / 255.0f; });
        result.targets.push_back(label);
    }
    images.expect_end(pixels.size());
    labels.expect_end(1);
    return result;
}

/// Reads one of MNIST's pairs of files from `folder`: `part`-images-idx3-ubyte and
/// `part`-labels-idx1-ubyte, where `part` is "train" or "t10k"; also with .gz at the end, also with
/// .idx in place of -idx. Scaled, checked and refused as by `read_idx`.
template <detail::image_tensor Input>
[[nodiscard]] dataset<Input> read_mnist_part(const std::filesystem::path& folder,
                                             const std::string& part, std::size_t classes = 10) {
    const auto images = detail::find_idx(folder, part + "-images-idx3-ubyte");
    const auto labels = detail::find_idx(folder, part + "-labels-idx1-ubyte");
    return read_idx<Input>(images, labels, classes);
}

/// MNIST's two data sets: `const auto [train, test] = ctnn::read_mnist<net::input>(folder);`
template <class Input>
struct mnist {
    dataset<Input> train;
    dataset<Input> test;
};

/// Reads MNIST's four files from `folder`, as `read_mnist_part` does.
template <detail::image_tensor Input>
[[nodiscard]] mnist<Input> read_mnist(const std::filesystem::path& folder,
                                      std::size_t classes = 10) {
    return {read_mnist_part<Input>(folder, "train", classes),
            read_mnist_part<Input>(folder, "t10k", classes)};
}

}  // namespace ctnn
