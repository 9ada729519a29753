// Model files that are damaged, cut off, or say what the library cannot compute: what is said of each.
#include <ctnn/model_file/read.hpp>

#include "support/tflite_writer.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

using ctnn::detail::model_error;
using ctnn::detail::model_list;
using ctnn::detail::read_model;
using bytes = std::vector<unsigned char>;

namespace {

/// x[1, 6, 5, 2] -> convolution of 3 x 3 to 4 channels, relu -> pooling -> fully connected -> softmax
struct small_model : tflite_writer {
    int x, kernel, bias, map, pooled, matrix, sums, y;

    explicit small_model(const std::function<void(small_model&)>& change = {}) {
        x = tensor("x", {1, 6, 5, 2});
        kernel = floats("kernel", {4, 3, 3, 2});
        bias = floats("bias", {4});
        map = tensor("map", {1, 6, 5, 4});
        pooled = tensor("pooled", {1, 3, 2, 4});
        matrix = floats("matrix", {3, 24});
        sums = tensor("sums", {1, 3});
        y = tensor("y", {1, 3});
        operation(3, {x, kernel, bias}, map, {{1, 1}, {2, 1}, {3, 1}});
        operation(17, {map}, pooled, {{0, 1}, {1, 2}, {2, 2}, {3, 2}, {4, 2}});
        operation(9, {pooled, matrix}, sums);
        operation(25, {sums}, y, {{0, 1.0f}});
        inputs = {x};
        outputs = {y};
        if (change) change(*this);
    }
    /// One more operator, of `from` and then y; its output becomes the network's.
    void then(int code, std::vector<int> from, const std::vector<int>& extents,
              std::vector<std::pair<std::size_t, flat>> options = {}) {
        const int z = tensor("z", extents);
        operation(code, std::move(from), z, std::move(options));
        outputs = {z};
    }
};

struct case_of {
    const char* what;
    model_error error;
    const char* name;
    std::size_t number;
    std::function<void(small_model&)> change;
};

}  // namespace

TEST_CASE("a small file: its list") {
    const model_list list = read_model(small_model().file());
    REQUIRE_MESSAGE(!list.mistake, ctnn::detail::sentence_of(list.mistake.what),
                    list.mistake.name.view());
    using kind = ctnn::detail::step_kind;
    std::vector<kind> kinds;
    for (const auto& entry : list.entries) kinds.push_back(list.graph.steps[entry.step].kind);
    CHECK(kinds == std::vector{kind::conv2d, kind::relu, kind::max_pool2d, kind::flatten,
                               kind::dense, kind::softmax});
    CHECK(list.graph.shape_of(list.graph.output) == ctnn::detail::model_shape{1, 1, 3});
}

TEST_CASE("what cannot be computed exactly is refused by name and number") {
    const std::vector<case_of> cases{
        {"an operator", model_error::unsupported_operator, "SIN", 4,
         [](auto& m) {
             m.then(66, {m.y}, {1, 3});
         }},
        {"a new operator", model_error::unsupported_operator, "a newer one", 4,
         [](auto& m) {
             m.then(127, {m.y}, {1, 3});
         }},
        {"an operator of its own", model_error::unsupported_operator, "Mystery", 4,
         [](auto& m) {
             m.then(32, {m.y}, {1, 3});
             m.codes.back() = flat::of({{0, 32}, {1, std::string_view("Mystery")}});
         }},
        {"an LSTM", model_error::unsupported_operator, "LSTM", 4,
         [](auto& m) {
             m.then(16, {m.y}, {1, 3});
         }},
        {"int8 without a scale", model_error::unsupported_quantization, "x", 0,
         [](auto& m) {
             m.tensors[0] =
                 flat::of({{0, flat::ints({1, 6, 5, 2})}, {1, 9}, {3, std::string_view("x")}});
         }},
        {"weights of 16 bits", model_error::unsupported_type, "half", 4,
         [](auto& m) {
             const int half = m.constant("half", {2, 3}, 1, flat::bytes(bytes(12, 0)));
             m.then(9, {m.y, half}, {1, 2});
         }},
        {"a batch of two", model_error::unsupported_shape, "x", 0,
         [](auto& m) {
             m.tensors[0] =
                 flat::of({{0, flat::ints({2, 6, 5, 2})}, {1, 0}, {3, std::string_view("x")}});
         }},
        {"five extents", model_error::unsupported_shape, "z", 4,
         [](auto& m) {
             m.then(22, {m.y}, {1, 1, 1, 1, 3});
         }},
        {"two inputs", model_error::inputs_not_one, "", 2,
         [](auto& m) {
             m.inputs = {m.x, m.map};
         }},
        {"two outputs", model_error::outputs_not_one, "", 2,
         [](auto& m) {
             m.outputs = {m.y, m.sums};
         }},
        {"softmax of another temperature", model_error::unsupported_option, "beta", 4,
         [](auto& m) {
             m.then(25, {m.y}, {1, 3}, {{0, 0.5f}});
         }},
        {"a sign as activation", model_error::unsupported_option, "fused_activation_function", 4,
         [](auto& m) {
             m.then(9, {m.y, m.floats("square", {3, 3})}, {1, 3}, {{0, 5}});
         }},
        {"shuffled weights", model_error::unsupported_option, "weights_format", 4,
         [](auto& m) {
             m.then(9, {m.y, m.floats("square", {3, 3})}, {1, 3}, {{1, 1}});
         }},
        {"a computed kernel", model_error::not_constant, "y", 4,
         [](auto& m) {
             m.then(9, {m.y, m.y}, {1, 3});
         }},
        {"concatenated rows", model_error::unsupported_option, "axis", 4,
         [](auto& m) {
             m.then(2, {m.map, m.map}, {1, 12, 5, 4}, {{0, 1}});
         }},
        {"a mean over channels", model_error::unsupported_option, "axis", 4,
         [](auto& m) {
             m.then(40, {m.map, m.integers("axes", {1}, {3})}, {1, 6, 5, 1});
         }},
        {"padded channels", model_error::unsupported_option, "paddings", 4,
         [](auto& m) {
             m.then(34, {m.map, m.integers("more", {4, 2}, {0, 0, 0, 0, 0, 0, 0, 1})},
                    {1, 6, 5, 5});
         }},
        {"bilinear from corner to corner", model_error::unsupported_option, "align_corners", 4,
         [](auto& m) {
             m.then(23, {m.map, m.integers("size", {2}, {12, 10})}, {1, 12, 10, 4}, {{2, 1}});
         }},
        {"bilinear from the first pixel", model_error::unsupported_option, "half_pixel_centers", 4,
         [](auto& m) {
             m.then(23, {m.map, m.integers("size", {2}, {12, 10})}, {1, 12, 10, 4});
         }},
        {"half as large again", model_error::unsupported_option, "size", 4,
         [](auto& m) {
             m.then(97, {m.map, m.integers("size", {2}, {9, 10})}, {1, 9, 10, 4});
         }},
        {"a factor for every number", model_error::unsupported_shape, "many", 4,
         [](auto& m) {
             m.then(18, {m.map, m.floats("many", {1, 6, 5, 4})}, {1, 6, 5, 4});
         }},
        {"a sum of other shapes", model_error::wrong_shape, "ADD", 4,
         [](auto& m) {
             m.then(0, {m.map, m.pooled}, {1, 6, 5, 4});
         }},
        {"an operator without reader", model_error::unused_value, "z", 4,
         [](auto& m) {
             m.then(19, {m.map}, {1, 6, 5, 4});
             m.outputs = {m.y};
         }},
        {"branches that share a layer", model_error::entangled, "a", 4,
         [](auto& m) {  // y -> a -> b, a + b + y
             const int a = m.tensor("a", {1, 3}), b = m.tensor("b", {1, 3}),
                       c = m.tensor("c", {1, 3});
             m.operation(19, {m.y}, a);
             m.operation(14, {a}, b);
             m.operation(28, {m.y}, c);
             const int left = m.tensor("left", {1, 6}), right = m.tensor("right", {1, 6}),
                       z = m.tensor("z", {1, 6});
             m.operation(2, {a, c}, left, {{0, -1}});
             m.operation(2, {b, c}, right, {{0, -1}});
             m.operation(0, {left, right}, z);
             m.outputs = {z};
         }},
    };
    for (const case_of& one : cases) {
        CAPTURE(one.what);
        const model_list list = read_model(small_model(one.change).file());
        CHECK_MESSAGE(list.mistake.what == one.error, ctnn::detail::sentence_of(list.mistake.what));
        CHECK(list.mistake.name.view() == one.name);
        CHECK(list.mistake.number == one.number);
        CHECK(list.entries.empty());
        CHECK_FALSE(ctnn::detail::sentence_of(list.mistake.what).empty());
    }
}

TEST_CASE("damaged files are refused") {
    const std::vector<case_of> cases{
        {"no operators", model_error::no_graph, "", 0, [](auto& m) { m.operators.clear(); }},
        {"a tensor that is not there", model_error::malformed, nullptr, 0,
         [](auto& m) { m.outputs = {99}; }},
        {"a negative tensor", model_error::malformed, nullptr, 0,
         [](auto& m) { m.outputs = {-1}; }},
        {"a buffer that is not there", model_error::malformed, nullptr, 0,
         [](auto& m) { m.buffers.pop_back(), m.buffers.pop_back(); }},
        {"a code that is not there", model_error::malformed, nullptr, 0,
         [](auto& m) { m.codes.pop_back(); }},
        {"a negative extent", model_error::unsupported_shape, "z", 8,
         [](auto& m) {
             m.then(19, {m.y}, {1, -3});
         }},
        {"a huge extent", model_error::too_large, "z", 8,
         [](auto& m) {
             m.then(19, {m.y}, {1, 1 << 30});
         }},
        {"a huge product", model_error::too_large, "z", 8,
         [](auto& m) {
             m.then(19, {m.y}, {1, 1 << 20, 1 << 20, 1 << 20});
         }},
        {"a loop", model_error::not_computed, "z", 4,
         [](auto& m) {
             m.then(0, {m.y, 8}, {1, 3});
         }},
        {"an operator before what it reads", model_error::not_computed, "map", 0,
         [](auto& m) { std::swap(m.operators[0], m.operators[1]); }},
        {"a tensor computed twice", model_error::malformed, "RELU", 4,
         [](auto& m) { m.operation(19, {m.map}, m.y); }},
        {"a constant that is computed", model_error::malformed, "RELU", 4,
         [](auto& m) { m.operation(19, {m.map}, m.bias); }},
        {"too few weights", model_error::wrong_shape, "short", 4,
         [](auto& m) {
             const int few = m.constant("short", {2, 3}, 0, flat::bytes(bytes(20, 0)));
             m.then(9, {m.y, few}, {1, 2});
         }},
        {"weights for another input", model_error::wrong_shape, "other", 4,
         [](auto& m) {
             m.then(9, {m.y, m.floats("other", {2, 7})}, {1, 2});
         }},
        {"an output of another shape", model_error::wrong_shape, "z", 4,
         [](auto& m) {
             m.then(19, {m.y}, {1, 4});
         }},
        {"an output with rows for columns", model_error::wrong_shape, "z", 4,
         [](auto& m) {
             m.then(19, {m.map}, {1, 5, 6, 4});
         }},
        {"too few factors", model_error::wrong_shape, "three", 4,
         [](auto& m) {
             m.then(18, {m.map, m.floats("three", {1, 1, 1, 3})}, {1, 6, 5, 4});
         }},
        {"a bias of another length", model_error::wrong_shape, "bias", 4,
         [](auto& m) {
             m.then(9, {m.y, m.floats("square", {3, 3}), m.bias}, {1, 3});
         }},
        {"no operand", model_error::wrong_operands, "RELU", 4,
         [](auto& m) {
             m.then(19, {}, {1, 3});
         }},
        {"an operand left out", model_error::wrong_operands, "ADD", 4,
         [](auto& m) {
             m.then(0, {m.y, -1}, {1, 3});
         }},
        {"the first operand left out", model_error::wrong_operands, "MEAN", 4,
         [](auto& m) {
             m.then(40, {-1, m.integers("axes", {2}, {1, 2})}, {1, 2});
         }},
        {"a stride of 0", model_error::malformed, "MAX_POOL_2D", 4,
         [](auto& m) {
             m.then(17, {m.map}, {1, 6, 5, 4}, {{0, 1}, {1, 0}, {2, 1}, {3, 1}, {4, 1}});
         }},
        {"a negative window", model_error::malformed, "MAX_POOL_2D", 4,
         [](auto& m) {
             m.then(17, {m.map}, {1, 6, 5, 4}, {{0, 1}, {1, 1}, {2, 1}, {3, -1}, {4, 1}});
         }},
        {"a window larger than the map", model_error::wrong_shape, "MAX_POOL_2D", 4,
         [](auto& m) {
             m.then(17, {m.map}, {1, 6, 5, 4}, {{0, 1}, {1, 1}, {2, 1}, {3, 9}, {4, 1}});
         }},
        {"weights in another file", model_error::external_data, "kernel", 1,
         [](auto& m) {
             m.buffers[1] = flat::of({{1, 1000}, {2, 4}});
         }},
    };
    for (const case_of& one : cases) {
        CAPTURE(one.what);
        const model_list list = read_model(small_model(one.change).file());
        CHECK_MESSAGE(list.mistake.what == one.error, ctnn::detail::sentence_of(list.mistake.what));
        if (one.name != nullptr) {
            CHECK(list.mistake.name.view() == one.name);
            CHECK(list.mistake.number == one.number);
        }
        CHECK(list.entries.empty());
    }
}

TEST_CASE("files cut anywhere are refused, and with any byte changed they are read or refused") {
    const bytes whole = small_model().file();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        // A copy of its own: what reads beyond its end, a sanitizer sees.
        const bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        const model_list list = read_model(part);
        if (size < 8) CHECK(list.mistake.what == model_error::unknown_format);
        CHECK(bool(list.mistake));
    }
    std::size_t refused = 0;
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (const unsigned value : {0x00u, 0x01u, 0x7fu, 0x80u, 0xffu}) {
            bytes damaged = whole;
            damaged[at] = static_cast<unsigned char>(value);
            refused += bool(read_model(damaged).mistake);
        }
    CHECK(refused > whole.size() / 4);
}
