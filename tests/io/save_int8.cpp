#include <ctnn/io/save_int8.hpp>

#include <ctnn/io.hpp>

#include <doctest/doctest.h>

#include "support/int8_networks.hpp"
#include "support/temporary_folder.hpp"

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

using namespace ctnn;

namespace {

using net = int8_networks::all_kinds;
const auto w = int8_networks::random_weights<net>(3);
const auto images = int8_networks::random_images<net>(20, 4);

template <class Parameters>
std::string error_of_loading(Parameters& to, const std::filesystem::path& file) {
    try {
        load(to, file);
    } catch (const file_error& error) {
        return error.what();
    }
    return "";
}
std::string content_of(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
}
void write(const std::filesystem::path& file, const std::string& content) {
    std::ofstream(file, std::ios::binary) << content;
}
std::string replaced(std::string text, const std::string& from, const std::string& to) {
    REQUIRE(from.size() == to.size());
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE_TEMPLATE("what was saved is loaded, every byte", Rounding, rounding::tflite,
                   rounding::tflite_micro) {
    const temporary_folder folder;
    const auto q = quantize<Rounding>(w, images);
    save(q, folder / "q");
    typename quantized<net, Rounding>::parameters loaded{};
    load(loaded, folder / "q");
    CHECK(loaded == q);

    const safetensors_file file = read_safetensors(folder / "q");
    CHECK(file.entries.at("conv2d_1/kernel").dtype == "I8");
    CHECK(file.entries.at("conv2d_1/kernel").shape == std::vector<std::size_t>{3, 3, 3, 5});
    CHECK(file.entries.at("depthwise_conv2d_1/kernel").shape ==
          std::vector<std::size_t>{3, 3, 5, 1});
    CHECK(file.entries.at("dense_1/bias").dtype == "I32");
    CHECK(file.int32s("values/zero")[0] == q.scales[0].zero);
}

TEST_CASE("a bias is in units of the sums") {
    const temporary_folder folder;
    using one = network<features<2>, dense<1>>;
    one::parameters v{};
    v.layer<0>().kernel()[0] = 1.27f;
    v.layer<0>().kernel()[1] = -0.5f;
    v.layer<0>().bias()[0] = 0.75f;
    const std::vector<one::input> two{{-1.0f, 2.0f}, {4.1f, 0.0f}};
    const auto q = quantize(v, two);
    CHECK(q.scales[0].scale == doctest::Approx(0.02));
    CHECK(q.scales[0].zero == -78);
    save(q, folder / "q");
    const safetensors_file file = read_safetensors(folder / "q");
    CHECK(file.int32s("dense_1/bias") == std::vector<std::int32_t>{3750});  // 0.75 / (0.02 0.01)
    const auto& kernel = file.entries.at("dense_1/kernel").bytes;
    CHECK(static_cast<int>(static_cast<std::int8_t>(kernel[0])) == 127);
    CHECK(static_cast<int>(static_cast<std::int8_t>(kernel[1])) == -50);
}

TEST_CASE("files of others are refused, and nothing is lost") {
    const temporary_folder folder;
    const auto q = quantize(w, images);
    save(q, folder / "q");
    const std::string good = content_of(folder / "q");
    auto loaded = quantize(w, std::span(images).first(3));
    const auto before = loaded;
    const auto refused = [&](const std::string& content, const std::string& sentence) {
        write(folder / "bad", content);
        const std::string error = error_of_loading(loaded, folder / "bad");
        CAPTURE(error);
        CHECK(error.find(sentence) != std::string::npos);
        CHECK(loaded == before);
    };
    refused(replaced(good, "conv2d_1/kernel", "conv2d_9/kernel"),
            "entry 'conv2d_1/kernel' must exist");
    refused(replaced(good, "\"dtype\":\"I32\"", "\"dtype\":\"F32\""), "the dtype must be I32");
    refused(replaced(good, "[3,3,3,5]", "[3,3,5,3]"), "the shape must be 3 x 3 x 3 x 5");
    refused(replaced(good, "fingerprint", "fingerfirst"), "found none");
    refused(good.substr(0, good.size() - 1), "must");
    std::string byte = good;  // the file ends with bytes: of a kernel, then two tables
    byte[byte.size() - 2 * 256 - 1] = static_cast<char>(-128);
    refused(byte, "the numbers must be -127 to 127, found -128");
    quantized<net, rounding::tflite_micro>::parameters other{};
    CHECK(error_of_loading(other, folder / "q").find("must be I32, found F32") !=
          std::string::npos);
    using smaller = network<shape<9, 8, 3>, flatten, dense<7>, softmax>;
    quantized<smaller>::parameters of_smaller{};
    CHECK(error_of_loading(of_smaller, folder / "q").find("entry 'dense_1/") != std::string::npos);
}

TEST_CASE("scales that are none are refused") {
    const temporary_folder folder;
    auto q = quantize(w, images);
    const auto refused = [&](auto change, const std::string& sentence) {
        auto changed = q;
        change(changed);
        save(changed, folder / "q");
        auto loaded = q;
        const std::string error = error_of_loading(loaded, folder / "q");
        CAPTURE(error);
        CHECK(error.find(sentence) != std::string::npos);
        CHECK(loaded == q);
    };
    refused([](auto& p) { p.scales[1].scale = 0.0f; },
            "entry 'values/scale': the numbers must be above 0 and finite, found 0");
    refused([](auto& p) { p.scales[1].scale = std::numeric_limits<float>::quiet_NaN(); },
            "found nan");
    refused([](auto& p) { p.scales[2].zero = 128; }, "-128 to 127, found 128");
    refused([](auto& p) { p.factors[0] = -1.0f; }, "finite and not below 0");
}
