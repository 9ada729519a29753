#include <ctnn/io/idx.hpp>

#include <ctnn/shape.hpp>

#include <doctest/doctest.h>

#include "support/random.hpp"
#include "support/system_calls.hpp"
#include "support/temporary_folder.hpp"

#include <sys/stat.h>

#include <initializer_list>
#include <type_traits>

namespace {

using small = ctnn::tensor<ctnn::shape<2, 3, 1>>;
using colour = ctnn::tensor<ctnn::shape<2, 1, 3>>;

std::string big_endian(std::initializer_list<std::uint32_t> numbers) {
    std::string bytes;
    for (const std::uint32_t number : numbers)
        for (int shift = 24; shift >= 0; shift -= 8)
            bytes += static_cast<char>(number >> shift & 0xFF);
    return bytes;
}

std::string counted(std::size_t count) {  // 250, 251, ..., 255, 0, 1, ...
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i) bytes += static_cast<char>((250 + i) % 256);
    return bytes;
}

const std::string two_images = big_endian({0x803, 2, 2, 3}) + counted(12);
const std::string two_labels = big_endian({0x801, 2}) + std::string("\x09\x00", 2);

/// What reading this pair of files says; labels as they should be unless given.
template <class Input = small>
std::string complaint(const std::string& images, const std::string& labels = two_labels,
                      std::size_t classes = 10) {
    const temporary_folder folder;
    const auto images_path = write_bytes(folder / "images", images);
    const auto labels_path = write_bytes(folder / "labels", labels);
    const std::string plain = message_of(
        [&] { static_cast<void>(ctnn::read_idx<Input>(images_path, labels_path, classes)); });
    // Compressed, the same is wrong with it.
    write_gzip(images_path, images);
    write_gzip(labels_path, labels);
    const std::string compressed = message_of(
        [&] { static_cast<void>(ctnn::read_idx<Input>(images_path, labels_path, classes)); });
    CHECK(compressed == plain);
    return plain;
}

}  // namespace

TEST_CASE("read_idx: pixels are scaled to [0, 1], rows before columns, labels beside them") {
    const temporary_folder folder;
    for (const bool gzip : {false, true}) {
        const auto write = gzip ? write_gzip : write_bytes;
        const auto data = ctnn::read_idx<small>(write(folder / "images", two_images),
                                                write(folder / "labels", two_labels));
        static_assert(std::is_same_v<decltype(data), const ctnn::dataset<small>>);
        REQUIRE(data.size() == 2);
        REQUIRE(data.targets.size() == 2);
        CHECK(data.targets[0] == 9);
        CHECK(data.targets[1] == 0);
        CHECK(data.inputs[0](0, 0, 0) == 250.0f / 255.0f);
        CHECK(data.inputs[0](0, 2, 0) == 252.0f / 255.0f);
        CHECK(data.inputs[0](1, 2, 0) == 1.0f);
        CHECK(data.inputs[1](0, 0, 0) == 0.0f);
        CHECK(data.inputs[1](1, 1, 0) == 4.0f / 255.0f);
    }
}

TEST_CASE("read_idx: four dimensions hold channels, which vary fastest") {
    const temporary_folder folder;
    const auto labels = write_bytes(folder / "labels", two_labels);
    const auto images =
        write_bytes(folder / "images", big_endian({0x804, 2, 2, 1, 3}) + counted(12));
    const auto data = ctnn::read_idx<colour>(images, labels);
    CHECK(data.inputs[0](0, 0, 2) == 252.0f / 255.0f);
    CHECK(data.inputs[0](1, 0, 1) == 254.0f / 255.0f);
    // One channel may be said or left out.
    write_bytes(images, big_endian({0x804, 2, 2, 3, 1}) + counted(12));
    CHECK(ctnn::read_idx<small>(images, labels).inputs[0](1, 1, 0) == 254.0f / 255.0f);
}

TEST_CASE("read_idx: no images are a data set") {
    CHECK(complaint(big_endian({0x803, 0, 2, 3}), big_endian({0x801, 0})) == "");
}

TEST_CASE("read_idx: more images than the first growths of memory hold") {
    const temporary_folder folder;
    const auto data = ctnn::read_idx<small>(
        write_bytes(folder / "images", big_endian({0x803, 1000, 2, 3}) + counted(6000)),
        write_bytes(folder / "labels", big_endian({0x801, 1000}) + std::string(1000, '\1')));
    REQUIRE(data.size() == 1000);
    CHECK(data.inputs.capacity() == 1000);
    CHECK(data.inputs[999](1, 2, 0) == static_cast<float>((250 + 5999) % 256) / 255.0f);
}

TEST_CASE("read_idx: another magic number") {
    const std::string labels = complaint(two_labels);
    CHECK(contains(labels, "/images: the magic number must be 0x00000803 (unsigned bytes in 3 "
                           "dimensions: images), found 0x00000801 (unsigned bytes in 1 dimension: "
                           "labels)"));
    const std::string images = complaint(two_images, two_images);
    CHECK(contains(images, "/labels: the magic number must be 0x00000801"));
    CHECK(contains(images, "found 0x00000803 (unsigned bytes in 3 dimensions: images)"));
    CHECK(contains(complaint(big_endian({0xD03, 2, 2, 3}) + std::string(48, '\0')),
                   "found 0x00000D03 (floats in 3 dimensions)"));
    CHECK(contains(complaint("<!DOCTYPE html>"), "found 0x3C21444F (not an IDX file)"));
    CHECK(contains(complaint<colour>(two_images), "must be 0x00000804 (unsigned bytes in 4"));
}

TEST_CASE("read_idx: other extents than the network's input") {
    CHECK(contains(complaint(big_endian({0x803, 2, 3, 2}) + counted(12)),
                   "/images: rows x columns must be 2 x 3 (the network's input), found 3 x 2"));
    CHECK(contains(complaint(big_endian({0x803, 2, 2, 32}) + counted(128)), "found 2 x 32"));
    CHECK(contains(complaint<colour>(big_endian({0x804, 2, 2, 1, 4}) + counted(16)),
                   "rows x columns x channels must be 2 x 1 x 3 (the network's input), "
                   "found 2 x 1 x 4"));
    CHECK(contains(complaint(big_endian({0x804, 2, 2, 3, 3}) + counted(36)),
                   "rows x columns x channels must be 2 x 3 x 1 (the network's input), "
                   "found 2 x 3 x 3"));
}

TEST_CASE("read_idx: a header that is cut off") {
    for (const std::size_t length : {0u, 3u, 4u, 7u, 8u, 15u})
        CHECK(contains(complaint(two_images.substr(0, length)),
                       "/images: the header must be 16 bytes, found the end after " +
                           std::to_string(length) + " bytes"));
    CHECK(contains(complaint(two_images, two_labels.substr(0, 7)),
                   "/labels: the header must be 8 bytes, found the end after 7 bytes"));
}

TEST_CASE("read_idx: data that are cut off, or too long") {
    for (const std::size_t length : {0u, 5u, 6u, 11u})
        CHECK(contains(complaint(two_images.substr(0, 16 + length)),
                       "/images: the data must be 12 bytes (2 x 6), found the end after " +
                           std::to_string(length) + " bytes"));
    CHECK(contains(complaint(two_images + "x"),
                   "/images: the data must be 12 bytes (2 x 6), found more bytes after them"));
    CHECK(contains(complaint(two_images, two_labels.substr(0, 9)),
                   "/labels: the data must be 2 bytes (2 x 1), found the end after 1 bytes"));
    CHECK(contains(complaint(two_images, two_labels + "x"),
                   "/labels: the data must be 2 bytes (2 x 1), found more"));
}

TEST_CASE("read_idx: a header that claims four billion images allocates nothing for them") {
    // 4,294,967,295 images of 64 bytes: asking for so much memory would throw another exception.
    const std::string text = complaint(big_endian({0x803, 0xFFFFFFFF, 2, 3}) + counted(12),
                                       big_endian({0x801, 0xFFFFFFFF}) + "\1\1");
    CHECK(contains(text, "/images: the data must be 25769803770 bytes (4294967295 x 6), found the "
                         "end after 12 bytes"));
}

TEST_CASE("read_idx: as many labels as images") {
    CHECK(contains(complaint(two_images, big_endian({0x801, 3}) + std::string(3, '\1')),
                   "/labels: the number of labels must be 2, the number of images in "));
    CHECK(contains(complaint(two_images, big_endian({0x801, 1}) + "\1"), "/images, found 1"));
}

TEST_CASE("read_idx: labels out of range") {
    CHECK(contains(complaint(two_images, big_endian({0x801, 2}) + "\1\x0a"),
                   "/labels: label 1 (from 0) must be less than 10, the number of classes, "
                   "found 10"));
    CHECK(contains(complaint(two_images, big_endian({0x801, 2}) + "\xff\1"), "label 0 (from 0)"));
    CHECK(contains(complaint(two_images, two_labels, 9), "must be less than 9"));
    CHECK(complaint(two_images, two_labels, 10) == "");
    CHECK(complaint(two_images, big_endian({0x801, 2}) + "\x0a\xff", 256) == "");
}

TEST_CASE("read_idx: missing files and folders") {
    const temporary_folder folder;
    const auto images = write_bytes(folder / "images", two_images);
    const auto read = [&](const auto& first, const auto& second) {
        return message_of([&] { static_cast<void>(ctnn::read_idx<small>(first, second)); });
    };
    CHECK(read(folder / "nothing", images) ==
          (folder / "nothing").string() + ": the file must exist, found none");
    CHECK(read(images, folder / "nothing") ==
          (folder / "nothing").string() + ": the file must exist, found none");
    CHECK(read(folder.path(), images) ==
          folder.path().string() + ": must be a file, found a folder");
    CHECK(contains(read(images / "below", images), "/images/below: the file must be readable"));
}

TEST_CASE("read_idx: a damaged gzip stream") {
    const temporary_folder folder;
    const auto labels = write_bytes(folder / "labels", two_labels);
    const auto images = write_gzip(folder / "images.gz", two_images);
    const std::string good = read_bytes(images);
    const auto read = [&](const std::string& bytes) {
        write_bytes(images, bytes);
        return message_of([&] { static_cast<void>(ctnn::read_idx<small>(images, labels)); });
    };
    REQUIRE(read(good) == "");
    std::string damaged = good;
    damaged[good.size() - 8] ^= 1;  // the checksum
    CHECK(contains(read(damaged),
                   "/images.gz: the gzip stream must be intact, found damage: incorrect data "
                   "check"));
    damaged = good;
    damaged[good.size() - 4] ^= 1;  // the length
    CHECK(contains(read(damaged), "found damage: incorrect length check"));
    for (std::size_t length = 20; length < good.size(); ++length)
        CHECK(contains(read(good.substr(0, length)), "/images.gz: the gzip stream must be "
                                                     "complete, found it cut off"));
    CHECK(contains(read(good + good), "found more bytes"));  // streams in a row are one
    for (const std::string& more :
         {std::string("x"), std::string("\x1F"), std::string("\x1F\x8A\x08"),
          std::string(512, '\0'), two_images})
        CHECK(contains(read(good + more),
                       "/images.gz: the gzip stream must end with the file, found "
                       "other bytes after it"));
}

TEST_CASE("read_idx: several gzip streams in a row are one") {
    const temporary_folder folder;
    const auto labels = write_bytes(folder / "labels", two_labels);
    const auto member = [&](std::string_view bytes) {
        return read_bytes(write_gzip(folder / "member.gz", bytes));
    };
    const auto images = folder / "images.gz";
    const std::string first = member(""), last = member(two_images.substr(21));
    const std::string whole = first + member(two_images.substr(0, 3)) +
                              member(two_images.substr(3, 18)) + first + last + first;
    const auto read = [&](const std::string& bytes) {
        write_bytes(images, bytes);
        return message_of([&] {
            const auto data = ctnn::read_idx<small>(images, labels);
            CHECK(data.inputs[1](1, 1, 0) == 4.0f / 255.0f);
        });
    };
    CHECK(read(whole) == "");
    for (std::size_t left = 1; left < first.size() - 1; ++left)
        CHECK(contains(read(whole.substr(0, whole.size() - left)), "found it cut off"));
    CHECK(contains(read(whole.substr(0, whole.size() - first.size() - last.size())),
                   "found the end after 5 bytes"));
    std::string damaged = whole;
    damaged[whole.size() - 6] ^= 1;
    CHECK(contains(read(damaged), "found damage: incorrect data check"));
    // The border between two streams at every place of the reader's buffer.
    for (const std::size_t border : {65534u, 65535u, 65536u, 65537u}) {
        std::string padded = first;  // its header may have a name of any length
        padded[3] = 8;
        padded.insert(10, std::string(border - first.size() - 1, 'n') + '\0');
        REQUIRE(padded.size() == border);
        CHECK(read(padded + whole) == "");
        CHECK(contains(read(padded + whole + "\x1F\x8B"), "found it cut off"));
        CHECK(contains(read(padded + "\x1F"), "must end with the file"));
    }
}

TEST_CASE("read_idx: no more is read than the header says, and a buffer") {
    const temporary_folder folder;
    const auto labels = write_bytes(folder / "labels", two_labels);
    std::string more(1'000'000, '\0');
    generator random(1);
    for (char& byte : more) byte = static_cast<char>(random.next());  // cannot be compressed
    for (const bool gzip : {false, true}) {
        const auto images = (gzip ? write_gzip : write_bytes)(folder / "images", two_images + more);
        watched_calls calls;
        CHECK(
            contains(message_of([&] { static_cast<void>(ctnn::read_idx<small>(images, labels)); }),
                     "the data must be 12 bytes (2 x 6), found more bytes after them"));
        CHECK(calls.bytes_read < 150'000);
    }
}

TEST_CASE("read_idx: only files are read, also through links") {
    const temporary_folder folder;
    const auto images = write_bytes(folder / "images", two_images);
    const auto labels = write_bytes(folder / "labels", two_labels);
    std::filesystem::create_symlink("images", folder / "link");
    CHECK(ctnn::read_idx<small>(folder / "link", labels).size() == 2);
    const auto complaint_of = [&](const auto& path) {
        return message_of([&] { static_cast<void>(ctnn::read_idx<small>(path, labels)); });
    };
    // Nobody writes into this one, so reading would wait for ever.
    REQUIRE(::mkfifo((folder / "fifo").c_str(), 0666) == 0);
    CHECK(contains(complaint_of(folder / "fifo"), "/fifo: must be a file, found a FIFO"));
    CHECK(complaint_of("/dev/zero") == "/dev/zero: must be a file, found a character device");
    CHECK(contains(complaint_of("/proc/self/status"), "found 0x4E616D65 (not an IDX file)"));
    std::filesystem::create_symlink("nothing", folder / "dangling");
    CHECK(
        contains(complaint_of(folder / "dangling"), "/dangling: the file must exist, found none"));
    std::filesystem::create_symlink("round", folder / "round");
    CHECK(contains(complaint_of(folder / "round"), "found: Too many levels of symbolic links"));
    CHECK(contains(complaint_of(folder / std::string(300, 'n')), "found: File name too long"));
    CHECK(contains(complaint_of(folder / "new\nline"), "/new\\x0aline: the file must exist"));
    CHECK(contains(complaint_of(""), "the file must exist, found none"));
}

TEST_CASE("read_idx: reads that are cut short, interrupted or fail") {
    const temporary_folder folder;
    const auto labels = write_bytes(folder / "labels", two_labels);
    for (const bool gzip : {false, true}) {
        const auto images = (gzip ? write_gzip : write_bytes)(folder / "images", two_images);
        watched_calls calls;
        calls.most = 3;
        calls.failing = 'R';
        calls.error = EINTR;
        calls.after = 2;
        calls.times = 3;
        CHECK(ctnn::read_idx<small>(images, labels).size() == 2);
        CHECK(calls.times == 0);
        calls.error = EIO;
        calls.times = 1;
        CHECK(message_of([&] { static_cast<void>(ctnn::read_idx<small>(images, labels)); }) ==
              images.string() + ": the file must be readable, found: Input/output error");
        // It shrinks while it is read.
        calls.failing = 0;
        calls.before = [&](char) { std::filesystem::resize_file(images, 20); };
        CHECK(
            contains(message_of([&] { static_cast<void>(ctnn::read_idx<small>(images, labels)); }),
                     gzip ? "found it cut off" : "found the end after 4 bytes"));
    }
}

TEST_CASE("read_idx: any damage is a file_error, or harmless") {
    const temporary_folder folder;
    const auto good_labels = write_bytes(folder / "good_labels", two_labels);
    const auto good_images = write_bytes(folder / "good_images", two_images);
    std::size_t refused = 0, accepted = 0;
    const auto attempt = [&](const auto& images, const auto& labels) {
        const std::string text = message_of([&] {
            const auto data = ctnn::read_idx<small>(images, labels, 256);
            CHECK(data.inputs.size() == 2);
            CHECK(data.targets.size() == 2);
        });
        ++(text.empty() ? accepted : refused);
    };
    for (const bool gzip : {false, true}) {
        for (const bool labels : {false, true}) {
            const auto file = folder / "damaged";
            (gzip ? write_gzip : write_bytes)(file, labels ? two_labels : two_images);
            const std::string good = read_bytes(file);
            const auto attempt_with = [&](const std::string& bytes) {
                std::filesystem::remove(file);  // some file systems wait for the disk otherwise
                write_bytes(file, bytes);
                attempt(labels ? good_images : file, labels ? file : good_labels);
            };
            const std::size_t refused_before = refused;
            for (std::size_t length = 0; length < good.size(); ++length)
                attempt_with(good.substr(0, length));
            CHECK(refused - refused_before == good.size());  // every truncation is noticed
            for (std::size_t i = 0; i < good.size(); ++i) {
                for (int bit = 0; bit < 8; ++bit) {
                    std::string bad = good;
                    bad[i] = static_cast<char>(bad[i] ^ 1 << bit);
                    attempt_with(bad);
                }
            }
        }
    }
    CHECK(accepted > 100);  // other pixels, other labels
}

TEST_CASE("read_mnist: four files, plain or compressed, in both spellings") {
    const temporary_folder folder;
    const std::string one_image = big_endian({0x803, 1, 2, 3}) + counted(6);
    const std::string one_label = big_endian({0x801, 1}) + "\7";
    write_bytes(folder / "train-images-idx3-ubyte", two_images);
    write_gzip(folder / "train-labels-idx1-ubyte.gz", two_labels);
    write_bytes(folder / "t10k-images.idx3-ubyte", one_image);
    write_gzip(folder / "t10k-labels.idx1-ubyte.gz", one_label);
    // Some unpackers leave a folder of the name beside the file.
    std::filesystem::create_directory(folder / "t10k-images-idx3-ubyte");

    const auto [train, test] = ctnn::read_mnist<small>(folder.path());
    REQUIRE(train.size() == 2);
    REQUIRE(test.size() == 1);
    CHECK(train.targets[0] == 9);
    CHECK(test.targets[0] == 7);
    CHECK(test.inputs[0](0, 1, 0) == 251.0f / 255.0f);

    const auto complaint_of = [&](std::size_t classes) {
        return message_of(
            [&] { static_cast<void>(ctnn::read_mnist<small>(folder.path(), classes)); });
    };
    CHECK(contains(complaint_of(9), "/train-labels-idx1-ubyte.gz: label 0 (from 0) must be less "
                                    "than 9"));
    std::filesystem::remove(folder / "t10k-images.idx3-ubyte");
    CHECK(complaint_of(10) ==
          (folder / "t10k-images-idx3-ubyte").string() + ": must be a file, found a folder");
    std::filesystem::remove(folder / "t10k-images-idx3-ubyte");
    CHECK(complaint_of(10) ==
          (folder / "t10k-images-idx3-ubyte").string() +
              ": the file must exist, found none; tried t10k-images-idx3-ubyte, "
              "t10k-images-idx3-ubyte.gz, t10k-images.idx3-ubyte, t10k-images.idx3-ubyte.gz in " +
              folder.path().string());
}

TEST_CASE("read_mnist: a folder that does not exist") {
    const temporary_folder folder;
    const std::string text =
        message_of([&] { static_cast<void>(ctnn::read_mnist<small>(folder / "nowhere")); });
    CHECK(contains(text, "/nowhere/train-images-idx3-ubyte: the file must exist, found none"));
}
