#include <ctnn/io/safetensors.hpp>

#include <ctnn/ctnn.hpp>
#include <ctnn/io/require_writable.hpp>

#include <doctest/doctest.h>

#include "support/system_calls.hpp"
#include "support/temporary_folder.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <csignal>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>
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
    const std::uint32_t odd[] = {0x80000000, 0x00000001, 0x807FFFFF, 0x7F7FFFFF,
                                 0xFF7FFFFF, 0x00800000, 0x3DCCCCCD, 0xC0490FDB};
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
    REQUIRE(::chmod(file.c_str(), 0666) == 0);
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
                   "/nowhere/w.safetensors: its folder must exist, found: No such file"));
}

TEST_CASE("save: a file that may not be written is not replaced") {
    const temporary_folder folder;
    const auto file = write_bytes(folder / "w.safetensors", "precious");
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0777));
    REQUIRE(::chmod(file.c_str(), 0444) == 0);
    const bool root = ::geteuid() == 0;
    if (root) REQUIRE(::seteuid(65534) == 0);
    const std::string text = message_of([&] { ctnn::save(counting(), file); });
    if (root) REQUIRE(::seteuid(0) == 0);
    CHECK(text == file.string() + ": the file must be writable, found: Permission denied");
    CHECK(read_bytes(file) == "precious");
}

TEST_CASE("save: the owner stays the owner") {
    if (::geteuid() != 0) return;  // nobody else can give files away
    const temporary_folder folder;
    const auto file = write_bytes(folder / "w.safetensors", "old");
    REQUIRE(::chown(file.c_str(), 65534, 65533) == 0);
    REQUIRE(::chmod(file.c_str(), 0600) == 0);
    ctnn::save(counting(), file);
    struct ::stat facts {};
    REQUIRE(::stat(file.c_str(), &facts) == 0);
    CHECK(facts.st_uid == 65534);
    CHECK(facts.st_gid == 65533);
    CHECK((facts.st_mode & 07777) == 0600);
}

TEST_CASE("save: a target that is no file is refused, and stays what it is") {
    const temporary_folder folder;
    const auto target = folder / "w.safetensors";
    const auto refused = [&](const std::filesystem::path& path, const std::string& what) {
        const std::string expected = path.string() + ": must be a file, found " + what;
        CHECK(message_of([&] { ctnn::save(counting(), path); }) == expected);
        CHECK(message_of([&] { ctnn::require_writable(path); }) == expected);
        tiny::parameters w{};
        CHECK(message_of([&] { ctnn::load(w, path); }) == expected);
    };
    std::filesystem::create_directory(target);
    write_bytes(target / "inside", "old");
    refused(target, "a folder");
    CHECK(read_bytes(target / "inside") == "old");

    const auto fifo = folder / "fifo", device = folder / "device", socket = folder / "socket";
    REQUIRE(::mkfifo(fifo.c_str(), 0666) == 0);
    refused(fifo, "a FIFO");
    CHECK(std::filesystem::is_fifo(fifo));
    std::filesystem::create_symlink("fifo", folder / "link");
    refused(folder / "link", "a FIFO");
    CHECK(std::filesystem::is_symlink(folder / "link"));
    REQUIRE(::mknod(socket.c_str(), S_IFSOCK | 0666, 0) == 0);
    refused(socket, "a socket");
    // As /dev/null, which a failing test would destroy; only root may make one.
    if (::mknod(device.c_str(), S_IFCHR | 0666, ::makedev(1, 3)) == 0) {
        refused(device, "a character device");
        CHECK(std::filesystem::is_character_file(device));
    }
}

TEST_CASE("save: links are followed, to a file or to where one will be") {
    const temporary_folder folder;
    std::filesystem::create_directory(folder / "below");
    const auto link = [&](const char* to, const char* name) {
        std::filesystem::create_symlink(to, folder / name);
        return folder / name;
    };
    const auto file = folder / "below/w";
    write_bytes(file, "old");
    for (const auto& path :
         {link("below/w", "latest"), link("latest", "again"), link("again", "below/../third"),
          link((folder / "again").c_str(), "absolute"), link("../again", "below/up")}) {
        write_bytes(file, "old");
        ctnn::require_writable(path);
        CHECK(read_bytes(file) == "old");
        ctnn::save(counting(3.0f), path);
        CHECK(std::filesystem::is_symlink(path));
        net::parameters w{};
        ctnn::load(w, file);
        CHECK(same_bits(w, counting(3.0f)));
        ctnn::load(w, path);
    }
    std::filesystem::remove(file);
    ctnn::save(counting(4.0f), folder / "third");
    CHECK(std::filesystem::is_regular_file(std::filesystem::symlink_status(file)));
    CHECK(std::filesystem::is_symlink(folder / "latest"));

    const auto save = [](const auto& path) {
        return message_of([&] { ctnn::save(counting(), path); });
    };
    link("loop", "round");
    CHECK(contains(save(link("round", "loop")), "/loop: the path must lead to a file or to none, "
                                                "found: Too many levels of symbolic links"));
    CHECK(contains(save(link("nowhere/w", "dangling")),
                   "/dangling: its folder must exist, found: No such file"));
}

TEST_CASE("save: paths that name no file") {
    const temporary_folder folder;
    const auto refused = [](const std::filesystem::path& path, const std::string& text) {
        CHECK(contains(message_of([&] { ctnn::save(counting(), path); }), text));
        CHECK(contains(message_of([&] { ctnn::require_writable(path); }), text));
    };
    refused("", "'': the path must name a file, found none");
    refused(folder / "new/", "/new/: the path must name a file, found one that ends with '/'");
    refused(folder / "..", "must be a file, found a folder");
    refused(write_bytes(folder / "w", "") / "x", "/w/x: the path must lead to a file or to none, "
                                                 "found: Not a directory");
    refused(folder / std::string(300, 'n'), "found: File name too long");
    refused(folder / "new\nline/w\x1B[2J", "/new\\x0aline/w\\x1b[2J: its folder must exist");
    CHECK(folder.files() == 1);
    // Names of 255 bytes are allowed, whatever the temporary file is called.
    const auto longest = folder / std::string(255, 'n');
    ctnn::save(counting(), longest);
    CHECK(std::filesystem::exists(longest));
}

TEST_CASE("require_writable: leaves everything as it was") {
    const temporary_folder folder;
    ctnn::require_writable(folder / "new");
    CHECK(folder.files() == 0);
    write_bytes(folder / "old", "old");
    ctnn::require_writable(folder / "old");
    CHECK(read_bytes(folder / "old") == "old");
    CHECK(folder.files() == 1);
}

TEST_CASE("save: the file is on the disk before its name, the name before save is done") {
    const temporary_folder folder;
    const auto file = folder / "w";
    for (int i = 0; i < 2; ++i) {  // a new file, an old one
        watched_calls calls;
        ctnn::save(counting(), file);
        CHECK(calls.order() == "LWFND");
    }
}

TEST_CASE("save: writes that are cut short or interrupted go on") {
    const temporary_folder folder;
    const auto file = folder / "w";
    ctnn::save(counting(), file);
    const std::string expected = read_bytes(file);
    std::filesystem::remove(file);
    {
        watched_calls calls;
        calls.most = 7;
        calls.failing = 'W';
        calls.error = EINTR;
        calls.after = 3;
        calls.times = 5;
        ctnn::save(counting(), file);
        CHECK(calls.times == 0);
        CHECK(calls.log.size() > expected.size() / 7);
    }
    CHECK(read_bytes(file) == expected);
    for (const char call : {'F', 'D'}) {
        watched_calls calls;
        calls.failing = call;
        calls.error = EINTR;
        calls.times = 2;
        ctnn::save(counting(), file);
        CHECK(calls.times == 0);
    }
}

TEST_CASE("save: whatever fails, the old file stays and no other") {
    const temporary_folder folder;
    const auto file = folder / "w";
    ctnn::save(counting(1.0f), file);
    const std::string old = read_bytes(file);
    const auto failing = [&](char call, int error, int after = 0) {
        watched_calls calls;
        calls.failing = call;
        calls.error = error;
        calls.after = after;
        return message_of([&] { ctnn::save(counting(2.0f), file); });
    };
    const std::string prefix = file.string() + ": ";
    for (int after = 0; after < 3; ++after) {
        CHECK(failing('W', ENOSPC, after) ==
              prefix + "every byte must be written, found: No space left on device");
        CHECK(read_bytes(file) == old);
    }
    CHECK(failing('F', EIO) ==
          prefix + "every byte must reach the disk, found: Input/output error");
    CHECK(failing('N', EBUSY) ==
          prefix + "it must be replaceable by a new file, found: Device or resource busy");
    {
        watched_calls calls;
        calls.most = 0;  // nothing is written, and nothing wrong with that
        CHECK(contains(message_of([&] { ctnn::save(counting(2.0f), file); }), "No space left"));
    }
    CHECK(read_bytes(file) == old);
    CHECK(folder.files() == 1);

    // The folder comes after the rename: too late to go back.
    CHECK(failing('D', EIO) == prefix + "its folder must reach the disk (the new file is in place, "
                                        "but may be lost), found: Input/output error");
    CHECK(read_bytes(file) != old);
    CHECK(failing('D', EINVAL) == "");  // a file system that cannot
    CHECK(folder.files() == 1);
}

TEST_CASE("save: a file system without locks") {
    const temporary_folder folder;
    const auto orphan = write_bytes(folder / ".ctnn-unfinished-1-1", "");
    watched_calls calls;
    calls.failing = 'L';
    calls.error = ENOLCK;
    calls.times = 100;
    ctnn::save(counting(), folder / "w");
    CHECK(std::filesystem::exists(orphan));  // nobody knows whose it is
    CHECK(folder.files() == 2);
}

TEST_CASE("save: what killed processes left goes, what living ones write stays") {
    const temporary_folder folder;
    const auto begin = [&](const char* name) {
        auto file = std::make_unique<ctnn::detail::atomic_file>(folder / name);
        file->write("half", 4);
        return file;
    };
    const auto in_process = [](auto action) {
        const ::pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            action();
            std::raise(SIGKILL);
        }
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        CHECK(WIFSIGNALED(status));
    };
    in_process([&] { static_cast<void>(begin("a").release()); });
    CHECK(folder.files() == 1);
    in_process([&] { static_cast<void>(begin("b").release()); });
    CHECK(folder.files() == 1);  // the second removed what the first had left
    ctnn::save(counting(), folder / "w");
    CHECK(folder.files() == 1);

    auto living = begin("a");
    CHECK(folder.files() == 2);
    ctnn::save(counting(), folder / "w");
    in_process([&] { ctnn::save(counting(), folder / "v"); });
    CHECK(folder.files() == 3);
    living->write(" done", 5);
    living->commit();
    CHECK(read_bytes(folder / "a") == "half done");
    CHECK(folder.files() == 3);
}

TEST_CASE("save: foreign files are left alone") {
    const temporary_folder folder;
    for (const char* name : {".ctnn-unfinished", ".ctnn-unfinished-1", ".ctnn-unfinished-1-",
                             ".ctnn-unfinished-1-2x", ".ctnn-unfinished--2", ".ctnn-unfinished-a-1",
                             "x.ctnn-unfinished-1-2", "these-unfinished-1-2", "aim"})
        write_bytes(folder / name, "theirs");
    std::filesystem::create_symlink("aim", folder / ".ctnn-unfinished-1-3");
    std::filesystem::create_directory(folder / ".ctnn-unfinished-1-4");
    REQUIRE(::mkfifo((folder / ".ctnn-unfinished-1-5").c_str(), 0666) == 0);
    std::size_t expected = 12;
    if (::geteuid() == 0) {
        const auto others = write_bytes(folder / ".ctnn-unfinished-1-6", "theirs");
        REQUIRE(::chown(others.c_str(), 65534, 65534) == 0);
        ++expected;
    }
    write_bytes(folder / ".ctnn-unfinished-1-7", "ours, of a process that is gone");
    ctnn::save(counting(), folder / "w");
    CHECK(folder.files() == expected + 1);
    CHECK(!std::filesystem::exists(folder / ".ctnn-unfinished-1-7"));
}

TEST_CASE("save: another process takes the new file for an orphan before it is locked") {
    const temporary_folder folder;
    int thefts = 2;
    watched_calls calls;
    calls.before = [&](char call) {
        if (call != 'L' || thefts == 0) return;
        for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
            if (entry.path().filename().string().starts_with(".ctnn-") && thefts > 0) {
                --thefts;
                std::filesystem::remove(entry.path());
            }
    };
    ctnn::save(counting(5.0f), folder / "w");
    CHECK(thefts == 0);
    net::parameters w{};
    ctnn::load(w, folder / "w");
    CHECK(same_bits(w, counting(5.0f)));
    CHECK(folder.files() == 1);
}

TEST_CASE("save: an orphan's name may be another file's by the time it is locked") {
    const temporary_folder folder;
    const auto name = write_bytes(folder / ".ctnn-unfinished-1-1", "orphan");
    watched_calls calls;
    calls.before = [&](char call) {
        if (call != 'L' || read_bytes(name) != "orphan") return;
        std::filesystem::remove(name);
        write_bytes(name, "a living process's");
    };
    ctnn::save(counting(), folder / "w");
    CHECK(read_bytes(name) == "a living process's");
}

TEST_CASE("save: another save at any moment does no harm, once the file is locked") {
    const temporary_folder folder;
    watched_calls calls;
    calls.before = [&](char call) {
        if (call != 'L') ctnn::save(counting(1.0f), folder / "other");
    };
    ctnn::save(counting(2.0f), folder / "w");
    CHECK(calls.order() == "LWFND");
    net::parameters w{};
    ctnn::load(w, folder / "w");
    CHECK(same_bits(w, counting(2.0f)));
    CHECK(folder.files() == 2);
}

TEST_CASE("save: processes and threads save into one folder at once") {
    const temporary_folder folder;
    const auto work = [&](const std::string& own) {
        for (int i = 0; i < 50; ++i) {
            ctnn::save(counting(static_cast<float>(i)), folder / own);
            ctnn::save(counting(static_cast<float>(i)), folder / "shared");
            net::parameters w{};
            ctnn::load(w, folder / "shared");  // one of them, whole
            if (!same_bits(w, counting(w.values()[0]))) return false;
            ctnn::load(w, folder / own);
            if (!same_bits(w, counting(static_cast<float>(i)))) return false;
        }
        return true;
    };
    std::vector<::pid_t> children;
    for (int i = 0; i < 3; ++i) {
        const ::pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            bool good[2]{};
            const auto guarded = [&](int n) {
                try {
                    good[n] = work(std::to_string(i) + std::to_string(n));
                } catch (const std::exception&) {
                }
            };
            std::thread other(guarded, 0);
            guarded(1);
            other.join();
            ::_exit(good[0] && good[1] ? 0 : 1);
        }
        children.push_back(child);
    }
    for (const ::pid_t child : children) {
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) == 0);
    }
    CHECK(folder.files() == 7);
}

TEST_CASE("save, load: only finite numbers") {
    const temporary_folder folder;
    const auto file = write_bytes(folder / "w", "old");
    const std::pair<std::uint32_t, const char*> odd[]{{0x7F800000, "inf"},
                                                      {0xFF800000, "-inf"},
                                                      {0x7FC00000, "nan"},
                                                      {0xFFC00001, "nan"},
                                                      {0x7F800001, "nan"}};
    for (const auto& [bits, name] : odd) {
        const float value = std::bit_cast<float>(bits);
        net::parameters w = counting();
        w.values()[18 + 1] = w.values()[18 + 2 + 24] = value;
        CHECK(message_of([&] { ctnn::save(w, file); }) ==
              file.string() + ": every parameter must be finite, found " + name +
                  " in 'conv2d_1/bias' at 1");
        CHECK(read_bytes(file) == "old");
        CHECK(contains(complaint("{" + kernel_first + "," + bias_last + "}",
                                 float_bytes({1.0f, value, value})),
                       std::string(": every parameter must be finite, found ") + name +
                           " in 'dense_1/kernel' at 1"));
    }
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
    CHECK(load("/dev/zero") == "/dev/zero: must be a file, found a character device");
    CHECK(contains(load("/proc/self/status"), "/proc/self/status: is no safetensors file: "));
    CHECK(contains(load(write_bytes(folder / "w", "") / "x"), "the file must be readable, found"));
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
    CHECK(contains(complaint(good.substr(0, 8 + header.size() - 1)),
                   "the header's length must be at most " + std::to_string(header.size() - 1)));
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
    CHECK(contains(complaint("[1,2]", ""),
                   "must have a JSON object that begins with '{', found '['"));
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
    // A parser that calls itself for each of a million brackets would overflow the stack.
    std::string objects;
    for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
    const std::string arrays(1'000'000, '[');
    CHECK(contains(complaint("{\"a\":" + arrays, ""), "entry 'a' must be an object, found: array"));
    CHECK(
        contains(complaint(objects, ""), "entry 'a' must have dtype, shape and data_offsets only"));
    for (const std::string& deep : {arrays, objects}) {
        CHECK(contains(complaint(R"({"__metadata__":{"a":)" + deep, ""),
                       "__metadata__ 'a' must be a string, found: "));
        CHECK(contains(complaint(R"({"a":{"dtype":)" + deep, ""),
                       "entry 'a': the dtype must be one of the format's, found "));
        CHECK(contains(complaint(R"({"a":{"shape":[)" + deep, ""),
                       "entry 'a': the shape must be a list of whole numbers from 0, found "));
    }
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
                   "entry 'dense_1/bias': the dtype must be one of the format's, found 'F33'"));
    CHECK(contains(with_bias(R"({"dtype":32,"shape":[1],"data_offsets":[8,12]})"), "found 32"));
    CHECK(contains(with_bias(R"({"dtype":"F32","shape":[-1],"data_offsets":[8,12]})"),
                   "the shape must be a list of whole numbers from 0, found -1 in it"));
    CHECK(contains(with_bias(R"({"dtype":"F32","shape":[1.0],"data_offsets":[8,12]})"),
                   "found 1.0 in it"));
    CHECK(contains(with_bias(R"({"dtype":"F32","shape":1,"data_offsets":[8,12]})"), "found 1"));
    CHECK(contains(with_bias(R"({"dtype":"F32","shape":[[1]],"data_offsets":[8,12]})"),
                   "the shape must be a list of whole numbers from 0, found a list in it"));
    // 2^62 floats are 2^64 bytes, which is 0 again.
    CHECK(contains(with_bias(R"({"dtype":"F32","shape":[4611686018427387904],)"
                             R"("data_offsets":[8,8]})"),
                   "the shape must fit in memory, found"));
    // 2^32 + 1 is 1 again where sizes have 32 bits.
    CHECK(contains(with_bias(R"({"dtype":"F32","shape":[4294967297],"data_offsets":[8,12]})"),
                   sizeof(std::size_t) == 4 ? "the shape must fit in memory, found 4294967297"
                                            : "must span 17179869188 bytes"));
    CHECK(contains(with_bias(R"({"dtype":"F32","shape":[1],"data_offsets":[12,8]})"),
                   "data_offsets must be a begin and an end, found 12 and 8"));
    CHECK(contains(with_bias(R"({"dtype":"F32","shape":[1],"data_offsets":[8,10,12]})"),
                   "data_offsets must be a begin and an end, found 3 numbers"));
    CHECK(contains(with_bias(R"({"dtype":"F32","shape":[1],"data_offsets":[8,11]})"),
                   "data_offsets must span 4 bytes (F32, 1), found 3"));
    CHECK(
        contains(with_bias(R"({"dtype":"F32","shape":[1],"data_offsets":[8,13]})", tiny_data + "x"),
                 "data_offsets must span 4 bytes (F32, 1), found 5"));
    CHECK(contains(with_bias(R"({"dtype":"F32","shape":[1],"data_offsets":)"
                             "[18446744073709551611,18446744073709551615]}"),
                   sizeof(std::size_t) == 4
                       ? "data_offsets must fit in memory, found 18446744073709551611"
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

TEST_CASE("load: files of other formats are called by their names") {
    const auto is_none = [](const std::string& bytes, const std::string& found) {
        const std::string text = complaint(bytes);
        CHECK(contains(text, ": is no safetensors file: "));
        CHECK(contains(text, ", found " + found));
    };
    const std::string more(1000, '\7');
    is_none("\x89PNG\r\n\x1A\n" + std::string("\0\0\0\rIHDR", 8) + more, "a PNG picture");
    is_none("PK\3\4" + std::string("\x14\0\0\0\0\0", 6) + more, "a ZIP archive, as .npz,");
    is_none("\x89HDF\r\n\x1A\n" + more, "an HDF5 file, as .h5 files are");
    is_none(std::string("\x1F\x8B\x08\0\0\0\0\0\2\3", 10) + more, "a gzip stream; unpack it");
    is_none("\x93NUMPY\1" + more, "a .npy file");
    is_none("version https://git-lfs.github.com/spec/v1\noid", "a pointer of Git LFS; fetch");
    is_none("To be, or not to be,\nthat is the question", "'To be, or not to be,\\x0athat is the'");
    is_none("{\"json\":{}}", "'{\"json\":{}}'");
    is_none(more, "'\\x07\\x07");
    is_none("short", "a file of 5 bytes");
    is_none("", "a file of 0 bytes");
}

TEST_CASE("load: what a message shows of a file is short and harmless") {
    const auto harmless = [](const std::string& header, const std::string& data) {
        const temporary_folder folder;
        const auto file = write_bytes(folder / "w", file_of(header, data));
        tiny::parameters w{};
        const std::string text =
            message_of([&] { ctnn::load(w, file); }).substr(file.string().size());
        REQUIRE(!text.empty());
        CHECK(text.size() < 350);  // 200 from the file, and the sentence
        CHECK(std::none_of(text.begin(), text.end(), [](char c) {
            return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\x9B';
        }));
    };
    const std::string controls = R"(\u001b[2J\n\u0000\u007f\u009b\u202e)";
    const std::string evil = controls + std::string(100'000, 'n') + R"(\u00fc\u6f22)";
    const std::string entry = R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
    const std::string four(4, '\0');
    std::string zeros = "1";
    for (int i = 0; i < 63; ++i) zeros += ",1";
    for (const std::string& header :
         {"{\"" + evil + "\":" + entry + "}", "{\"" + evil + "\":1}", "{\"" + evil + "\":{}}",
          "{\"" + evil + "\":" + entry + ",\"" + evil + "\":1}", "{\"a\":{\"" + evil + "\":1}}",
          R"({"a":{"dtype":")" + evil + "\"}}", R"({"__metadata__":{")" + evil + "\":1}}",
          R"({"a":{"shape":[")" + evil + "\"]}}", R"({"a":)" + std::string(100'000, '7') + "}",
          R"({"a":{"shape":[-)" + std::string(100'000, '7') + "]}}", "{\"" + evil + "\1\"}",
          R"({"a":{"dtype":"F32","shape":[)" + zeros + R"(],"data_offsets":[0,4]}})",
          R"({"__metadata__":{"fingerprint":")" + evil + "\"}," + kernel_first + "," + bias_last +
              "}"})
        harmless(header, contains(header, "dense_1") ? tiny_data : four);
    harmless(evil, "");
}

TEST_CASE("load: names, types and shapes are compared before the numbers are read") {
    const temporary_folder folder;
    const std::string header =
        R"({"x":{"dtype":"F32","shape":[250000],"data_offsets":[0,1000000]}})";
    const auto file = write_bytes(folder / "w", file_of(header, std::string(1'000'000, '\1')));
    tiny::parameters w{};
    watched_calls calls;
    CHECK(contains(message_of([&] { ctnn::load(w, file); }), "'dense_1/kernel' must exist"));
    CHECK(calls.bytes_read == 8 + header.size());
}

TEST_CASE("load: reads that are cut short, interrupted or fail") {
    const temporary_folder folder;
    const auto file = folder / "w";
    ctnn::save(counting(), file);
    net::parameters w{};
    {
        watched_calls calls;
        calls.most = 3;
        calls.failing = 'R';
        calls.error = EINTR;
        calls.times = 4;
        ctnn::load(w, file);
        CHECK(calls.times == 0);
    }
    CHECK(same_bits(w, counting()));
    {
        watched_calls calls;
        calls.failing = 'R';
        calls.error = EIO;
        calls.after = 2;
        CHECK(message_of([&] { ctnn::load(w, file); }) ==
              file.string() + ": the file must be readable, found: Input/output error");
    }
    // It shrinks after its size was asked for.
    const std::size_t size = read_bytes(file).size();
    for (const std::size_t left : {std::size_t{0}, std::size_t{100}, size - 8}) {
        ctnn::save(counting(), file);
        watched_calls calls;
        calls.before = [&](char call) {
            if (call == 'R') std::filesystem::resize_file(file, left);
        };
        CHECK(!message_of([&] { ctnn::load(w, file); }).empty());
    }
    CHECK(same_bits(w, counting()));
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
        std::filesystem::remove(damaged);  // some file systems wait for the disk to replace one
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

TEST_CASE("read_safetensors: an array with an extent of 0 is empty in whatever order") {
    const temporary_folder folder;
    const auto read = [&](const std::string& shape) {
        const auto file = write_bytes(
            folder / "w",
            file_of(R"({"e":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":[0,0]}})", ""));
        return message_of([&] {
            const std::size_t count = ctnn::read_safetensors(file).floats("e").size();
            CHECK(count == 0);
        });
    };
    if (sizeof(std::size_t) > 4) {
        CHECK(read("[0,4294967296,4294967296]") == "");
        CHECK(read("[4294967296,0,4294967296]") == "");
        CHECK(read("[4294967296,4294967296,0]") == "");
        CHECK(contains(read("[4294967296,4294967296]"), "the shape must fit in memory, found"));
    }
    CHECK(read("[65535,65535,65535,65535,65535,0]") == "");
    std::string ranks = "0";
    for (int i = 1; i < 64; ++i) ranks += ",7";
    CHECK(read("[" + ranks + "]") == "");
    CHECK(contains(read("[" + ranks + ",7]"), "entry 'e': the shape must be at most 64 numbers"));
}

TEST_CASE("read_safetensors: many entries") {
    const temporary_folder folder;
    std::string header = "{", data;
    for (int i = 0; i < 20'000; ++i) {
        header += (i == 0 ? "\"" : ",\"") + std::to_string(i) +
                  R"(":{"dtype":"U8","shape":[1],"data_offsets":[)" + std::to_string(i) + "," +
                  std::to_string(i + 1) + "]}";
        data += static_cast<char>(i % 251);
    }
    const auto file = write_bytes(folder / "w", file_of(header + "}", data));
    const auto read = ctnn::read_safetensors(file);
    CHECK(read.entries.size() == 20'000);
    CHECK(read.entries.at("19999").bytes.at(0) == std::byte{19'999 % 251});
    write_bytes(file, file_of(header + R"(,"17":{}})", data));
    CHECK(contains(message_of([&] { static_cast<void>(ctnn::read_safetensors(file)); }),
                   "the header's keys must be unique, found '17' twice"));
}

TEST_CASE("file_error: what a terminal would obey is shown, what people write is kept") {
    using ctnn::detail::printable;
    CHECK(printable("") == "");
    CHECK(printable("Z\u00fcrich \u6f22 \U0001F600 a\\b") == "Z\u00fcrich \u6f22 \U0001F600 a\\b");
    CHECK(printable(std::string("\0\n\x1B[2J\x7F", 7)) == "\\x00\\x0a\\x1b[2J\\x7f");
    // Control characters of 8 bits, the direction of writing, breaks of lines, no width, a BOM.
    CHECK(printable("\u0085\u009b") == "\\xc2\\x85\\xc2\\x9b");
    CHECK(printable("\u202e\u2066\u2028\u200b\ufeff") ==
          "\\xe2\\x80\\xae\\xe2\\x81\\xa6\\xe2\\x80\\xa8\\xe2\\x80\\x8b\\xef\\xbb\\xbf");
    CHECK(printable("\u00a0\u2010\u2030\u2070") == "\u00a0\u2010\u2030\u2070");
    // Not UTF-8: alone, cut off, overlong, a surrogate, above U+10FFFF.
    CHECK(printable("\x9B") == "\\x9b");
    CHECK(printable("\xE6\xBC") == "\\xe6\\xbc");
    CHECK(printable("\xC0\x8A|\xE0\x80\x8A|\xED\xA0\x80|\xF4\x90\x80\x80|\xF5") ==
          "\\xc0\\x8a|\\xe0\\x80\\x8a|\\xed\\xa0\\x80|\\xf4\\x90\\x80\\x80|\\xf5");
    CHECK(printable("\xF0\x8F\xBF\xBF|\xFF") == "\\xf0\\x8f\\xbf\\xbf|\\xff");
    CHECK(printable("12345678", 8) == "12345678");
    CHECK(printable("123456789", 8) == "12345...");
    CHECK(printable("1234\n6789", 8) == "1234...");  // no half of an escape
    CHECK(printable("1234\u6f22678", 8) == "1234...");
}
