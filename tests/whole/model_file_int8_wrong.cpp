// int8 files that say what the library does not compute as TensorFlow Lite does: what is said of each.
#include <ctnn/model_file/read.hpp>

#include "support/tflite_writer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <string>
#include <vector>

using ctnn::detail::model_error;
using ctnn::detail::model_list;
using ctnn::detail::read_model;

namespace {

/// x[1, 4, 4, 2] -> convolution of 1 x 1 to 3 channels, relu -> average of 2 x 2
struct small_int8 : tflite_writer {
    int x, kernel, bias, map, pooled;

    explicit small_int8(const std::function<void(small_int8&)>& change = {}) {
        x = value("x", {1, 4, 4, 2}, 0.5f, -3);
        kernel = constant("kernel", {3, 1, 1, 2}, 9, flat::bytes({1, 2, 3, 255, 129, 127}));
        quantize(kernel, {0.1f, 0.2f, 0.3f}, {0, 0, 0});
        bias = integers("bias", {3}, {10, -20, 30});
        map = value("map", {1, 4, 4, 3}, 0.25f, -128);
        pooled = value("pooled", {1, 2, 2, 3}, 0.25f, -128);
        operation(3, {x, kernel, bias}, map, {{1, 1}, {2, 1}, {3, 1}});
        operation(1, {map}, pooled, {{0, 1}, {1, 2}, {2, 2}, {3, 2}, {4, 2}});
        inputs = {x};
        outputs = {pooled};
        if (change) change(*this);
    }
    int value(std::string_view name, const std::vector<int>& extents, float scale, int zero) {
        const int number = tensor(name, extents, 9);
        quantize(number, {scale}, {zero});
        return number;
    }
    void then(int code, std::vector<int> from, const std::vector<int>& extents, float scale,
              int zero, std::vector<std::pair<std::size_t, flat>> options = {}) {
        const int z = value("z", extents, scale, zero);
        operation(code, std::move(from), z, std::move(options));
        outputs = {z};
    }
};

struct case_of {
    const char* what;
    model_error error;
    const char* name;
    std::size_t number;
    std::function<void(small_int8&)> change;
};

}  // namespace

TEST_CASE("a small int8 file: its list, scales and zeros") {
    const model_list list = read_model(small_int8().file());
    REQUIRE_MESSAGE(!list.mistake, ctnn::detail::sentence_of(list.mistake.what),
                    list.mistake.name.view());
    CHECK(list.graph.is_int8());
    CHECK(list.graph.input_scale == ctnn::detail::model_scale{0.5f, -3});
    CHECK(list.graph.scale_of(list.graph.output) == ctnn::detail::model_scale{0.25f, -128});
    REQUIRE(list.graph.steps[0].arrays.size() == 3);
    CHECK(list.graph.steps[0].has_bias());
    CHECK(list.graph.steps[0].arrays[2].size() == 3);
}

TEST_CASE("floats at both ends are left out") {
    const model_list list =
        read_model(small_int8([](auto& m) {
                       const int f = m.tensor("f", {1, 4, 4, 2}), g = m.tensor("g", {1, 2, 2, 3});
                       m.operation(114, {f}, m.x);
                       std::rotate(m.operators.begin(), m.operators.end() - 1, m.operators.end());
                       m.operation(6, {m.pooled}, g);
                       m.inputs = {f};
                       m.outputs = {g};
                   }).file());
    REQUIRE_MESSAGE(!list.mistake, ctnn::detail::sentence_of(list.mistake.what),
                    list.mistake.name.view());
    CHECK(list.graph.input_scale == ctnn::detail::model_scale{0.5f, -3});
    CHECK(list.graph.steps.size() == 3);
}

TEST_CASE("what is not TensorFlow Lite's int8 is refused by name and number") {
    const auto of_scales = model_error::unsupported_quantization;
    const std::vector<case_of> cases{
        {"a scale of 0", of_scales, "x", 0, [](auto& m) { m.quantize(m.x, {0.0f}, {0}); }},
        {"an infinite scale", of_scales, "map", 0,
         [](auto& m) { m.quantize(m.map, {std::numeric_limits<float>::infinity()}, {0}); }},
        {"two scales of a value", of_scales, "map", 0,
         [](auto& m) {
             m.quantize(m.map, {0.1f, 0.2f}, {0, 0});
         }},
        {"a zero of 128", of_scales, "map", 0, [](auto& m) { m.quantize(m.map, {0.1f}, {128}); }},
        {"weights with a zero", of_scales, "kernel", 0,
         [](auto& m) {
             m.quantize(m.kernel, {0.1f, 0.2f, 0.3f}, {0, 1, 0});
         }},
        {"a scale too few", of_scales, "kernel", 0,
         [](auto& m) {
             m.quantize(m.kernel, {0.1f, 0.2f}, {0, 0});
         }},
        {"scales of another axis", of_scales, "kernel", 0,
         [](auto& m) {
             m.quantize(m.kernel, {0.1f, 0.2f, 0.3f}, {0, 0, 0}, 3);
         }},
        {"a weight of -128", of_scales, "kernel", 0,
         [](auto& m) {
             m.buffers[1] = flat::of({{0, flat::bytes({1, 2, 3, 128, 5, 6})}});
         }},
        {"pooling to another scale", of_scales, "pooled", 1,
         [](auto& m) { m.quantize(m.pooled, {0.26f}, {-128}); }},
        {"pooling to another zero", of_scales, "pooled", 1,
         [](auto& m) { m.quantize(m.pooled, {0.25f}, {-127}); }},
        {"softmax to another scale", of_scales, "z", 2,
         [](auto& m) {
             m.then(25, {m.pooled}, {1, 2, 2, 3}, 1.0f / 255.0f, -128, {{0, 1.0f}});
         }},
        {"tanh to another zero", of_scales, "z", 2,
         [](auto& m) {
             m.then(28, {m.pooled}, {1, 2, 2, 3}, 1.0f / 128.0f, 1);
         }},
        {"floating-point weights", model_error::unsupported_type, "real", 2,
         [](auto& m) {
             m.then(3, {m.pooled, m.floats("real", {3, 1, 1, 3})}, {1, 2, 2, 3}, 0.1f, 0,
                    {{1, 1}, {2, 1}});
         }},
        {"a floating-point bias", model_error::unsupported_type, "real", 2,
         [](auto& m) {
             const int k =
                 m.constant("k", {1, 1, 1, 3}, 9, flat::bytes(std::vector<unsigned char>{1, 2, 3}));
             m.quantize(k, {0.1f}, {0});
             m.then(3, {m.pooled, k, m.floats("real", {1})}, {1, 2, 2, 1}, 0.1f, 0,
                    {{1, 1}, {2, 1}});
         }},
        {"a value of floats", model_error::unsupported_type, "map", 0,
         [](auto& m) {
             m.tensors[static_cast<std::size_t>(m.map)] =
                 flat::of({{0, flat::ints({1, 4, 4, 3})}, {1, 0}, {3, std::string_view("map")}});
         }},
        {"an activation that is rounded otherwise there", model_error::unsupported_operator,
         "HARD_SWISH", 2,
         [](auto& m) {
             m.then(117, {m.pooled}, {1, 2, 2, 3}, 0.1f, 0);
         }},
        {"bytes to other bytes", model_error::unsupported_operator, "QUANTIZE", 2,
         [](auto& m) {
             m.then(114, {m.pooled}, {1, 2, 2, 3}, 0.1f, 0);
         }},
        {"tanh within a convolution", model_error::unsupported_option, "fused_activation_function",
         2,
         [](auto& m) {
             const int k =
                 m.constant("k", {1, 1, 1, 3}, 9, flat::bytes(std::vector<unsigned char>{1, 2, 3}));
             m.quantize(k, {0.1f}, {0});
             m.then(3, {m.pooled, k}, {1, 2, 2, 1}, 0.1f, 0, {{1, 1}, {2, 1}, {3, 4}});
         }},
        {"an activation of pooling", model_error::unsupported_option, "fused_activation_function",
         2,
         [](auto& m) {
             m.then(1, {m.pooled}, {1, 1, 1, 3}, 0.25f, -128,
                    {{0, 1}, {1, 1}, {2, 1}, {3, 2}, {4, 2}, {5, 1}});
         }},
    };
    for (const case_of& one : cases) {
        CAPTURE(one.what);
        const model_list list = read_model(small_int8(one.change).file());
        CHECK_MESSAGE(list.mistake.what == one.error, ctnn::detail::sentence_of(list.mistake.what));
        CHECK(list.mistake.name.view() == one.name);
        CHECK(list.mistake.number == one.number);
        CHECK(list.entries.empty());
    }
}
