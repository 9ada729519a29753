// The wire format of FlatBuffers, as far as TensorFlow Lite's files need it: tables with optional
// fields, vectors, strings. https://flatbuffers.dev/internals
#pragma once

#include <ctnn/model_file/file_bytes.hpp>

namespace ctnn::detail {

/// A vector: its elements begin at byte `first`.
struct flat_vector {
    std::size_t first = 0, size = 0;
};

/// A table: where it stands, and where its vtable says which fields it has. One that is not there
/// has no field.
struct flat_table {
    std::size_t at = 0, vtable = 0, vtable_bytes = 0;

    [[nodiscard]] constexpr explicit operator bool() const noexcept { return at != 0; }
};

struct flatbuffer : file_bytes {
    /// What the offset at byte `at` points to.
    constexpr std::size_t follow(std::size_t at) {
        const auto offset = static_cast<std::size_t>(number<4>(at));
        if (offset == 0) fail(model_error::malformed, {}, at);
        return has(at + offset, 4) ? at + offset : 0;
    }
    constexpr flat_table table(std::size_t at) {
        const std::int64_t vtable = static_cast<std::int64_t>(at) - int32(at);
        if (mistake || vtable < 0 || at == 0) {
            fail(model_error::malformed, {}, at);
            return {};
        }
        const auto start = static_cast<std::size_t>(vtable);
        const auto size = static_cast<std::size_t>(number<2>(start));
        return has(start, size) ? flat_table{at, start, size} : flat_table{};
    }
    constexpr flat_table root() { return table(follow(0)); }

    /// Where field `index` of a table stands; 0 if it has its default.
    constexpr std::size_t field(const flat_table& of, std::size_t index) {
        const std::size_t entry = 4 + 2 * index;
        if (!of || entry + 2 > of.vtable_bytes) return 0;
        const auto offset = static_cast<std::size_t>(number<2>(of.vtable + entry));
        return offset == 0 ? 0 : of.at + offset;
    }
    constexpr std::int32_t int32_of(const flat_table& of, std::size_t index,
                                    std::int32_t otherwise) {
        const std::size_t at = field(of, index);
        return at == 0 ? otherwise : int32(at);
    }
    constexpr unsigned byte_of(const flat_table& of, std::size_t index, unsigned otherwise = 0) {
        const std::size_t at = field(of, index);
        return at == 0 ? otherwise : static_cast<unsigned>(number<1>(at));
    }
    constexpr float float_of(const flat_table& of, std::size_t index, float otherwise) {
        const std::size_t at = field(of, index);
        return at == 0 ? otherwise : float32(at);
    }
    constexpr flat_table table_of(const flat_table& of, std::size_t index) {
        const std::size_t at = field(of, index);
        return at == 0 ? flat_table{} : table(follow(at));
    }
    /// A vector whose elements have `bytes_each`.
    constexpr flat_vector vector_of(const flat_table& of, std::size_t index,
                                    std::size_t bytes_each) {
        const std::size_t at = field(of, index);
        if (at == 0) return {};
        const std::size_t start = follow(at);
        const auto size = static_cast<std::size_t>(number<4>(start));
        if (size > bytes.size() / bytes_each) fail(model_error::truncated, {}, start);
        return !mistake && has(start + 4, size * bytes_each) ? flat_vector{start + 4, size}
                                                             : flat_vector{};
    }
    /// Table number `i` of a vector of tables.
    constexpr flat_table table_in(const flat_vector& in, std::size_t i) {
        if (i >= in.size) {
            fail(model_error::malformed, {}, in.first);
            return {};
        }
        return table(follow(in.first + 4 * i));
    }
    constexpr model_name name_of(const flat_table& of, std::size_t index) {
        const flat_vector letters = vector_of(of, index, 1);
        return model_name(part(letters.first, letters.size));
    }
};

}  // namespace ctnn::detail
