// What stands in an ONNX file: nodes, their attributes, and tensors with names, some of them constants.
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
#pragma once

#include <ctnn/model_file/graph.hpp>
#include <ctnn/model_file/onnx_view.hpp>
#include <ctnn/model_file/protobuf.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

namespace ctnn::detail {

/// The types of tensors' elements that the reader knows, by their number.
enum class onnx_type : std::uint64_t { none = 0, float32 = 1, int32 = 6, int64 = 7, boolean = 9 };

/// What is computed on the way to an activation that has no operator of its own.
enum class onnx_formula {
    none,
    scaled,
    erf,
    erf_and_1,
    times_erf_and_1,
    magnitude,
    magnitude_and_1
};

struct onnx_tensor {
    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
    std::span<const unsigned char> name;
    std::size_t next = none;  // with a similar name
    std::size_t reads = 0, reader = none;
    onnx_view view{};
    std::size_t value = none;  // if it is computed
    onnx_formula formula = onnx_formula::none;
    std::size_t of = none;  // the tensor that the formula is about
    // If it is a constant: its type, where its floats begin, or its numbers.
    onnx_type type = onnx_type::none;
    bool has_floats = false;
    std::size_t first = 0;
    std::vector<std::int64_t> numbers;

    [[nodiscard]] constexpr bool is_constant() const noexcept { return type != onnx_type::none; }
    [[nodiscard]] constexpr bool is_whole() const noexcept {
        return is_constant() && type != onnx_type::float32;
    }
};

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

constexpr bool is_text(std::span<const unsigned char> text, std::string_view wanted) noexcept {
    if (text.size() != wanted.size()) return false;
    for (std::size_t i = text.size(); i-- > 0;)
        if (text[i] != static_cast<unsigned char>(wanted[i])) return false;
    return true;
}

class onnx_file : protected protobuf {
protected:
    using text_of_file = std::span<const unsigned char>;
    static constexpr std::size_t none = onnx_tensor::none;
    static constexpr std::size_t most_operators = 4096, most_tensors = 16384, most_operands = 1024,
                                 most_extent = std::size_t{1} << 24, most_rank = 8,
                                 most_numbers = 64;

    std::vector<onnx_tensor> tensors;
    std::vector<onnx_node> nodes;
    std::size_t input = none, output = none;
    std::int64_t opset = 0;

    constexpr explicit onnx_file(std::span<const unsigned char> file) : protobuf{file} {
        names_.fill(none);
    }

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

    /// The tensor with this name; a new one, if there is none.
    constexpr std::size_t tensor_named(text_of_file name) {
        std::size_t& first = names_[hash_of(name)];
        for (std::size_t i = first; i != none; i = tensors[i].next)
            if (std::ranges::equal(tensors[i].name, name)) return i;
        if (tensors.size() == most_tensors) {
            fail(model_error::too_large, model_name(name), most_tensors);
            return 0;
        }
        onnx_tensor added;
        added.name = name;
        added.next = first;
        tensors.push_back(static_cast<onnx_tensor&&>(added));
        first = tensors.size() - 1;
        return first;
    }

    /// A constant, as initializers and the operator Constant have it.
    constexpr onnx_tensor tensor_in(proto_message message) {
        onnx_tensor result;
        std::vector<std::int64_t> extents, numbers;
        proto_message raw{}, floats{};
        bool has_raw = false, is_external = false, has_single_floats = false;
        for (proto_field field; next(message, field);) {
            if (field.number == 1) append(field, extents, most_rank);
            if (field.is(2, 0)) result.type = static_cast<onnx_type>(field.value);
            if (field.is(4, 2)) floats = field.body;
            if (field.is(4, 5)) has_single_floats = true;
            if ((field.number == 5 || field.number == 7) && numbers.size() <= most_numbers)
                append(field, numbers, field.wire == 2 ? field.body.size() : most_numbers + 1);
            if (field.is(8, 2)) result.name = text(field.body);
            if (field.is(9, 2)) raw = field.body, has_raw = true;
            if (field.is(13, 2) || (field.is(14, 0) && field.value == 1)) is_external = true;
        }
        const text_of_file name = result.name;
        if (is_external) fail(model_error::external_data, model_name(name));
        if (has_single_floats) fail(model_error::unsupported_type, model_name(name));
        std::vector<std::size_t> sizes;
        sizes.reserve(extents.size());
        for (const std::int64_t extent : extents) sizes.push_back(extent_of(extent, name));
        if (mistake) return result;
        const std::size_t size = size_of(sizes, name);
        result.view = view_in_order(static_cast<std::vector<std::size_t>&&>(sizes));
        const proto_message& data = has_raw ? raw : floats;
        const std::size_t width = result.type == onnx_type::int64     ? 8
                                  : result.type == onnx_type::boolean ? 1
                                                                      : 4;
        result.first = data.at;
        if (result.type == onnx_type::float32) {
            result.has_floats = size > 0;
            if (data.size() != 4 * size) fail(model_error::wrong_shape, model_name(name));
        } else if (result.type == onnx_type::int32 || result.type == onnx_type::int64 ||
                   result.type == onnx_type::boolean) {
            if (has_raw && raw.size() != width * size)
                fail(model_error::wrong_shape, model_name(name));
            if (!has_raw && numbers.size() < std::min(size, most_numbers))
                fail(model_error::wrong_shape, model_name(name));
            for (std::size_t i = 0; i < size && size <= most_numbers && !mistake; ++i)
                result.numbers.push_back(!has_raw     ? numbers[i]
                                         : width == 8 ? int64(raw.at + 8 * i)
                                         : width == 4 ? int32(raw.at + 4 * i)
                                                      : std::int64_t{bytes[raw.at + i]});
        } else if (result.type == onnx_type::none) {
            fail(model_error::unsupported_type, model_name(name));
        }
        return result;
    }
    constexpr std::size_t extent_of(std::int64_t extent, text_of_file name) {
        if (extent < 0) fail(model_error::unsupported_shape, model_name(name));
        if (extent >= static_cast<std::int64_t>(most_extent))
            fail(model_error::too_large, model_name(name));
        return mistake ? 0 : static_cast<std::size_t>(extent);
    }
    /// The product of extents, if it is not too large.
    constexpr std::size_t size_of(const std::vector<std::size_t>& extents, text_of_file name) {
        std::uint64_t size = 1;
        for (const std::size_t extent : extents) {
            size *= std::min(extent, most_extent);
            if (size >= 16 * most_extent) {
                fail(model_error::too_large, model_name(name));
                return 0;
            }
        }
        return static_cast<std::size_t>(size);
    }
    constexpr bool is_computed_or_constant(std::size_t tensor) const {
        return tensors[tensor].value != none || tensors[tensor].is_constant();
    }

private:
    std::array<std::size_t, 256> names_{};  // the first tensor of each hash

    static constexpr std::size_t hash_of(text_of_file name) noexcept {
        unsigned result = 0;
        for (const unsigned char letter : name) result = result * 31U + letter;
        return (result ^ (result >> 8U)) & 255U;
    }
    constexpr void define(onnx_tensor&& found) {
        if (mistake) return;
        const std::size_t number = tensor_named(found.name);
        if (mistake) return;
        if (is_computed_or_constant(number))
            fail(model_error::malformed, model_name(found.name), found.first);
        found.next = tensors[number].next;
        tensors[number] = static_cast<onnx_tensor&&>(found);
    }
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
