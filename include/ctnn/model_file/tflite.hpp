// Reads TensorFlow Lite's model files: what their operators are called here, and where the weights
// lie. https://ai.google.dev/edge/litert/models/ops_compatibility
#pragma once

#include <ctnn/model_file/tflite_layers.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ctnn::detail {

/// The schema's operators, by their number.
enum class tflite_operator : std::size_t {
    add = 0,
    average_pool_2d = 1,
    concatenation = 2,
    conv_2d = 3,
    depthwise_conv_2d = 4,
    dequantize = 6,
    fully_connected = 9,
    logistic = 14,
    max_pool_2d = 17,
    mul = 18,
    relu = 19,
    relu_n1_to_1 = 20,
    relu6 = 21,
    reshape = 22,
    resize_bilinear = 23,
    softmax = 25,
    tanh = 28,
    pad = 34,
    mean = 40,
    squeeze = 43,
    prelu = 54,
    transpose_conv = 67,
    expand_dims = 70,
    resize_nearest_neighbor = 97,
    leaky_relu = 98,
    elu = 111,
    quantize = 114,
    hard_swish = 117
};

class tflite_reader : private tflite_layers {
public:
    constexpr explicit tflite_reader(std::span<const unsigned char> file) : tflite_layers(file) {}

    constexpr model_graph read() {
        const flat_table model = root();
        codes = vector_of(model, 1, 4);
        buffers = vector_of(model, 4, 4);
        const flat_vector graphs = vector_of(model, 2, 4);
        if (graphs.size == 0) fail(model_error::no_graph);
        if (!mistake) read_subgraph(table_in(graphs, 0));
        graph.mistake = mistake;
        return static_cast<model_graph&&>(graph);
    }

private:
    constexpr void read_subgraph(const flat_table& table) {
        read_tensors(vector_of(table, 0, 4));
        const flat_vector in = vector_of(table, 1, 4), out = vector_of(table, 2, 4),
                          operators = vector_of(table, 3, 4);
        if (in.size != 1) fail(model_error::inputs_not_one, {}, in.size);
        if (out.size != 1) fail(model_error::outputs_not_one, {}, out.size);
        if (operators.size == 0) fail(model_error::no_graph);
        if (operators.size > most_operators) fail(model_error::too_large, {}, operators.size);
        if (mistake) return;
        const std::size_t input = tensor_number(in.first);
        if (mistake) return;
        graph.input_scale = scale_of(tensors[input]);
        graph.input = shape_of(tensors[input]);
        tensors[input].value = 0;
        for (operation = 0; operation < operators.size && !mistake; ++operation)
            read_operator(table_in(operators, operation));
        if (mistake) return;
        const std::size_t result = tensor_number(out.first);
        if (!mistake) graph.output = computed(result);
    }
    constexpr void read_operator(const flat_table& table) {
        const std::size_t number = open_operator(table);
        if (mistake || tensors[output].type == integers) return;  // of shapes: they are known
        if (tensors[output].value != none || tensors[output].data.size > 0)
            return wrong(model_error::malformed);
        const auto kind = static_cast<tflite_operator>(number);
        if (kind == tflite_operator::quantize || kind == tflite_operator::dequantize)
            return read_change_of_type(kind);
        const std::size_t value = read_kind(kind);
        if (mistake) return;
        if (graph.is_int8()) check_scales(kind, value);
        if (graph.shape_of(value) != shape_of(tensors[output]))
            fail(model_error::wrong_shape, tensors[output].name, operation);
        tensors[output].value = value;
    }
    /// From floats to bytes where the network begins, and back where it ends: the network is that
    /// between.
    constexpr void read_change_of_type(tflite_operator kind) {
        const std::size_t value = operand(0);
        if (mistake) return;
        const bool begins = kind == tflite_operator::quantize;
        if (begins && (value != 0 || !graph.steps.empty() || graph.is_int8()))
            return wrong(model_error::unsupported_operator);
        if (!begins && !graph.is_int8()) return wrong(model_error::unsupported_operator);
        if (begins) graph.input_scale = scale_of(tensors[output]);
        if (begins && !graph.is_int8()) return wrong(model_error::unsupported_type);
        tensors[output].value = value;
    }
    /// What the library computes in bytes as TensorFlow Lite does, and with which scales.
    constexpr void check_scales(tflite_operator kind, std::size_t value) {
        using of = tflite_operator;
        const model_scale here = scale_of(tensors[output]);
        const auto moves = {of::average_pool_2d,
                            of::max_pool_2d,
                            of::reshape,
                            of::squeeze,
                            of::expand_dims,
                            of::pad,
                            of::mean,
                            of::concatenation,
                            of::resize_nearest_neighbor};
        const auto computes = {of::conv_2d, of::depthwise_conv_2d, of::fully_connected, of::add,
                               of::mul,     of::softmax,           of::logistic,        of::tanh};
        if (std::find(moves.begin(), moves.end(), kind) != moves.end()) {
            for (const std::size_t operand : inputs)
                if (operand != none && tensors[operand].value != none &&
                    scale_of(tensors[operand]) != here)
                    fail(model_error::unsupported_quantization, tensors[output].name, operation);
            if (kind != of::reshape && kind != of::squeeze && kind != of::expand_dims &&
                kind != of::pad && kind != of::resize_nearest_neighbor && kind != of::mean)
                unless(byte_of(options, kind == of::concatenation ? 1 : 5) == 0,
                       std::string_view("fused_activation_function"));
        } else if (std::find(computes.begin(), computes.end(), kind) == computes.end()) {
            wrong(model_error::unsupported_operator);
        }
        if (value > 0 && graph.steps[value - 1].kind == step_kind::tanh)
            unless(kind == of::tanh, std::string_view("fused_activation_function"));
        const auto has_scale = [&](float scale, int zero) {
            if (here != model_scale{scale, zero})
                fail(model_error::unsupported_quantization, tensors[output].name, operation);
        };
        if (kind == of::softmax || kind == of::logistic) has_scale(1.0f / 256.0f, -128);
        if (kind == of::tanh) has_scale(1.0f / 128.0f, 0);
    }
    constexpr std::size_t read_kind(tflite_operator kind) {
        using of = tflite_operator;
        switch (kind) {
        case of::conv_2d:
            return read_conv();
        case of::depthwise_conv_2d:
            return read_depthwise();
        case of::transpose_conv:
            return read_transpose_conv();
        case of::fully_connected:
            return read_dense();
        case of::max_pool_2d:
            return read_pool(step_kind::max_pool2d);
        case of::average_pool_2d:
            return read_pool(step_kind::average_pool2d);
        case of::add:
            return read_sum_or_product(step_kind::add);
        case of::mul:
            return read_sum_or_product(step_kind::multiply);
        case of::concatenation:
            return read_concatenation();
        case of::mean:
            return read_mean();
        case of::pad:
            return read_pad();
        case of::reshape:
        case of::squeeze:
        case of::expand_dims:
            return read_reshape();
        case of::resize_bilinear:
            return read_resize(true, 2);
        case of::resize_nearest_neighbor:
            return read_resize(false, 0);
        case of::softmax:
            unless(float_of(options, 0, 0.0f) == 1.0f, std::string_view("beta"));
            return add(step_of(step_kind::softmax));
        case of::logistic:
            return add(step_of(step_kind::sigmoid));
        case of::tanh:
            return add(step_of(step_kind::tanh));
        case of::relu:
            return add(step_of(step_kind::relu));
        case of::relu6:
            return add(step_of(step_kind::relu6));
        case of::relu_n1_to_1:
            return add_clip(operand(0), -1, 1);
        case of::hard_swish:
            return add(step_of(step_kind::hard_swish));
        case of::elu: {
            model_step step = step_of(step_kind::elu);
            step.first = {1, 1};
            return add(static_cast<model_step&&>(step));
        }
        case of::leaky_relu: {
            model_step step = step_of(step_kind::leaky_relu);
            step.first = fraction_of(float_of(options, 0, 0.0f));
            unless(step.first.denominator > 0 && step.first.numerator >= 0,
                   std::string_view("alpha"));
            return add(static_cast<model_step&&>(step));
        }
        case of::prelu: {
            model_step step = step_of(step_kind::prelu);
            step.arrays.push_back(list_of(1, graph.shape_of(step.inputs[0]).channels));
            return add(static_cast<model_step&&>(step));
        }
        default:
            wrong(model_error::unsupported_operator);
            return 0;
        }
    }
};

constexpr model_graph read_tflite(std::span<const unsigned char> file) {
    return tflite_reader(file).read();
}

}  // namespace ctnn::detail
