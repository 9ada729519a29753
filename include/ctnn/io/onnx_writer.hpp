// Writes ONNX files: a graph's nodes and constants as Protocol Buffers.
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
#pragma once

#include <ctnn/language.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ctnn::detail {

/// A message of Protocol Buffers, field by field. https://protobuf.dev/programming-guides/encoding
class protobuf_message {
public:
    protobuf_message& number(unsigned field, std::uint64_t value) {
        key(field, 0);
        varint(value);
        return *this;
    }
    protobuf_message& real(unsigned field, float value) {
        key(field, 5);
        little_endian(std::bit_cast<std::uint32_t>(value), 4);
        return *this;
    }
    protobuf_message& text(unsigned field, std::string_view value) {
        key(field, 2);
        varint(value.size());
        bytes_ += value;
        return *this;
    }
    protobuf_message& message(unsigned field, const protobuf_message& value) {
        return text(field, value.bytes_);
    }
    void little_endian(std::uint64_t value, unsigned count) {
        for (unsigned i = 0; i < count; ++i) bytes_ += static_cast<char>(value >> (8 * i) & 0xFF);
    }
    [[nodiscard]] const std::string& all() const noexcept { return bytes_; }

private:
    std::string bytes_;

    void key(unsigned field, unsigned type) { varint(std::uint64_t{field} << 3 | type); }
    void varint(std::uint64_t value) {
        for (; value > 127; value >>= 7) bytes_ += static_cast<char>(value | 128);
        bytes_ += static_cast<char>(value);
    }
};

struct written_attribute : protobuf_message {
    written_attribute(std::string_view name, float value) {
        text(1, name).real(2, value).number(20, 1);
    }
    written_attribute(std::string_view name, std::size_t value) {
        text(1, name).number(3, value).number(20, 2);
    }
    written_attribute(std::string_view name, const char* value) {
        text(1, name).text(4, value).number(20, 3);
    }
    written_attribute(std::string_view name, std::initializer_list<std::size_t> values) {
        text(1, name);
        for (const std::size_t value : values) number(8, value);
        number(20, 7);
    }
};

class onnx_writer {
public:
    using texts = std::vector<std::string>;

    /// A node that writes a value of the same name.
    void node(std::string_view kind, const texts& inputs, const std::string& output,
              const std::vector<written_attribute>& attributes = {}) {
        protobuf_message node;
        for (const std::string& input : inputs) node.text(1, input);
        node.text(2, output).text(3, output).text(4, kind);
        for (const written_attribute& attribute : attributes) node.message(5, attribute);
        graph_.message(1, node);
    }
    /// A constant; returns its name.
    std::string floats(const std::string& name, const std::vector<std::size_t>& extents,
                       std::span<const float> values) {
        protobuf_message data;
        for (const float value : values) data.little_endian(std::bit_cast<std::uint32_t>(value), 4);
        return constant(name, extents, 1, data);
    }
    std::string integers(const std::string& name, const std::vector<std::int64_t>& values) {
        protobuf_message data;
        for (const std::int64_t value : values)
            data.little_endian(static_cast<std::uint64_t>(value), 8);
        return constant(name, {values.size()}, 7, data);
    }
    /// The whole file; extents without the batch, which is N.
    [[nodiscard]] std::string file(const std::string& input, std::span<const std::size_t> from,
                                   const std::string& output, std::span<const std::size_t> to) {
        graph_.text(2, "network").message(11, value(input, from)).message(12, value(output, to));
        protobuf_message opset, model;
        opset.text(1, "").number(2, 17);
        model.number(1, 8).text(2, "ctnn").message(7, graph_).message(8, opset);
        return model.all();
    }

private:
    protobuf_message graph_;

    std::string constant(const std::string& name, const std::vector<std::size_t>& extents,
                         std::uint64_t type, const protobuf_message& data) {
        protobuf_message tensor;
        for (const std::size_t extent : extents) tensor.number(1, extent);
        tensor.number(2, type).text(8, name).text(9, data.all());
        graph_.message(5, tensor);
        return name;
    }
    static protobuf_message value(const std::string& name, std::span<const std::size_t> extents) {
        protobuf_message batch, shape, tensor, type, result;
        batch.text(2, "N");
        shape.message(1, batch);
        for (const std::size_t extent : extents) {
            protobuf_message dimension;
            dimension.number(1, extent);
            shape.message(1, dimension);
        }
        tensor.number(1, 1).message(2, shape);
        type.message(1, tensor);
        result.text(1, name).message(2, type);
        return result;
    }
};

}  // namespace ctnn::detail
