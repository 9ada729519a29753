// The wire format of Protocol Buffers, as far as ONNX files need it: messages of numbered fields.
// https://protobuf.dev/programming-guides/encoding
#pragma once

#include <ctnn/model_file/file_bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ctnn::detail {

/// What is left of a message: bytes `at` to `end`.
struct proto_message {
    std::size_t at = 0, end = 0;
    bool operator==(const proto_message&) const = default;
    [[nodiscard]] constexpr std::size_t size() const noexcept { return end - at; }
};

/// A field: a number, or the bytes that it has. Floats are their bits.
struct proto_field {
    std::uint64_t number = 0;
    unsigned wire = 0;  // 0: a varint, 1: 8 bytes, 2: bytes (also a message), 5: 4 bytes
    std::uint64_t value = 0;
    proto_message body{};

    [[nodiscard]] constexpr bool is(std::uint64_t which, unsigned kind) const noexcept {
        return number == which && wire == kind;
    }
};

struct protobuf : file_bytes {
    [[nodiscard]] constexpr proto_message root() const noexcept { return {0, bytes.size()}; }

    /// Reads the next field of a message; false at its end, or if there is a mistake.
    constexpr bool next(proto_message& from, proto_field& field) {
        if (mistake || from.at == from.end) return false;
        const std::size_t start = from.at;
        const std::uint64_t tag = varint(from);
        field.number = tag >> 3U;
        field.wire = static_cast<unsigned>(tag & 7U);
        field.value = 0;
        if (field.wire == 0)
            field.value = varint(from);
        else if (field.wire == 2)
            take(from, varint(from), field.body);
        else if (field.wire == 1 || field.wire == 5)
            take(from, field.wire == 1 ? 8 : 4, field.body);
        else
            fail(model_error::malformed, {}, start);
        if (field.number == 0) fail(model_error::malformed, {}, start);
        if (mistake) return false;
        if (field.wire == 1) field.value = number<8>(field.body.at);
        if (field.wire == 5) field.value = number<4>(field.body.at);
        return true;
    }
    /// A number of at most ten bytes, seven bits in each, the lowest first.
    constexpr std::uint64_t varint(proto_message& from) {
        std::uint64_t result = 0;
        for (unsigned shift = 0; shift < 70; shift += 7) {
            if (from.at == from.end) {
                cut_off(from);
                return 0;
            }
            const unsigned byte = bytes[from.at++];
            result |= std::uint64_t{byte & 127U} << shift;
            if (byte < 128) return result;
        }
        fail(model_error::malformed, {}, from.at);
        return 0;
    }
    [[nodiscard]] constexpr std::span<const unsigned char> text(const proto_message& m) const {
        return bytes.subspan(m.at, m.size());
    }
    /// Adds the integers of a repeated field, which stand one behind the other (packed) or one in
    /// each field; not more than `most`.
    constexpr void append(const proto_field& field, std::vector<std::int64_t>& to,
                          std::size_t most) {
        const auto add = [&](std::uint64_t number) {
            if (to.size() == most)
                fail(model_error::too_large, {}, field.body.at);
            else
                to.push_back(static_cast<std::int64_t>(number));
        };
        if (field.wire != 2) return add(field.value);
        proto_message rest = field.body;
        while (!mistake && rest.at != rest.end) add(varint(rest));
    }

private:
    /// A message that ends before what is in it: so does the file, or the numbers contradict each
    /// other.
    constexpr void cut_off(const proto_message& from) {
        fail(from.end == bytes.size() ? model_error::truncated : model_error::malformed, {},
             from.at);
    }
    constexpr void take(proto_message& from, std::uint64_t count, proto_message& body) {
        if (count > from.size()) {
            cut_off(from);
            return;
        }
        body = {from.at, from.at + static_cast<std::size_t>(count)};
        from.at = body.end;
    }
};

}  // namespace ctnn::detail
