// ONNX files put together here, byte by byte: what the reader makes of options that PyTorch does not
// write, what it refuses and how it says so, and that no damaged file does it harm.
#include <ctnn/model_file/read.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace ctnn::detail;

namespace {

constexpr unsigned char smallest_file[] = {
#include "onnx_autoencoder.inc"
};

// Protocol Buffers.

std::string varint(std::uint64_t number) {
    std::string result;
    for (; number > 127; number >>= 7U)
        result += static_cast<char>(static_cast<unsigned char>(number | 128U));
    return result + static_cast<char>(number);
}
std::string field(unsigned number, std::uint64_t value) {
    return varint(number * 8U) + varint(value);
}
std::string field(unsigned number, const std::string& bytes) {
    return varint(number * 8U + 2U) + varint(bytes.size()) + bytes;
}
std::string bits_of(float value) {
    std::string result;
    for (unsigned i = 0; i < 4; ++i)
        result += static_cast<char>(
            static_cast<unsigned char>(std::bit_cast<std::uint32_t>(value) >> (8 * i)));
    return result;
}

// ONNX.

using ints = std::vector<std::int64_t>;

std::string packed(const ints& numbers) {
    std::string result;
    for (const std::int64_t one : numbers) result += varint(static_cast<std::uint64_t>(one));
    return result;
}
std::string attribute(const std::string& name, int value) {
    return field(5, field(1, name) + field(3, static_cast<std::uint64_t>(value)));
}
std::string attribute(const std::string& name, float value) {
    return field(5, field(1, name) + varint(2 * 8 + 5) + bits_of(value));
}
std::string attribute(const std::string& name, const std::string& text) {
    return field(5, field(1, name) + field(4, text));
}
std::string attribute(const std::string& name, const ints& numbers) {
    return field(5, field(1, name) + field(8, packed(numbers)));
}
std::string node(const std::string& kind, const std::vector<std::string>& inputs,
                 const std::string& output, const std::string& attributes = {}) {
    std::string result;
    for (const std::string& name : inputs) result += field(1, name);
    return field(1, result + field(2, output) + field(4, kind) + attributes);
}
/// Floats 0, 0.125, 0.25 ... of this shape, or all the same.
std::string constant(const std::string& name, const ints& extents, float step = 0.125f,
                     float first = 0.0f) {
    std::string data;
    std::int64_t size = 1;
    for (const std::int64_t extent : extents) size *= extent;
    for (std::int64_t i = 0; i < size; ++i) data += bits_of(first + step * static_cast<float>(i));
    return field(5, field(1, packed(extents)) + field(2, 1U) + field(8, name) + field(9, data));
}
std::string number(const std::string& name, float value) {
    return constant(name, {}, 0.0f, value);
}
std::string list(const std::string& name, const ints& numbers) {
    return field(5, field(1, packed({static_cast<std::int64_t>(numbers.size())})) + field(2, 7) +
                        field(7, packed(numbers)) + field(8, name));
}
std::string value(unsigned where, const std::string& name, const ints& extents, unsigned type = 1) {
    std::string shape;
    for (const std::int64_t extent : extents)
        shape += field(1, extent < 0 ? field(2, std::string("n"))
                                     : field(1, static_cast<std::uint64_t>(extent)));
    return field(where, field(1, name) + field(2, field(1, field(1, type) + field(2, shape))));
}
std::string model(unsigned opset, const std::string& graph) {
    return field(1, 8) + field(2, std::string("by hand")) + field(7, graph) +
           field(8, field(1, std::string()) + field(2, opset));
}
/// From x to y.
std::string network(const ints& x, const std::string& rest, unsigned opset = 13) {
    return model(opset, rest + value(11, "x", x) + value(12, "y", {}));
}

model_list read(const std::string& file) {
    // Of exactly this size, so that a sanitizer sees a read beyond it.
    const std::vector<unsigned char> bytes(file.begin(), file.end());
    return read_model(bytes);
}
void is_refused(const std::string& file, model_error what, std::string_view name,
                std::size_t where) {
    const model_list found = read(file);
    CHECK(sentence_of(found.mistake.what) == sentence_of(what));
    CHECK(found.mistake.name.view() == name);
    CHECK(found.mistake.number == where);
    CHECK(found.entries.empty());
}
std::vector<model_step> steps_of(const std::string& file) {
    model_list found = read(file);
    CHECK(sentence_of(found.mistake.what) == "");
    CHECK(found.mistake.name.view() == "");
    return std::move(found.graph.steps);
}
std::vector<step_kind> kinds_of(const std::string& file) {
    std::vector<step_kind> result;
    for (const model_step& step : steps_of(file)) result.push_back(step.kind);
    return result;
}
using kinds = std::vector<step_kind>;
using kind = step_kind;

/// The numbers of a parameter array, as weights_in takes them.
std::vector<float> numbers_of(const std::string& file, const model_array& array) {
    std::vector<float> result;
    file_bytes bytes{{reinterpret_cast<const unsigned char*>(file.data()), file.size()}};
    for (std::size_t i = 0; i < array.extents[0]; ++i)
        for (std::size_t j = 0; j < array.extents[1]; ++j)
            for (std::size_t k = 0; k < array.extents[2]; ++k)
                for (std::size_t l = 0; l < array.extents[3]; ++l)
                    result.push_back(array.is_in_file
                                         ? bytes.float32(array.first + i * array.strides[0] +
                                                         j * array.strides[1] +
                                                         k * array.strides[2] +
                                                         l * array.strides[3])
                                         : array.otherwise);
    CHECK(!bytes.mistake);
    return result;
}

}  // namespace

TEST_CASE("ONNX by hand: rows of a dense layer follow a flattened map") {
    const std::string file =
        network({-1, 2, 1, 3}, node("Flatten", {"x"}, "f") + node("MatMul", {"f", "w"}, "m") +
                                   node("Add", {"b", "m"}, "y") + constant("w", {6, 1}) +
                                   constant("b", {1}));
    const std::vector<model_step> steps = steps_of(file);
    REQUIRE(steps.size() == 2);
    CHECK(steps[0].kind == kind::flatten);
    CHECK(steps[1].kind == kind::dense);
    REQUIRE(steps[1].arrays.size() == 2);
    CHECK(numbers_of(file, steps[1].arrays[0]) ==
          std::vector<float>{0.0f, 0.375f, 0.125f, 0.5f, 0.25f, 0.625f});
}
TEST_CASE("ONNX by hand: numbers of a dense layer follow the map that they become") {
    const std::string file = network(
        {-1, 1}, node("Gemm", {"x", "w", "b"}, "d") + node("Relu", {"d"}, "r") +
                     node("Reshape", {"r", "s"}, "m") +
                     node("MaxPool", {"m"}, "y", attribute("kernel_shape", ints{1, 2})) +
                     constant("w", {1, 6}) + constant("b", {6}, 1.0f) + list("s", {0, 2, 1, -1}));
    const std::vector<model_step> steps = steps_of(file);
    REQUIRE(steps.size() == 4);
    CHECK(steps[2].kind == kind::reshape);
    CHECK(steps[2].output == model_shape{1, 3, 2});
    CHECK(numbers_of(file, steps[0].arrays[0]) ==
          std::vector<float>{0.0f, 0.375f, 0.125f, 0.5f, 0.25f, 0.625f});
    CHECK(numbers_of(file, steps[0].arrays[1]) == std::vector<float>{0, 3, 1, 4, 2, 5});
}
TEST_CASE("ONNX by hand: padding and strides") {
    const auto with = [](const std::string& attributes, ints x = {1, 1, 6, 5}) {
        return steps_of(
            network(x, node("Conv", {"x", "w"}, "y", attributes) + constant("w", {2, 1, 3, 2})))[0];
    };
    const model_step same_upper =
        with(attribute("auto_pad", "SAME_UPPER") + attribute("strides", ints{2, 1}));
    CHECK(same_upper.is_same);
    CHECK(same_upper.output == model_shape{3, 5, 2});
    const model_step lower = with(attribute("auto_pad", "SAME_LOWER"));
    CHECK(lower.pads == std::array<std::size_t, 4>{1, 1, 1, 0});
    CHECK(lower.output == model_shape{6, 5, 2});
    CHECK(with(attribute("auto_pad", "VALID")).output == model_shape{4, 4, 2});
    const model_step by_hand =
        with(attribute("pads", ints{0, 1, 2, 3}) + attribute("dilations", ints{2, 1}));
    CHECK(by_hand.pads == std::array<std::size_t, 4>{0, 2, 1, 3});
    CHECK(by_hand.output == model_shape{4, 8, 2});
}
TEST_CASE("ONNX by hand: channels last, as TensorFlow's converter writes it") {
    const std::string file = network(
        {-1, 4, 6, 3},
        node("Transpose", {"x"}, "t", attribute("perm", ints{0, 3, 1, 2})) +
            node("Conv", {"t", "w"}, "c", attribute("group", 3)) + node("Add", {"c", "b"}, "a") +
            node("Clip", {"a"}, "r", attribute("min", 0.0f) + attribute("max", 6.0f)) +
            node("Transpose", {"r"}, "u", attribute("perm", ints{0, 2, 3, 1})) +
            node("Reshape", {"u", "s"}, "f") + node("MatMul", {"f", "m"}, "y") +
            constant("w", {6, 1, 2, 2}) + constant("b", {1, 6, 1, 1}) + constant("m", {90, 2}) +
            list("s", {-1, 90}),
        9);
    const std::vector<model_step> steps = steps_of(file);
    REQUIRE(steps.size() == 4);
    CHECK(read(file).graph.input == model_shape{4, 6, 3});
    CHECK(steps[0].kind == kind::depthwise_conv2d);
    CHECK(steps[0].filters == 2);
    CHECK(steps[0].arrays.size() == 2);
    CHECK(steps[1].kind == kind::relu6);
    CHECK(steps[3].arrays[0].strides[2] == 8);  // rows as they are
}
TEST_CASE("ONNX by hand: whether channels are last is said by what reads the input") {
    const std::string first = attribute("perm", ints{0, 3, 1, 2}),
                      weights = constant("w", {2, 3, 1, 1}) + constant("c", {2, 1, 1, 1});
    const auto input_of = [&](const ints& x, const std::string& nodes) {
        const model_list found = read(network(x, nodes + weights));
        CHECK(sentence_of(found.mistake.what) == "");
        return found.graph.input;
    };
    const auto conv = [&](const std::string& x) { return node("Conv", {x, "w"}, "y"); };
    const std::string moved = node("Transpose", {"t"}, "m", first) + conv("m");
    CHECK(input_of({1, 4, 5, 3}, node("Relu", {"x"}, "t") + moved) == model_shape{4, 5, 3});
    CHECK(input_of({1, 3, 4, 5}, node("Relu", {"x"}, "t") + conv("t")) == model_shape{4, 5, 3});
    CHECK(input_of({1, 4, 3}, node("Unsqueeze", {"x"}, "t", attribute("axes", ints{1})) + moved) ==
          model_shape{1, 4, 3});
    CHECK(
        input_of({1, 3, 4, 5}, node("Transpose", {"x"}, "t", attribute("perm", ints{0, 1, 3, 2})) +
                                   node("Flatten", {"t"}, "f") + node("MatMul", {"f", "d"}, "y") +
                                   constant("d", {60, 1})) == model_shape{4, 5, 3});
    // All that reads it, not one of two.
    CHECK(input_of({1, 3, 4, 5}, conv("x") + node("Transpose", {"x"}, "m", first)).channels == 3);
    // A Reshape to one channel moves nothing; one of an image that has no axis of one channel might.
    const std::string seen = node("Reshape", {"x", "s"}, "t") + node("Conv", {"t", "c"}, "y");
    CHECK(input_of({1, 4, 5, 1}, seen + list("s", {-1, 1, 4, 5})) == model_shape{4, 5, 1});
    CHECK(read(network({1, 4, 5, 2}, seen + weights + list("s", {-1, 1, 4, 10}))).mistake.what ==
          model_error::wrong_order);

    // Padding before the channels are first.
    const auto padded = [&](const ints& x, const ints& pads) {
        return network(x, node("Pad", {"x", "p"}, x.size() == 3 ? "u" : "t") +
                              (x.size() == 3
                                   ? node("Unsqueeze", {"u"}, "t", attribute("axes", ints{1}))
                                   : std::string()) +
                              moved + weights + list("p", pads));
    };
    const model_step image = steps_of(padded({1, 4, 5, 3}, {0, 1, 2, 0, 0, 3, 4, 0}))[0];
    CHECK(image.kind == kind::zero_padding2d);
    CHECK(image.pads == std::array<std::size_t, 4>{1, 3, 2, 4});
    CHECK(image.output == model_shape{8, 11, 3});
    const model_step sound = steps_of(padded({1, 5, 3}, {0, 2, 0, 0, 1, 0}))[0];
    CHECK(sound.pads == std::array<std::size_t, 4>{0, 0, 2, 1});
    CHECK(sound.output == model_shape{1, 8, 3});
    is_refused(padded({1, 4, 5, 3}, {0, 1, 2, 1, 0, 3, 4, 0}), model_error::unsupported_option,
               "pads", 0);
    is_refused(padded({1, 4, 5, 3}, {1, 1, 2, 0, 0, 3, 4, 0}), model_error::unsupported_option,
               "pads", 0);
}
TEST_CASE("ONNX by hand: a product and a sum of channels are one layer") {
    const auto steps = [](const std::string& nodes) {
        return steps_of(network({1, 2, 3, 3}, nodes + constant("a", {2, 1, 1}) +
                                                  constant("b", {1, 2, 1, 1}) + number("n", 2.0f)));
    };
    const std::vector<model_step> one =
        steps(node("Mul", {"x", "a"}, "m") + node("Add", {"m", "b"}, "y"));
    REQUIRE(one.size() == 1);
    CHECK(one[0].arrays[0].first != one[0].arrays[1].first);
    CHECK(one[0].arrays[1].is_in_file);
    CHECK(steps(node("Mul", {"x", "n"}, "m") + node("Add", {"m", "b"}, "y")).size() == 2);
    CHECK(steps(node("Add", {"x", "a"}, "m") + node("Add", {"m", "b"}, "y")).size() == 2);
    CHECK(steps(node("Mul", {"x", "a"}, "m") + node("Add", {"m", "b"}, "s") +
                node("Concat", {"m", "s"}, "y", attribute("axis", 1)))
              .size() == 3);
}
TEST_CASE("ONNX by hand: formulas of activations") {
    CHECK(kinds_of(network({1, 3, 2, 2}, node("Sigmoid", {"x"}, "s") +
                                             node("Mul", {"s", "x"}, "y"))) == kinds{kind::swish});
    CHECK(kinds_of(network({1, 3, 2, 2}, node("Add", {"x", "three"}, "a") +
                                             node("Clip", {"a", "zero", "six"}, "c") +
                                             node("Mul", {"x", "c"}, "m") +
                                             node("Div", {"m", "six"}, "y") + number("three", 3) +
                                             number("zero", 0) + number("six", 6))) ==
          kinds{kind::hard_swish});
    CHECK(kinds_of(network(
              {1, 3}, node("Add", {"x", "three"}, "a") + node("Clip", {"a", "zero", "six"}, "c") +
                          node("Div", {"c", "six"}, "y") + number("three", 3) + number("zero", 0) +
                          number("six", 6))) == kinds{kind::hard_sigmoid});
    // Read twice: nothing is left out.
    is_refused(network({1, 3}, node("Sigmoid", {"x"}, "s") + node("Mul", {"s", "x"}, "m") +
                                   node("Add", {"m", "s"}, "y")),
               model_error::entangled, "s", 0);
    is_refused(network({1, 3}, node("Erf", {"x"}, "y")), model_error::unsupported_operator, "Erf",
               0);
    is_refused(network({1, 3}, node("Abs", {"x"}, "y")), model_error::unsupported_operator, "Abs",
               0);
}
TEST_CASE("ONNX by hand: a bias is folded only where nobody reads what comes before it") {
    const std::string file =
        network({1, 2}, node("MatMul", {"x", "w"}, "m") + node("Identity", {"m"}, "i") +
                            node("Add", {"i", "b"}, "a") + node("Mul", {"a", "m"}, "y") +
                            constant("w", {2, 3}) + constant("b", {3}));
    CHECK(kinds_of(file) == kinds{kind::dense, kind::scale_and_offset, kind::multiply});
}
TEST_CASE("ONNX by hand: larger maps") {
    const auto resize = [](const ints& sizes, const std::string& attributes) {
        return network({1, 1, 3, 2},
                       node("Resize", {"x", "", "", "s"}, "y", attributes) + list("s", sizes));
    };
    const std::string floor_ = attribute("coordinate_transformation_mode", "asymmetric") +
                               attribute("nearest_mode", "floor");
    CHECK(steps_of(resize({1, 1, 9, 4}, floor_))[0].extents == std::array<std::size_t, 2>{3, 2});
    CHECK(steps_of(resize({1, 1, 9, 4}, ""))[0].extents == std::array<std::size_t, 2>{3, 2});
    CHECK(steps_of(resize({1, 1, 6, 4}, attribute("mode", "linear")))[0].is_bilinear);
    is_refused(resize({1, 1, 7, 4}, ""), model_error::unsupported_option, "sizes", 0);
    is_refused(resize({1, 1, 9, 4}, attribute("nearest_mode", "floor")),
               model_error::unsupported_option, "nearest_mode", 0);
    is_refused(resize({1, 1, 9, 4}, attribute("coordinate_transformation_mode", "asymmetric")),
               model_error::unsupported_option, "nearest_mode", 0);
    is_refused(
        resize({1, 1, 6, 4}, attribute("mode", "linear") +
                                 attribute("coordinate_transformation_mode", "align_corners")),
        model_error::unsupported_option, "coordinate_transformation_mode", 0);
    is_refused(resize({1, 1, 6, 4}, attribute("mode", "cubic")), model_error::unsupported_option,
               "mode", 0);
}
TEST_CASE("ONNX by hand: axes that are operands, of newer versions") {
    CHECK(kinds_of(network({1, 3, 4, 5},
                           node("ReduceMean", {"x", "a"}, "y", attribute("keepdims", 0)) +
                               list("a", {-1, 2}),
                           18)) == kinds{kind::global_average_pool2d});
    is_refused(network({1, 3, 4, 5}, node("ReduceMean", {"x", "a"}, "y") + list("a", {3}), 18),
               model_error::unsupported_option, "axes", 0);
}

TEST_CASE("ONNX refused: operators, options, types and shapes") {
    const std::string relu = node("Relu", {"x"}, "y");
    is_refused(network({1, 3}, relu, 6), model_error::unsupported_version, "opset", 6);
    is_refused(network({1, 3}, relu, 22), model_error::unsupported_version, "opset", 22);
    is_refused(network({2, 3}, relu), model_error::unsupported_shape, "x", 0);
    is_refused(network({1, 3, -1, 4}, relu), model_error::unsupported_shape, "x", 0);
    is_refused(network({1, 3, 1, 4, 5}, relu), model_error::unsupported_shape, "x", 0);
    is_refused(network({1, std::int64_t{1} << 40}, relu), model_error::too_large, "x", 0);
    is_refused(model(13, relu + value(11, "x", {1, 3}, 7) + value(12, "y", {})),
               model_error::unsupported_type, "x", 0);
    is_refused(model(13, relu + value(11, "x", {1, 3}) + value(11, "z", {1}) + value(12, "y", {})),
               model_error::inputs_not_one, "", 2);
    is_refused(model(13, relu + value(11, "x", {1, 3}) + value(12, "y", {}) + value(12, "x", {})),
               model_error::outputs_not_one, "", 2);
    is_refused(model(13, value(11, "x", {1, 3}) + value(12, "x", {})), model_error::no_graph, "",
               0);
    is_refused(network({1, 3}, node("Relu", {"x"}, "a") + node("LSTM", {"a"}, "y")),
               model_error::unsupported_operator, "LSTM", 1);
    is_refused(network({1, 3}, node("Relu", {"x"}, "y", field(7, std::string("com.example")))),
               model_error::unsupported_operator, "Relu", 0);
    is_refused(network({1, 2}, node("Gemm", {"x", "w"}, "y", attribute("alpha", 2.0f)) +
                                   constant("w", {2, 3})),
               model_error::unsupported_option, "alpha", 0);
    is_refused(network({1, 2}, node("Gemm", {"x", "w"}, "y") + constant("w", {3, 2})),
               model_error::wrong_shape, "w", 0);
    is_refused(network({1, 2}, node("Relu", {"x"}, "w") + node("Gemm", {"x", "w"}, "y")),
               model_error::not_constant, "w", 1);
    is_refused(network({1, 2}, node("Gemm", {"x"}, "y")), model_error::wrong_operands, "Gemm", 0);
    is_refused(network({1, 2}, node("Relu", {"z"}, "y")), model_error::not_computed, "z", 0);
    is_refused(network({1, 2}, node("Relu", {"y"}, "y")), model_error::not_computed, "y", 0);
    is_refused(network({1, 2}, relu + node("Tanh", {"x"}, "y")), model_error::malformed, "Tanh", 1);
    is_refused(network({1, 2}, relu + node("Tanh", {"x"}, "z")), model_error::unused_value, "z", 1);
    const auto pooled = [](const std::string& kind_, const std::string& attributes) {
        return network({1, 2, 6, 6}, node(kind_, {"x"}, "y",
                                          attribute("kernel_shape", ints{3, 3}) +
                                              attribute("strides", ints{2, 2}) + attributes));
    };
    is_refused(pooled("MaxPool", attribute("ceil_mode", 1)), model_error::unsupported_option,
               "ceil_mode", 0);
    is_refused(pooled("MaxPool", attribute("pads", ints{3, 0, 0, 0})),
               model_error::unsupported_option, "pads", 0);
    is_refused(pooled("MaxPool", attribute("dilations", ints{2, 2})),
               model_error::unsupported_option, "dilations", 0);
    const std::string padded = attribute("pads", ints{1, 1, 1, 1});
    is_refused(pooled("AveragePool", padded + attribute("count_include_pad", 1)),
               model_error::unsupported_option, "count_include_pad", 0);
    CHECK(kinds_of(pooled("AveragePool", padded)) == kinds{kind::average_pool2d});
    is_refused(network({1, 3}, node("HardSigmoid", {"x"}, "y")), model_error::unsupported_option,
               "alpha", 0);
    is_refused(network({1, 3, 2, 2}, node("Softmax", {"x"}, "y", attribute("axis", 2))),
               model_error::wrong_order, "x", 0);
    is_refused(network({1, 3, 2, 2}, node("Softmax", {"x"}, "y", attribute("axis", 1)), 11),
               model_error::unsupported_option, "axis", 0);
    is_refused(network({1, 3, 2, 2}, node("Flatten", {"x"}, "y")), model_error::wrong_order, "y",
               0);
    is_refused(network({1, 3, 2, 2}, node("Reshape", {"x", "s"}, "y") + list("s", {1, 5, -1})),
               model_error::wrong_shape, "x", 0);
    is_refused(network({1, 3, 2, 2}, node("Add", {"x", "c"}, "y") + constant("c", {3, 2, 2})),
               model_error::unsupported_shape, "c", 0);
    const std::string type_half =
        field(5, field(1, packed({3})) + field(2, 10) + field(8, std::string("c")) +
                     field(9, std::string(6, '\0')));
    is_refused(network({1, 3}, node("Add", {"x", "c"}, "y") + type_half),
               model_error::unsupported_type, "c", 0);
    const std::string elsewhere =
        field(5, field(1, packed({3})) + field(2, 1U) + field(8, std::string("c")) + field(14, 1));
    is_refused(network({1, 3}, node("Add", {"x", "c"}, "y") + elsewhere),
               model_error::external_data, "c", 0);
}

TEST_CASE("ONNX damaged: cut off at every byte") {
    const std::string file(std::begin(smallest_file), std::end(smallest_file));
    REQUIRE(!read(file).mistake);
    std::size_t refused = 0;
    for (std::size_t size = 0; size < file.size(); ++size) {
        const model_list found = read(file.substr(0, size));
        refused += found.mistake ? 1 : 0;
        if (size >= 2) CHECK(found.mistake.what != model_error::unknown_format);
    }
    CHECK(refused == file.size());
}
TEST_CASE("ONNX damaged: every byte another") {
    const std::string file(std::begin(smallest_file), std::end(smallest_file));
    std::size_t read_all_the_same = 0;
    for (std::size_t i = 0; i < file.size(); ++i)
        for (const int byte : {0, 0xff, 0x80}) {
            std::string other = file;
            other[i] = static_cast<char>(static_cast<unsigned char>(byte));
            const model_list found = read(other);
            CHECK(found.entries.empty() == static_cast<bool>(found.mistake));
            read_all_the_same += found.mistake ? 0 : 1;
        }
    CHECK(read_all_the_same > file.size());  // in weights, mostly
}
TEST_CASE("ONNX damaged: lengths and extents that are not so") {
    is_refused(std::string("\x08\x07\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13),
               model_error::truncated, "", 13);
    is_refused(std::string("\x08\x07\x3a\x03\x0a\x05\x01\x42\x02\x10\x0d", 11),
               model_error::malformed, "", 6);
    is_refused(std::string("\x08\x07\x0b", 3), model_error::malformed, "", 2);
    const ints huge{std::int64_t{1} << 23, std::int64_t{1} << 23};
    is_refused(network({1, 2}, node("Add", {"x", "c"}, "y") +
                                   field(5, field(1, packed(huge)) + field(2, 1U) +
                                                field(8, std::string("c")))),
               model_error::too_large, "c", 0);
    is_refused(network({1, 2}, node("Add", {"x", "c"}, "y") +
                                   field(5, field(1, packed({-1})) + field(2, 1U) +
                                                field(8, std::string("c")))),
               model_error::unsupported_shape, "c", 0);
}
