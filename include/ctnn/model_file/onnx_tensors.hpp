// The tensors of an ONNX file: each has a name, some are constants.
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

constexpr bool is_text(std::span<const unsigned char> text, std::string_view wanted) noexcept {
    if (text.size() != wanted.size()) return false;
    for (std::size_t i = text.size(); i-- > 0;)
        if (text[i] != static_cast<unsigned char>(wanted[i])) return false;
    return true;
}

class onnx_tensors : protected protobuf {
protected:
    using text_of_file = std::span<const unsigned char>;
    static constexpr std::size_t none = onnx_tensor::none;
    static constexpr std::size_t most_tensors = 16384, most_operands = 1024,
                                 most_extent = std::size_t{1} << 24, most_rank = 8,
                                 most_numbers = 64;

    std::vector<onnx_tensor> tensors;

    constexpr explicit onnx_tensors(std::span<const unsigned char> file) : protobuf{file} {
        names_.fill(none);
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

    constexpr void define(onnx_tensor&& found) {
        if (mistake) return;
        const std::size_t number = tensor_named(found.name);
        if (mistake) return;
        if (is_computed_or_constant(number))
            fail(model_error::malformed, model_name(found.name), found.first);
        found.next = tensors[number].next;
        tensors[number] = static_cast<onnx_tensor&&>(found);
    }

private:
    std::array<std::size_t, 256> names_{};  // the first tensor of each hash

    static constexpr std::size_t hash_of(text_of_file name) noexcept {
        unsigned result = 0;
        for (const unsigned char letter : name) result = result * 31U + letter;
        return (result ^ (result >> 8U)) & 255U;
    }
};

}  // namespace ctnn::detail
