#include <ctnn/io/safetensors.hpp>

#include <ctnn/ctnn.hpp>

#include <doctest/doctest.h>

#include "temporary_folder.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <bit>
#include <cmath>
#include <csignal>
#include <cstring>
#include <vector>

namespace {

using net = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::conv2d<2, ctnn::kernel<3, 3>>, ctnn::relu,
                          ctnn::flatten, ctnn::dense<3>, ctnn::relu, ctnn::dense<2>>;
static_assert(net::parameter_count == 18 + 2 + 24 + 3 + 6 + 2);

net::parameters counting(float first = 0.0f) {
    net::parameters w{};
    for (float& value : w.values()) value = first++;
    return w;
}

bool same_bits(const net::parameters& a, const net::parameters& b) {
    return std::memcmp(a.elements, b.elements, sizeof a.elements) == 0;
}

/// A file of this header and data, as the format's description says and no more.
std::string file_of(const std::string& header, const std::string& data) {
    std::string bytes;
    const std::uint64_t length = header.size();
    for (unsigned i = 0; i < 8; ++i) bytes += static_cast<char>(length >> 8 * i & 0xFF);
    return bytes + header + data;
}

std::string float_bytes(const std::vector<float>& values) {
    std::string bytes;
    for (const float value : values)
        for (int shift = 0; shift < 32; shift += 8)
            bytes += static_cast<char>(std::bit_cast<std::uint32_t>(value) >> shift & 0xFF);
    return bytes;
}

// A network small enough to write its file by hand.
using tiny = ctnn::network<ctnn::features<2>, ctnn::dense<1>>;
const std::string kernel_first =
    R"("dense_1/kernel":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]})";
const std::string bias_last = R"("dense_1/bias":{"dtype":"F32","shape":[1],"data_offsets":[8,12]})";
const std::string tiny_data = float_bytes({1.0f, 2.0f, 3.0f});

/// What loading these bytes into `tiny` says; whatever it says, the parameters must be as before.
std::string complaint(const std::string& bytes) {
    const temporary_folder folder;
    const auto file = write_bytes(folder / "w.safetensors", bytes);
    tiny::parameters w{};
    w.values()[0] = -5.0f;
    w.values()[1] = -6.0f;
    w.values()[2] = -7.0f;
    const std::string text = message_of([&] { ctnn::load(w, file); });
    const std::string prefix = file.string() + ": ";
    REQUIRE(!text.empty());
    CHECK(text.substr(0, prefix.size()) == prefix);
    CHECK(w.values()[0] == -5.0f);
    CHECK(w.values()[1] == -6.0f);
    CHECK(w.values()[2] == -7.0f);
    return text;
}

std::string complaint(const std::string& header, const std::string& data) {
    return complaint(file_of(header, data));
}

}  // namespace

TEST_CASE("save, load: every bit comes back") {
    const temporary_folder folder;
    net::parameters w = counting();
    const std::uint32_t odd[] = {0x7FC12345, 0xFFC00001, 0x7F800001, 0x7F800000, 0xFF800000,
                                 0x80000000, 0x00000001, 0x807FFFFF, 0x7F7FFFFF};
    for (std::size_t i = 0; i < std::size(odd); ++i)
        std::memcpy(&w.elements[5 * i], &odd[i], sizeof odd[i]);
    ctnn::save(w, folder / "w.safetensors");
    CHECK(folder.files() == 1);
    net::parameters again = counting(1000.0f);
    ctnn::load(again, folder / "w.safetensors");
    CHECK(same_bits(again, w));
}

TEST_CASE("save: the file is what the format's description says") {
    const temporary_folder folder;
    tiny::parameters w{};
    for (std::size_t i = 0; i < 3; ++i) w.values()[i] = static_cast<float>(i + 1);
    ctnn::save(w, folder / "w.safetensors");
    const std::string bytes = read_bytes(folder / "w.safetensors");
    std::string header =
        R"({"__metadata__":{"library":"ctnn","fingerprint":"0x53d51ad5af7ece48"},)" + kernel_first +
        "," + bias_last + "}";
    header.resize((header.size() + 7) / 8 * 8, ' ');
    CHECK(bytes == file_of(header, tiny_data));
}

TEST_CASE("save: names count the layers of one kind, shapes are Keras'") {
    const temporary_folder folder;
    ctnn::save(counting(), folder / "w.safetensors");
    const auto file = ctnn::read_safetensors(folder / "w.safetensors");
    REQUIRE(file.entries.size() == 6);
    const auto shape = [&](const char* name) { return file.entries.at(name).shape; };
    CHECK(shape("conv2d_1/kernel") == std::vector<std::size_t>{3, 3, 1, 2});
    CHECK(shape("conv2d_1/bias") == std::vector<std::size_t>{2});
    CHECK(shape("dense_1/kernel") == std::vector<std::size_t>{8, 3});
    CHECK(shape("dense_2/bias") == std::vector<std::size_t>{2});
    CHECK(file.floats("dense_2/bias") == std::vector<float>{53.0f, 54.0f});
    CHECK(file.metadata.at("library") == "ctnn");
}

TEST_CASE("save, load: a network without parameters") {
    using none = ctnn::network<ctnn::shape<2, 2, 1>, ctnn::relu>;
    const temporary_folder folder;
    none::parameters w{};
    ctnn::save(w, folder / "w.safetensors");
    ctnn::load(w, folder / "w.safetensors");
    CHECK(ctnn::read_safetensors(folder / "w.safetensors").entries.empty());
    // 70 characters, padded to a multiple of 8.
    const std::string print = ctnn::detail::fingerprint_text(none::fingerprint);
    CHECK(read_bytes(folder / "w.safetensors") ==
          file_of(R"({"__metadata__":{"library":"ctnn","fingerprint":")" + print + R"("}}  )", ""));
}

TEST_CASE("load: the weights of another network of the same shapes") {
    using other = ctnn::network<ctnn::features<2>, ctnn::dense<1>, ctnn::relu>;
    const temporary_folder folder;
    const auto file = folder / "w.safetensors";
    ctnn::save(tiny::parameters{{1.0f, 2.0f, 3.0f}}, file);
    other::parameters w{{-1.0f, -2.0f, -3.0f}};
    const std::string text = message_of([&] { ctnn::load(w, file); });
    CHECK(contains(text, "w.safetensors: the fingerprint must be " +
                             ctnn::detail::fingerprint_text(other::fingerprint) +
                             ", the network's, found 0x53d51ad5af7ece48"));
    CHECK(w.values()[0] == -1.0f);
    // Files of other libraries have none.
    write_bytes(file, file_of("{" + kernel_first + "," + bias_last + "}", tiny_data));
    ctnn::load(w, file);
    CHECK(w.values()[2] == 3.0f);
}

TEST_CASE("save: a fingerprint has sixteen digits") {
    CHECK(ctnn::detail::fingerprint_text(0) == "0x0000000000000000");
    CHECK(ctnn::detail::fingerprint_text(0x00C0FFEE) == "0x0000000000c0ffee");
    CHECK(ctnn::detail::fingerprint_text(UINT64_MAX) == "0xffffffffffffffff");
}

TEST_CASE("save: replaces a file, and keeps its permissions") {
    const temporary_folder folder;
    const auto file = folder / "w.safetensors";
    ctnn::save(counting(1.0f), file);
    REQUIRE(::chmod(file.c_str(), 0640) == 0);
    ctnn::save(counting(2.0f), file);
    net::parameters w{};
    ctnn::load(w, file);
    CHECK(same_bits(w, counting(2.0f)));
    struct ::stat facts {};
    REQUIRE(::stat(file.c_str(), &facts) == 0);
    CHECK((facts.st_mode & 07777) == 0640);
    CHECK(folder.files() == 1);
}

TEST_CASE("save: a write that fails leaves the old file and nothing else") {
    const temporary_folder folder;
    const auto file = folder / "w.safetensors";
    ctnn::save(counting(1.0f), file);
    const std::string old = read_bytes(file);

    // A limit on the size of files stands for a full disk: at any byte of the file.
    ::rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    for (std::size_t limit = 0; limit < old.size(); limit += 7) {
        const ::rlimit full{limit, before.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &full) == 0);
        const std::string text = message_of([&] { ctnn::save(counting(2.0f), file); });
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
        CHECK(text == file.string() + ": every byte must be written, found: File too large");
        CHECK(read_bytes(file) == old);
        CHECK(folder.files() == 1);
    }
    std::signal(SIGXFSZ, handler);
    ctnn::save(counting(2.0f), file);
    CHECK(read_bytes(file) != old);
}

TEST_CASE("save: a folder that takes no files") {
    const temporary_folder folder;
    const auto locked = folder / "locked";
    std::filesystem::create_directory(locked);
    const auto file = locked / "w.safetensors";
    ctnn::save(counting(1.0f), file);
    const std::string old = read_bytes(file);
    // root may write everywhere, so be somebody else for the moment.
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
    std::filesystem::permissions(locked, std::filesystem::perms(0555));
    const bool root = ::geteuid() == 0;
    if (root) REQUIRE(::seteuid(65534) == 0);
    const std::string text = message_of([&] { ctnn::save(counting(2.0f), file); });
    if (root) REQUIRE(::seteuid(0) == 0);
    CHECK(text == file.string() + ": its folder must take a temporary file, found: Permission "
                                  "denied");
    CHECK(read_bytes(file) == old);
    std::filesystem::permissions(locked, std::filesystem::perms(0755));

    CHECK(contains(message_of([&] { ctnn::save(counting(), folder / "nowhere/w.safetensors"); }),
                   "/nowhere/w.safetensors: its folder must take a temporary file, found: No such "
                   "file"));
}

TEST_CASE("save: a target that cannot be replaced") {
    const temporary_folder folder;
    const auto target = folder / "w.safetensors";
    std::filesystem::create_directory(target);
    write_bytes(target / "inside", "old");
    CHECK(message_of([&] { ctnn::save(counting(), target); }) ==
          target.string() + ": it must be replaceable by a new file, found: Is a directory");
    CHECK(read_bytes(target / "inside") == "old");
    CHECK(folder.files() == 1);
}

TEST_CASE("load: a file of others, entries in another order, with metadata") {
    const temporary_folder folder;
    // The bias first in the data, the kernel first in the header; a header of odd length.
    const std::string header =
        "{ \"dense_1/kernel\" : {\"data_offsets\":[4,12],\"shape\":[2,1],\"dtype\":\"F32\"},\n"
        R"("__metadata__":{"format":"np","author":"Z\u00fcrich"},)"
        R"("dense_1/bias":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
    const auto file =
        write_bytes(folder / "w.safetensors", file_of(header, float_bytes({3.0f, 1.0f, 2.0f})));
    tiny::parameters w{};
    ctnn::load(w, file);
    CHECK(w.values()[0] == 1.0f);
    CHECK(w.values()[1] == 2.0f);
    CHECK(w.values()[2] == 3.0f);
    CHECK(ctnn::read_safetensors(file).metadata.at("author") == "Z\u00fcrich");
}

TEST_CASE("load: another network's file") {
    CHECK(contains(complaint("{" + kernel_first + "}", tiny_data.substr(0, 8)),
                   "entry 'dense_1/bias' must exist, the network has it, found 1 other entries"));
    CHECK(contains(complaint("{" + kernel_first + "," + bias_last +
                                 R"(,"dense_2/bias":{"dtype":"F32","shape":[1,7],)"
                                 R"("data_offsets":[12,40]}})",
                             tiny_data + std::string(28, '\0')),
                   "entry 'dense_2/bias' must be one of the network's, found a name that it does "
                   "not have (shape 1 x 7)"));
    CHECK(contains(complaint("{" + kernel_first +
                                 R"(,"dense_1/bias":{"dtype":"I32","shape":[1],)"
                                 R"("data_offsets":[8,12]}})",
                             tiny_data),
                   "entry 'dense_1/bias': the dtype must be F32, found I32"));
    CHECK(contains(complaint("{" + bias_last +
                                 R"(,"dense_1/kernel":{"dtype":"F32","shape":[1,2],)"
                                 R"("data_offsets":[0,8]}})",
                             tiny_data),
                   "entry 'dense_1/kernel': the shape must be 2 x 1, the network's, found 1 x 2"));
    CHECK(contains(complaint("{" + kernel_first +
                                 R"(,"dense_1/bias":{"dtype":"F32","shape":[],)"
                                 R"("data_offsets":[8,12]}})",
                             tiny_data),
                   "'dense_1/bias': the shape must be 1, the network's, found a single number"));
}

TEST_CASE("load: missing files and folders") {
    const temporary_folder folder;
    tiny::parameters w{};
    const auto load = [&](const auto& path) { return message_of([&] { ctnn::load(w, path); }); };
    CHECK(load(folder / "none") ==
          (folder / "none").string() + ": the file must exist, found none");
    CHECK(load(folder.path()) == folder.path().string() + ": must be a file, found a folder");
    CHECK(contains(load("/dev/null"), "/dev/null: the file must be readable, found"));
}

TEST_CASE("load: a wrong length of the header or the data") {
    const std::string header = "{" + kernel_first + "," + bias_last + "}";
    const std::string good = file_of(header, tiny_data);
    CHECK(contains(complaint(""), "must begin with the header's length in 8 bytes, found a file "
                                  "of 0 bytes"));
    CHECK(contains(complaint(good.substr(0, 7)), "found a file of 7 bytes"));
    CHECK(contains(complaint(good.substr(0, 20)), "the header's length must be at most 12 bytes, "
                                                  "the rest of the file, found " +
                                                      std::to_string(header.size())));
    CHECK(contains(complaint(std::string(8, '\xFF') + header),
                   "the header's length must be at most 100000000 bytes, found "
                   "18446744073709551615"));
    CHECK(contains(complaint(good.substr(0, good.size() - 1)),
                   "entry 'dense_1/bias': data_offsets must end within the 11 bytes of data in the "
                   "file, found 12"));
    CHECK(contains(complaint(good + "x"),
                   "the data must end with the last entry at byte 12, found 13 bytes"));
}

TEST_CASE("load: a header that is not the format's JSON") {
    const std::string entries = kernel_first + "," + bias_last;
    CHECK(contains(complaint("", ""), "that begins with '{', found nothing"));
    CHECK(
        contains(complaint("[1,2]", ""), "must be a JSON object that begins with '{', found '['"));
    CHECK(contains(complaint(" {" + entries + "}", tiny_data), "found ' '"));
    CHECK(contains(complaint("{" + entries, tiny_data), "the header must be JSON, found: "));
    CHECK(contains(complaint("{" + entries + "}}", tiny_data), "the header must be JSON, found: "));
    CHECK(contains(complaint("{\"\xFF\":{}," + entries + "}", tiny_data), "invalid string"));
    CHECK(contains(complaint("{" + entries + "}" + std::string(3, '\0'), tiny_data),
                   "the header must be JSON, found a byte 0 at position"));
    CHECK(contains(complaint("{" + kernel_first + "," + entries + "}", tiny_data),
                   "the header's keys must be unique, found 'dense_1/kernel' twice"));
    CHECK(contains(complaint(R"({"a":{"dtype":"F32","dtype":"F32"}})", ""),
                   "must be unique, found 'dtype' twice"));
    CHECK(contains(complaint(R"({"__metadata__":{"a":"1","a":"2"},)" + entries + "}", tiny_data),
                   "must be unique, found 'a' twice"));
    CHECK(contains(complaint(R"({"__metadata__":{"a":1},)" + entries + "}", tiny_data),
                   "__metadata__ 'a' must be a string, found: number"));
    CHECK(contains(complaint(R"({"__metadata__":"a",)" + entries + "}", tiny_data),
                   "__metadata__ must be an object, found: string"));
    CHECK(contains(complaint("{\"a\":" + std::string(1'000'000, '['), ""),
                   "must be nested at most 3 deep"));
    CHECK(contains(complaint("{\"a\":1e999}", ""), "the header must be JSON, found: "));
}

TEST_CASE("load: an entry that breaks the format's rules") {
    const auto with_bias = [](const std::string& bias, const std::string& data = tiny_data) {
        return complaint("{" + kernel_first + ",\"dense_1/bias\":" + bias + "}", data);
    };
    CHECK(contains(with_bias("1"), "entry 'dense_1/bias' must be an object, found: number"));
    CHECK(contains(with_bias(R"({"shape":[1],"data_offsets":[8,12]})"),
                   "entry 'dense_1/bias' must have a dtype, found none"));
    CHECK(contains(with_bias(R"({"dtype":"F32","data_offsets":[8,12]})"), "must have a shape"));
    CHECK(contains(with_bias(R"({"dtype":"F32","shape":[1]})"), "must have a data_offsets"));
    CHECK(contains(with_bias(R"({"dtype":"F32","shape":[1],"data_offsets":[8,12],"x":1})"),
                   "must have dtype, shape and data_offsets only, found 'x'"));
    CHECK(contains(with_bias(R"({"dtype":"F33","shape":[1],"data_offsets":[8,12]})"),
                   "entry 'dense_1/bias': the dtype must be one of the format's, found \"F33\""));
    CHECK(contains(with_bias(R"({"dtype":32,"shape":[1],"data_offsets":[8,12]})"), "found 32"));
    CHECK(contains(with_bias(R"({"dtype":"F32","shape":[-1],"data_offsets":[8,12]})"),
                   "the shape must be a list of whole numbers from 0, found [-1]"));
    CHECK(contains(with_bias(R"({"dtype":"F32","shape":[1.0],"data_offsets":[8,12]})"),
                   "found [1.0]"));
    CHECK(contains(with_bias(R"({"dtype":"F32","shape":1,"data_offsets":[8,12]})"), "found 1"));
    CHECK(contains(with_bias(R"({"dtype":"F32","shape":[[1]],"data_offsets":[8,12]})"),
                   "nested at most 3 deep"));
    // 2^62 floats are 2^64 bytes, which is 0 again.
    CHECK(contains(with_bias(R"({"dtype":"F32","shape":[4611686018427387904],)"
                             R"("data_offsets":[8,8]})"),
                   "the shape must fit in memory, found"));
    // 2^32 + 1 is 1 again where sizes have 32 bits.
    CHECK(contains(with_bias(R"({"dtype":"F32","shape":[4294967297],"data_offsets":[8,12]})"),
                   sizeof(std::size_t) == 4 ? "the shape must fit in memory, found [4294967297]"
                                            : "must span 17179869188 bytes"));
    CHECK(contains(with_bias(R"({"dtype":"F32","shape":[1],"data_offsets":[12,8]})"),
                   "data_offsets must be a begin and an end, found [12,8]"));
    CHECK(contains(with_bias(R"({"dtype":"F32","shape":[1],"data_offsets":[8,10,12]})"),
                   "data_offsets must be a begin and an end, found [8,10,12]"));
    CHECK(contains(with_bias(R"({"dtype":"F32","shape":[1],"data_offsets":[8,11]})"),
                   "data_offsets must span 4 bytes (F32, 1), found 3"));
    CHECK(contains(with_bias(R"({"dtype":"F32","shape":[1],"data_offsets":)"
                             "[18446744073709551611,18446744073709551615]}"),
                   sizeof(std::size_t) == 4
                       ? "data_offsets must fit in memory, found [18446744073709551611,"
                       : "must end within the 12 bytes of data in the file, found "
                         "18446744073709551615"));
    CHECK(
        contains(with_bias(R"({"dtype":"F32","shape":[1],"data_offsets":[9,13]})", tiny_data + "x"),
                 "entry 'dense_1/bias': data_offsets must begin at 8, where the entry before "
                 "ends, found 9 (a gap)"));
    CHECK(contains(with_bias(R"({"dtype":"F32","shape":[1],"data_offsets":[7,11]})"),
                   "data_offsets must begin at 8, where the entry before ends, found 7 (an "
                   "overlap)"));
    CHECK(contains(
        with_bias(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})", tiny_data.substr(0, 8)),
        "(an overlap)"));
}

TEST_CASE("load: any damage is a file_error, or harmless") {
    const temporary_folder folder;
    const auto file = folder / "w.safetensors";
    ctnn::save(counting(1.0f), file);
    const std::string good = read_bytes(file);
    const std::size_t header_end = good.size() - net::parameter_count * sizeof(float);
    const auto damaged = folder / "damaged.safetensors";
    net::parameters w = counting(1000.0f);
    std::size_t refused = 0, accepted = 0;
    const auto attempt = [&](const std::string& bytes) {
        write_bytes(damaged, bytes);
        const net::parameters before = w;
        if (message_of([&] { ctnn::load(w, damaged); }).empty()) {
            ++accepted;
            CHECK(same_bits(w, counting(1.0f)));
            w = before;
        } else {
            ++refused;
            CHECK(same_bits(w, before));
        }
    };
    for (std::size_t length = 0; length < good.size(); ++length) attempt(good.substr(0, length));
    CHECK(refused == good.size());  // every truncation is noticed
    for (std::size_t i = 0; i < header_end; ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string bad = good;
            bad[i] = static_cast<char>(bad[i] ^ 1 << bit);
            attempt(bad);
        }
    }
    CHECK(accepted >= 4 * 7);  // in the metadata's "library" and "ctnn"
    CHECK(refused > 10 * accepted);
}

TEST_CASE("read_safetensors: a file that NumPy wrote") {
    const auto file = ctnn::read_safetensors(CTNN_TEST_DATA "/lenet5_adam.safetensors");
    CHECK(file.entries.size() == 35);
    CHECK(file.metadata.at("source") == "PyTorch, float64; Keras layouts");
    CHECK(file.entries.at("x").dtype == "F32");
    CHECK(file.entries.at("x").shape == std::vector<std::size_t>{8, 28, 28, 1});
    CHECK(file.entries.at("x").bytes.size() == 25088);
    CHECK(file.floats("x").size() == 8 * 28 * 28);
    const auto labels = file.int32s("labels");
    REQUIRE(labels.size() == 8);
    // Facts about the numbers: probabilities add up to 1, and give the first loss.
    const auto probabilities = file.floats("probabilities");
    REQUIRE(probabilities.size() == 80);
    double loss = 0.0;
    for (std::size_t n = 0; n < 8; ++n) {
        double sum = 0.0;
        for (std::size_t k = 0; k < 10; ++k) sum += probabilities[10 * n + k];
        CHECK(sum == doctest::Approx(1.0).epsilon(1e-6));
        REQUIRE(labels[n] >= 0);
        REQUIRE(labels[n] < 10);
        loss -= std::log(probabilities[10 * n + static_cast<std::size_t>(labels[n])]) / 8.0;
    }
    CHECK(loss == doctest::Approx(file.floats("losses").at(0)).epsilon(1e-6));
}

TEST_CASE("read_safetensors: asking for what is not there") {
    const auto file = ctnn::read_safetensors(CTNN_TEST_DATA "/lenet5_adam.safetensors");
    CHECK(contains(message_of([&] { static_cast<void>(file.floats("y")); }),
                   "lenet5_adam.safetensors: entry 'y' must exist, found none"));
    CHECK(contains(message_of([&] { static_cast<void>(file.floats("labels")); }),
                   "entry 'labels': the dtype must be F32, found I32"));
    CHECK(contains(message_of([&] { static_cast<void>(file.int32s("x")); }),
                   "entry 'x': the dtype must be I32, found F32"));
}

TEST_CASE("read_safetensors: single numbers and empty arrays") {
    const temporary_folder folder;
    const auto file = ctnn::read_safetensors(
        write_bytes(folder / "w", file_of(R"({"z":{"dtype":"F32","shape":[],"data_offsets":[0,4]},)"
                                          R"("e":{"dtype":"F64","shape":[3,0],)"
                                          R"("data_offsets":[0,0]},)"
                                          R"("b":{"dtype":"F32","shape":[0],)"
                                          R"("data_offsets":[4,4]}})",
                                          float_bytes({2.5f}))));
    CHECK(file.floats("z") == std::vector<float>{2.5f});
    CHECK(file.floats("b").empty());
    CHECK(file.entries.at("e").bytes.empty());
}
