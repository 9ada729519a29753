#include <ctnn/model_file/repeated_blocks.hpp>

#include <doctest/doctest.h>

#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

using namespace ctnn::detail;

namespace {

/// A type as it is written, without ctnn::, which it gets.
type_text type_in(std::string_view& text) {
    const std::size_t end = text.find_first_of("<,>");
    const std::string name(text.substr(0, end));
    const bool is_number = std::isdigit(static_cast<unsigned char>(name[0])) != 0;
    type_text type{is_number ? name : "ctnn::" + name};
    const auto is = [&](auto... names) { return ((name == names) || ...); };
    type.is_list = is("network", "sequence", "residual", "add", "multiply");
    type.has_filters = is("conv2d", "conv2d_transpose", "dense");
    type.follows = is("relu", "softmax", "batch_normalization");
    text.remove_prefix(end == text.npos ? text.size() : end);
    if (text.starts_with("<>") && !type.is_list) {
        type.name += "<>";
        text.remove_prefix(2);
    } else if (text.starts_with('<')) {
        do {
            text.remove_prefix(1);
            if (text.starts_with(' ')) text.remove_prefix(1);
            if (!text.starts_with('>')) type.arguments.push_back(type_in(text));
        } while (text.starts_with(','));
        text.remove_prefix(1);
    }
    return type;
}

/// The blocks, each with a semicolon, and the network; without ctnn::.
std::string with_blocks(std::string_view text) {
    type_text network = type_in(text);
    std::string result;
    for (const named_block& block : block_finder(network).take_blocks("b"))
        result += block.name + (block.parameter.empty() ? "" : "<" + block.parameter + ">") +
                  " = " + block.type.on_one_line() + "; ";
    result += network.on_one_line();
    for (std::size_t at = 0; (at = result.find("ctnn::", at)) != result.npos;) result.erase(at, 6);
    return result;
}
std::string repeated(std::string_view text, std::size_t count) {
    std::string result;
    for (std::size_t i = 0; i < count; ++i) result += text;
    return result;
}

const std::string layers =
    "conv2d<16, kernel<3, 3>, same>, batch_normalization<epsilon<1, 100000>>";

}  // namespace

TEST_CASE("block_finder: what is short or stands once stays as it is") {
    const std::string wide =
        "conv2d<16, kernel<3, 3>, dilation<2, 2>, groups<16>, padding<2, 1, 2, "
        "1>, use_bias<false>>";
    for (const std::string& text : {
             std::string("network<features<9>>"),
             std::string("network<features<9>, dense<8>, relu, dense<8>, relu, dense<8>, relu>"),
             "network<shape<8, 8, 16>, residual<" + layers + ", relu, " + layers + ">, relu>",
             "network<shape<8, 8, 16>, " + repeated(layers + ", relu, ", 2) + "dense<9>>",
             "network<shape<8, 8, 16>, " + repeated(wide + ", ", 2) + wide +
                 ">",  // once and a half
             "network<shape<8, 8, 16>, relu, " + wide + ", max_pool2d<window<2, 2>>, relu, " +
                 wide + ", zero_padding2d<1>, relu, " + wide + ">",
         })
        CHECK(with_blocks(text) == text);
}

TEST_CASE("block_finder: branches, the same or with another number of filters") {
    const std::string residual = "residual<" + layers + ", relu, " + layers + ">";
    CHECK(with_blocks("network<shape<8, 8, 16>, " + residual + ", relu, " + residual + ">") ==
          "b = " + residual + "; network<shape<8, 8, 16>, b, relu, b>");

    const auto down = [](const std::string& filters, const std::string& last) {
        return "add<conv2d<" + filters + ", kernel<1, 1>, stride<2, 2>, same>, sequence<conv2d<" +
               filters + ", kernel<3, 3>, stride<2, 2>, same>, relu, conv2d<" + last +
               ", kernel<3, 3>, same>>>";
    };
    CHECK(with_blocks("network<shape<8, 8, 16>, " + down("8", "8") + ", relu, " + down("32", "32") +
                      ">") == "b<Filters> = " + down("Filters", "Filters") +
                                  "; network<shape<8, 8, 16>, b<8>, relu, b<32>>");
    // Of dense layers and convolutions, in either order.
    const auto gated = [](const std::string& filters) {
        return "residual<multiply<sequence<>, sequence<global_average_pool2d, dense<" + filters +
               ">, sigmoid>>, conv2d<" + filters +
               ", kernel<3, 3>, dilation<2, 2>, same>, relu, "
               "conv2d<" +
               filters + ", kernel<3, 3>, same>>";
    };
    CHECK(
        with_blocks("network<shape<8, 8, 8>, " + gated("8") + ", dense<4>, " + gated("4") + ">") ==
        "b<Filters> = " + gated("Filters") + "; network<shape<8, 8, 8>, b<8>, dense<4>, b<4>>");
    // One of two numbers may be another one, both may not.
    CHECK(with_blocks("network<shape<8, 8, 16>, " + down("8", "16") + ", relu, " + down("8", "32") +
                      ", relu, " + down("4", "24") + ">") ==
          "b<Filters> = " + down("8", "Filters") +
              "; network<shape<8, 8, 16>, b<16>, relu, b<32>, relu, " + down("4", "24") + ">");
}

TEST_CASE("block_finder: layers one behind the other") {
    // From a layer to the activation behind it, of a number that only dense layers have.
    const std::string dense = "dense<128>, batch_normalization<>, relu, ";
    CHECK(
        with_blocks("network<features<640>, " + repeated(dense, 5) +
                    "dense<8>, batch_normalization<>, relu, " + dense +
                    "dense<640>, batch_normalization<>>") ==
        "b<Outputs> = sequence<dense<Outputs>, batch_normalization<>, relu>; "
        "network<features<640>, b<128>, b<128>, b<128>, b<128>, b<128>, b<8>, b<128>, dense<640>, "
        "batch_normalization<>>");
    // A branch that is a block; places that would overlap are not counted.
    const std::string wide = "conv2d<16, kernel<3, 3>, dilation<2, 2>, same>";
    CHECK(with_blocks("network<shape<8, 8, 16>, " + repeated(wide + ", ", 5) + "add<sequence<" +
                      wide + ", " + wide + ">, sequence<>>>") ==
          "b = sequence<" + wide + ", " + wide + ">; network<shape<8, 8, 16>, b, b, " + wide +
              ", add<b, sequence<>>>");
}

TEST_CASE("block_finder: a block of blocks") {
    const std::string one = "depthwise_conv2d<kernel<3, 3>, same>, batch_normalization<>, relu, "
                            "conv2d<8, kernel<1, 1>>, "
                            "batch_normalization<>, relu";
    const auto with = [&](const std::string& filters) {
        std::string text = one;
        return text.replace(text.find("<8,") + 1, 1, filters);
    };
    const std::string strided = "max_pool2d<window<3, 3>, stride<2, 2>, same>, batch_normalization<"
                                "epsilon<1, 100000>>, relu, ";
    CHECK(with_blocks("network<shape<64, 64, 8>, " + with("8") + ", " + strided + with("16") +
                      ", " + strided + with("16") + ", " + strided + with("16") + ", " + strided +
                      with("24") + ", " + with("24") + ", " + with("24") + ">") ==
          "b1<Filters> = sequence<" + with("Filters") + ">; b2<Filters> = sequence<" + strided +
              "b1<Filters>>; network<shape<64, 64, 8>, b1<8>, b2<16>, b2<16>, b2<16>, b2<24>, "
              "b1<24>, b1<24>>");
}
