// What stands in an ONNX file: its graph's nodes and their attributes, its input and its output.
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
#pragma once

#include <ctnn/model_file/onnx_tensors.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace ctnn::detail {

struct onnx_attribute {
    std::span<const unsigned char> name;
    proto_message body;
};

struct onnx_node {
    std::span<const unsigned char> kind;
    bool is_foreign = false;                   // of another domain
    std::vector<std::size_t> inputs, outputs;  // tensors; `none` for one that is left out
    std::vector<onnx_attribute> attributes;
};

class onnx_file : protected onnx_tensors {
protected:
    static constexpr std::size_t most_operators = 4096, most_operands = 1024;

    std::vector<onnx_node> nodes;
    std::size_t input = none, output = none;
    std::int64_t opset = 0;

    using onnx_tensors::onnx_tensors;

    /// Reads everything but what the nodes mean.
    constexpr void read_file() {
        proto_message model = root(), graph{};
        for (proto_field field; next(model, field);)
            if (field.is(7, 2)) {
                if (graph.size() > 0) fail(model_error::malformed, {}, field.body.at);
                graph = field.body;
            } else if (field.is(8, 2)) {
                read_opset(field.body);
            }
        if (graph.size() == 0) fail(model_error::no_graph);
        if (opset < 7 || opset > 21)
            fail(model_error::unsupported_version, std::string_view("opset"),
                 static_cast<std::size_t>(opset));
        const proto_message all = graph;
        for (proto_field field; next(graph, field);)
            if (field.is(5, 2)) {
                onnx_tensor found = tensor_in(field.body);
                define(static_cast<onnx_tensor&&>(found));
            }
        std::size_t inputs = 0, outputs = 0;
        graph = all;
        for (proto_field field; next(graph, field);)
            if (field.is(1, 2))
                read_node(field.body);
            else if (field.is(11, 2))
                read_input(field.body, inputs);
            else if (field.is(12, 2)) {
                output = tensor_named(name_in(field.body));
                ++outputs;
            }
        if (mistake) return;
        if (inputs != 1) fail(model_error::inputs_not_one, {}, inputs);
        if (outputs != 1) fail(model_error::outputs_not_one, {}, outputs);
        if (nodes.empty()) fail(model_error::no_graph);
        if (!mistake) ++tensors[output].reads;
    }

private:
    /// The bytes of a field that stands once; empty, if it is not there.
    constexpr proto_message part_of(proto_message message, std::uint64_t number) {
        proto_message result{};
        for (proto_field field; next(message, field);)
            if (field.is(number, 2)) result = field.body;
        return result;
    }
    constexpr text_of_file name_in(const proto_message& message) {
        return text(part_of(message, 1));
    }
    constexpr void read_opset(proto_message message) {
        bool is_standard = true;
        std::uint64_t version = 0;
        for (proto_field field; next(message, field);) {
            if (field.is(1, 2)) is_standard = is_standard_domain(text(field.body));
            if (field.is(2, 0)) version = field.value;
        }
        if (is_standard) opset = static_cast<std::int64_t>(version);
    }
    static constexpr bool is_standard_domain(text_of_file domain) noexcept {
        return domain.empty() || is_text(domain, "ai.onnx");
    }
    /// The network's input: one that is no constant, of floats, a batch of any size and then known
    /// extents.
    constexpr void read_input(proto_message message, std::size_t& inputs) {
        const std::size_t number = tensor_named(name_in(message));
        if (mistake || tensors[number].is_constant()) return;
        if (++inputs > 1) return;
        input = number;
        const text_of_file name = tensors[number].name;
        std::vector<std::size_t> extents;
        const proto_message type_of_tensor = part_of(part_of(message, 2), 1);
        proto_message type = type_of_tensor, shape = part_of(type_of_tensor, 2);
        for (proto_field field; next(type, field);)
            if (field.is(1, 0) && field.value != static_cast<std::uint64_t>(onnx_type::float32))
                fail(model_error::unsupported_type, model_name(name));
        for (proto_field extent; next(shape, extent);)
            if (extent.is(1, 2)) read_extent(extent.body, extents, name);
        if (extents.size() < 2 || extents.size() > 4 || extents[0] != 1)
            fail(model_error::unsupported_shape, model_name(name));
        if (!mistake && size_of(extents, name) == 0)
            fail(model_error::unsupported_shape, model_name(name));
        tensors[number].view.extents = extents;
    }
    constexpr void read_extent(proto_message message, std::vector<std::size_t>& extents,
                               text_of_file name) {
        std::int64_t extent = extents.empty() ? 1 : 0;  // a batch is of one, where it is not said
        for (proto_field field; next(message, field);)
            if (field.is(1, 0)) extent = static_cast<std::int64_t>(field.value);
        if (extents.empty() && extent <= 0) extent = 1;
        if (extents.size() == most_rank)
            fail(model_error::unsupported_shape, model_name(name));
        else
            extents.push_back(extent_of(extent, name));
    }
    constexpr void read_node(proto_message message) {
        if (nodes.size() == most_operators) fail(model_error::too_large, {}, most_operators);
        onnx_node node;
        for (proto_field field; next(message, field);) {
            if (field.is(1, 2) || field.is(2, 2)) {
                const std::size_t tensor =
                    field.body.size() == 0 ? none : tensor_named(text(field.body));
                auto& list = field.number == 1 ? node.inputs : node.outputs;
                if (list.size() == most_operands)
                    fail(model_error::too_large, {}, nodes.size());
                else
                    list.push_back(tensor);
                if (field.number == 1 && tensor != none && !mistake) {
                    ++tensors[tensor].reads;
                    tensors[tensor].reader = nodes.size();
                }
            }
            if (field.is(4, 2)) node.kind = text(field.body);
            if (field.is(5, 2)) node.attributes.push_back({name_in(field.body), field.body});
            if (field.is(7, 2)) node.is_foreign = !is_standard_domain(text(field.body));
        }
        if (!mistake) nodes.push_back(static_cast<onnx_node&&>(node));
    }
};

}  // namespace ctnn::detail
