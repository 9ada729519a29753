// What a TensorFlow Lite file holds: its tensors, and the operands of one operator after the other.
// https://github.com/tensorflow/tensorflow/blob/master/tensorflow/lite/schema/schema.fbs
#pragma once

#include <ctnn/model_file/flatbuffer.hpp>
#include <ctnn/model_file/graph.hpp>
#include <ctnn/model_file/tflite_operator_names.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

namespace ctnn::detail {

/// The tensors of a file, and the operator that is being read.
struct tflite_file : flatbuffer {
    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t most_operators = 4096, most_extent = std::size_t{1} << 24;

    struct tensor {
        model_name name{};
        unsigned type = 0;          // 0: 32-bit floats, 2: 32-bit integers, 9: bytes with a sign
        flat_vector scales, zeros;  // floats, and integers of 64 bits
        std::int32_t scaled_axis = 0;
        std::vector<std::size_t> extents;
        flat_vector data;          // bytes, if it is a constant
        std::size_t value = none;  // if it is computed
        [[nodiscard]] constexpr std::size_t size() const noexcept {
            std::size_t product = 1;
            for (const std::size_t extent : extents) product *= extent;
            return product;
        }
    };
    flat_vector codes, buffers;
    std::vector<tensor> tensors;
    model_graph graph;
    // The operator that is being read.
    std::size_t operation = 0;
    model_name operator_name{};
    std::vector<std::size_t> inputs;  // tensors; `none` for one that is left out
    std::size_t output = none;
    flat_table options{};

    constexpr explicit tflite_file(std::span<const unsigned char> file) : flatbuffer{file} {}

    constexpr void read_tensors(const flat_vector& list) {
        for (std::size_t i = 0; i < list.size && !mistake; ++i) {
            const flat_table table = table_in(list, i);
            tensor t;
            t.name = name_of(table, 3);
            t.type = byte_of(table, 1);
            const flat_vector extents = vector_of(table, 0, 4);
            if (extents.size > 8) fail(model_error::unsupported_shape, t.name, i);
            std::size_t size = 1;
            for (std::size_t k = 0; k < extents.size && !mistake; ++k) {
                const std::int32_t extent = int32(extents.first + 4 * k);
                if (extent < 0) fail(model_error::unsupported_shape, t.name, i);
                t.extents.push_back(static_cast<std::size_t>(extent));
                if (t.extents.back() >= most_extent || size * t.extents.back() >= most_extent * 16)
                    fail(model_error::too_large, t.name, i);
                else
                    size *= t.extents.back();
            }
            const auto buffer = static_cast<std::size_t>(int32_of(table, 2, 0));
            if (buffer != 0) {
                const flat_table holder = table_in(buffers, buffer);
                if (field(holder, 1) != 0) fail(model_error::external_data, t.name, i);
                t.data = vector_of(holder, 0, 1);
            }
            const flat_table quantization = table_of(table, 4);
            t.scales = vector_of(quantization, 2, 4);
            t.zeros = vector_of(quantization, 3, 8);
            t.scaled_axis = int32_of(quantization, 6, 0);
            if (!mistake) tensors.push_back(static_cast<tensor&&>(t));
        }
    }
    static constexpr unsigned floats = 0, integers = 2, bytes_with_sign = 9;
    /// A tensor's scales must be one, or `count`, positive numbers; its zeros between -128 and 127.
    constexpr bool has_scales(const tensor& t, std::size_t count) {
        bool fits = (t.scales.size == 1 || t.scales.size == count) &&
                    (t.zeros.size == 0 || t.zeros.size == t.scales.size);
        for (std::size_t i = 0; fits && i < t.scales.size; ++i) {
            const float scale = float32(t.scales.first + 4 * i);
            fits = 0.0f < scale && scale < std::numeric_limits<float>::infinity();
        }
        for (std::size_t i = 0; fits && i < t.zeros.size; ++i) {
            const std::int32_t low = int32(t.zeros.first + 8 * i),
                               high = int32(t.zeros.first + 8 * i + 4);
            fits = -128 <= low && low <= 127 && high == (low < 0 ? -1 : 0);
        }
        if (!fits) fail(model_error::unsupported_quantization, t.name, operation);
        return fits && !mistake;
    }
    /// Scale and zero of a value; none of floats.
    constexpr model_scale scale_of(const tensor& t) {
        if (t.type != bytes_with_sign || !has_scales(t, 1)) return {};
        return {float32(t.scales.first), t.zeros.size == 0 ? 0 : int32(t.zeros.first)};
    }
    /// The number at byte `at`, which must be a tensor's.
    constexpr std::size_t tensor_number(std::size_t at) {
        const std::int32_t index = int32(at);
        if (index >= 0 && static_cast<std::size_t>(index) < tensors.size())
            return static_cast<std::size_t>(index);
        fail(model_error::malformed, {}, at);
        return none;
    }
    /// One image: a batch of 1 (or none), then at most three extents.
    constexpr model_shape shape_of(const tensor& t) {
        const std::vector<std::size_t>& e = t.extents;
        if (t.type != (graph.is_int8() ? bytes_with_sign : floats))
            fail(model_error::unsupported_type, t.name, operation);
        if (e.empty() || e.size() > 4 || (e.size() > 1 && e[0] != 1) || t.size() == 0)
            fail(model_error::unsupported_shape, t.name, operation);
        if (mistake) return {};
        return {e.size() > 3 ? e[1] : 1, e.size() > 2 ? e[e.size() - 2] : 1, e.back()};
    }
    constexpr void wrong(model_error error) { fail(error, operator_name, operation); }
    constexpr void unless(bool holds, const model_name& option) {
        if (!holds) fail(model_error::unsupported_option, option, operation);
    }

    constexpr bool has(std::size_t i) const { return i < inputs.size() && inputs[i] != none; }
    constexpr bool is_constant(std::size_t i) const {
        return has(i) && tensors[inputs[i]].data.size > 0;
    }
    constexpr std::size_t computed(std::size_t number) {
        if (tensors[number].value == none)
            fail(model_error::not_computed, tensors[number].name, operation);
        return tensors[number].value == none ? 0 : tensors[number].value;
    }
    /// The value of operand `i`.
    constexpr std::size_t operand(std::size_t i) {
        if (!has(i)) wrong(model_error::wrong_operands);
        return has(i) ? computed(inputs[i]) : 0;
    }
    /// Operand `i`, which must be a constant of `rank` extents (0: any).
    constexpr const tensor& constant(std::size_t i, std::size_t rank, unsigned type = floats) {
        if (!has(i)) wrong(model_error::wrong_operands);
        const tensor& t = tensors[has(i) ? inputs[i] : 0];
        if (t.data.size == 0) fail(model_error::not_constant, t.name, operation);
        if (t.type != type) fail(model_error::unsupported_type, t.name, operation);
        if ((rank != 0 && t.extents.size() != rank) ||
            t.data.size != (type == bytes_with_sign ? 1 : 4) * t.size())
            fail(model_error::wrong_shape, t.name, operation);
        return t;
    }
    /// As many numbers as `count`, or one for all.
    constexpr model_array list_of(std::size_t i, std::size_t count) {
        const tensor& t = constant(i, 0);
        for (std::size_t k = 0; k + 1 < t.extents.size(); ++k)
            if (t.extents[k] != 1) fail(model_error::unsupported_shape, t.name, operation);
        if (t.size() != count && t.size() != 1) fail(model_error::wrong_shape, t.name, operation);
        return {true, 0.0f, t.data.first, {1, 1, 1, count}, {0, 0, 0, t.size() == 1 ? 0u : 4u}};
    }

    /// Looks at the next operator; returns its number in the schema.
    constexpr std::size_t open_operator(const flat_table& table) {
        const flat_table code = table_in(codes, static_cast<std::size_t>(int32_of(table, 0, 0)));
        const std::size_t old_number = byte_of(code, 0);
        const auto new_number = static_cast<std::size_t>(int32_of(code, 3, 0));
        const std::size_t number = std::max(old_number, new_number);
        const bool is_custom = number == 32 && field(code, 1) != 0;
        operator_name = is_custom ? name_of(code, 1)
                        : number < tflite_operator_names.size()
                            ? model_name(tflite_operator_names[number])
                            : model_name(std::string_view("a newer one"));
        options = table_of(table, 4);
        inputs.clear();
        output = none;
        const flat_vector in = vector_of(table, 1, 4), out = vector_of(table, 2, 4);
        for (std::size_t i = 0; i < in.size && !mistake; ++i)
            inputs.push_back(int32(in.first + 4 * i) == -1 ? none
                                                           : tensor_number(in.first + 4 * i));
        if (out.size != 1) wrong(model_error::unsupported_operator);
        if (!mistake) output = tensor_number(out.first);
        return number;
    }
};

}  // namespace ctnn::detail
