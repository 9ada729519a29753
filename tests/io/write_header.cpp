#include <ctnn/io/write_header.hpp>

#include <ctnn/ctnn.hpp>

#include <doctest/doctest.h>

#include "support/temporary_folder.hpp"

#include <limits>

namespace {

using net = ctnn::network<ctnn::features<2>, ctnn::dense<1>>;
constexpr net::parameters w{{1.5f, -2.0f, 0.25f}};

/// What write_header says of these options.
std::string complaint(const ctnn::header_options& options) {
    const temporary_folder folder;
    std::string text;
    try {
        ctnn::write_header(w, folder / "w.hpp", options);
    } catch (const std::invalid_argument& error) {
        text = error.what();
    }
    CHECK(folder.files() == (text.empty() ? 1 : 0));
    return text;
}

}  // namespace

TEST_CASE("write_header: the file") {
    const temporary_folder folder;
    ctnn::write_header(w, folder / "w.hpp", {.name = "two_inputs"});
    CHECK(read_bytes(folder / "w.hpp") == read_bytes(CTNN_TEST_DATA "/two_inputs.hpp"));
    CHECK(folder.files() == 1);
    ctnn::write_header(w, folder / "w.hpp", {.name_space = "a::b2", .comment = "From nowhere."});
    CHECK(read_bytes(folder / "w.hpp") ==
          R"(// Weights of a network of ctnn. Written by ctnn::write_header.
// From nowhere.
// clang-format off
#pragma once

#include <ctnn/constant_weights.hpp>

namespace a::b2 {

inline constexpr ctnn::constant_weights<0x53d51ad5af7ece48U, 3> weights{{
    // dense_1/kernel: 2 x 1
    0x1.8p+0f, -0x1p+1f,
    // dense_1/bias: 1
    0x1p-2f,
}};

}  // namespace a::b2
)");
}

TEST_CASE("write_header: the sign of 0") {
    CHECK(ctnn::detail::float_literal(-0.0f) == "-0x0p+0f");
    CHECK(ctnn::detail::float_literal(0.0f) == "0x0p+0f");
}

TEST_CASE("write_header: a network without parameters") {
    using none = ctnn::network<ctnn::shape<2, 2, 1>, ctnn::relu>;
    const temporary_folder folder;
    ctnn::write_header(none::parameters{}, folder / "w.hpp");
    CHECK(contains(read_bytes(folder / "w.hpp"), "U, 0> weights{{}};\n"));
}

TEST_CASE("write_header: names that C++ does not allow") {
    for (const char* good : {"w", "W_1", "lenet5_fashion", "intern", "class_"})
        CHECK(complaint({.name = good}).empty());
    for (const char* bad :
         {"", "1st", "a b", "a-b", "a::b", "class", "float", "xor_eq", "_A", "_a", "a__b",
          "gr\xC3\xB6\xC3\x9F"
          "e",
          "w{};", "ctnn", "std", "main"})
        CHECK(complaint({.name = bad}) ==
              "ctnn::write_header: the name must be a C++ identifier, found '" + std::string(bad) +
                  "'");
    CHECK(contains(complaint({.name = "w\n" + std::string(1'000'000, 'x')}), "found 'w\\x0axxx"));
    CHECK(complaint({.name = std::string(1'000'000, ' ')}).size() < 200);
    for (const char* good : {"", "a", "a::b", "a::b::c_1"})
        CHECK(complaint({.name_space = good}).empty());
    for (const char* bad :
         {"::", "a::", "::a", "a::::b", "a:b", "a::int", "1", " ", "firmware::ctnn", "std"})
        CHECK(complaint({.name_space = bad}) ==
              "ctnn::write_header: the name_space must be identifiers joined by '::', found '" +
                  std::string(bad) + "'");
    CHECK(complaint({.comment = "LeNet-5, seed 1; 90 % (\"best\")"}).empty());
    CHECK(complaint({.comment = "Z\u00fcrich"}).empty());
    for (const char* bad : {"two\nlines", "two\rlines", "goes on \\", "a page\f", "\u202eback",
                            "two\u2028lines", "\xFF"})
        CHECK(contains(complaint({.comment = bad}),
                       "the comment must be one line of text without a backslash, found '"));
    CHECK(contains(complaint({.comment = std::string("\0", 1)}), "found '\\x00'"));
}

TEST_CASE("write_header: what is not finite, and where nothing can be written") {
    const temporary_folder folder;
    write_bytes(folder / "w.hpp", "old");
    for (const float bad :
         {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
          std::numeric_limits<float>::quiet_NaN()}) {
        net::parameters v = w;
        v.values()[1] = bad;
        CHECK(contains(message_of([&] { ctnn::write_header(v, folder / "w.hpp"); }),
                       "w.hpp: every parameter must be finite, found "));
        CHECK(contains(message_of([&] { ctnn::write_header(v, folder / "w.hpp"); }),
                       " in 'dense_1/kernel' at 1"));
    }
    CHECK(read_bytes(folder / "w.hpp") == "old");
    std::filesystem::create_symlink("w.hpp", folder / "link");
    ctnn::write_header(w, folder / "link");
    CHECK(std::filesystem::is_symlink(folder / "link"));
    CHECK(contains(read_bytes(folder / "w.hpp"), "0x1.8p+0f"));
    CHECK(contains(message_of([&] { ctnn::write_header(w, folder.path()); }), "found a folder"));
    CHECK(contains(message_of([&] { ctnn::write_header(w, "/nowhere/w.hpp"); }), "/nowhere/w.hpp"));
}
