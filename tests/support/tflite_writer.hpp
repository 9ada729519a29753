// Writes small TensorFlow Lite files for tests: right ones, and every kind of wrong one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

/// A part of a FlatBuffer: a number in a table, a table, a vector of tables, or a vector of plain
/// elements (a string too).
struct flat {
    enum { number, table, tables, plain } kind = number;
    std::uint32_t value = 0;
    std::vector<std::pair<std::size_t, flat>> fields;
    std::vector<flat> elements;
    std::vector<unsigned char> data;
    std::size_t count = 0;

    flat(std::uint32_t n) : value(n) {}
    flat(int n) : value(static_cast<std::uint32_t>(n)) {}
    flat(float f);
    flat(std::string_view text) : kind(plain), data(text.begin(), text.end()), count(text.size()) {}
    static flat of(std::vector<std::pair<std::size_t, flat>> some) {
        flat result(0);
        result.kind = table;
        result.fields = std::move(some);
        return result;
    }
    static flat list(std::vector<flat> some) {
        flat result(0);
        result.kind = tables;
        result.elements = std::move(some);
        return result;
    }
    static flat ints(const std::vector<int>& numbers) {
        flat result(0);
        result.kind = plain;
        result.count = numbers.size();
        for (const int n : numbers)
            for (int shift = 0; shift < 32; shift += 8)
                result.data.push_back(
                    static_cast<unsigned char>(static_cast<std::uint32_t>(n) >> shift));
        return result;
    }
    static flat bytes(std::vector<unsigned char> some) {
        flat result(0);
        result.kind = plain;
        result.count = some.size();
        result.data = std::move(some);
        return result;
    }
};
inline flat::flat(float f) {
    static_assert(sizeof f == sizeof value);
    __builtin_memcpy(&value, &f, sizeof f);
}

class flat_writer {
public:
    /// A whole file with this root table.
    static std::vector<unsigned char> file(const flat& root, std::string_view identifier) {
        flat_writer writer;
        writer.put(0, 4);
        writer.out.insert(writer.out.end(), identifier.begin(), identifier.end());
        writer.patch(0, writer.write(root));
        return std::move(writer.out);
    }

private:
    std::vector<unsigned char> out;

    void put(std::uint32_t n, std::size_t width) {
        for (std::size_t i = 0; i < width; ++i)
            out.push_back(static_cast<unsigned char>(n >> (8 * i)));
    }
    void align() {
        while (out.size() % 4 != 0) out.push_back(0);
    }
    void patch(std::size_t at, std::size_t target) {
        for (std::size_t i = 0; i < 4; ++i)
            out[at + i] = static_cast<unsigned char>((target - at) >> (8 * i));
    }
    std::size_t write(const flat& part) {
        align();
        if (part.kind == flat::table) return write_table(part);
        const std::size_t start = out.size();
        put(static_cast<std::uint32_t>(part.kind == flat::tables ? part.elements.size()
                                                                 : part.count),
            4);
        if (part.kind == flat::plain) {
            out.insert(out.end(), part.data.begin(), part.data.end());
            return start;
        }
        for (std::size_t i = 0; i < part.elements.size(); ++i) put(0, 4);
        for (std::size_t i = 0; i < part.elements.size(); ++i)
            patch(start + 4 + 4 * i, write(part.elements[i]));
        return start;
    }
    std::size_t write_table(const flat& part) {
        std::size_t slots = 0;
        for (const auto& [index, field] : part.fields) slots = std::max(slots, index + 1);
        const std::size_t vtable = out.size();
        put(static_cast<std::uint32_t>(4 + 2 * slots), 2);
        put(static_cast<std::uint32_t>(4 + 4 * part.fields.size()), 2);
        for (std::size_t i = 0; i < slots; ++i) put(0, 2);
        for (std::size_t i = 0; i < part.fields.size(); ++i)
            out[vtable + 4 + 2 * part.fields[i].first] = static_cast<unsigned char>(4 + 4 * i);
        align();
        const std::size_t table = out.size();
        put(static_cast<std::uint32_t>(table - vtable), 4);
        for (const auto& [index, field] : part.fields)
            put(field.kind == flat::number ? field.value : 0, 4);
        for (std::size_t i = 0; i < part.fields.size(); ++i)
            if (part.fields[i].second.kind != flat::number)
                patch(table + 4 + 4 * i, write(part.fields[i].second));
        return table;
    }
};

/// A model, tensor by tensor and operator by operator; what is public can be made wrong.
struct tflite_writer {
    std::vector<flat> tensors, buffers{flat::of({})}, codes, operators;
    std::vector<int> inputs, outputs;

    /// Returns the tensor's number. Types: 0 float32, 2 int32, 9 int8.
    int tensor(std::string_view name, const std::vector<int>& extents, int type = 0) {
        tensors.push_back(flat::of({{0, flat::ints(extents)}, {1, type}, {3, name}}));
        return static_cast<int>(tensors.size()) - 1;
    }
    /// One with data: of floats 0.01, 0.02, ..., or these integers.
    int floats(std::string_view name, const std::vector<int>& extents) {
        std::size_t size = 1;
        for (const int extent : extents) size *= static_cast<std::size_t>(extent);
        std::vector<unsigned char> data;
        for (std::size_t i = 0; i < size; ++i) {
            const std::uint32_t bits = flat(0.01f * static_cast<float>(i + 1)).value;
            for (int shift = 0; shift < 32; shift += 8)
                data.push_back(static_cast<unsigned char>(bits >> shift));
        }
        return constant(name, extents, 0, flat::bytes(std::move(data)));
    }
    int integers(std::string_view name, const std::vector<int>& extents,
                 const std::vector<int>& numbers) {
        flat data = flat::ints(numbers);
        data.count = data.data.size();
        return constant(name, extents, 2, std::move(data));
    }
    int constant(std::string_view name, const std::vector<int>& extents, int type, flat data) {
        buffers.push_back(flat::of({{0, std::move(data)}}));
        tensors.push_back(flat::of({{0, flat::ints(extents)},
                                    {1, type},
                                    {2, static_cast<int>(buffers.size()) - 1},
                                    {3, name}}));
        return static_cast<int>(tensors.size()) - 1;
    }
    /// Gives a tensor scales and zero points; more than one are those of an axis.
    void quantize(int number, const std::vector<float>& scales, const std::vector<int>& zeros,
                  int axis = 0) {
        std::vector<int> bits, wide;
        for (const float scale : scales) bits.push_back(static_cast<int>(flat(scale).value));
        for (const int zero : zeros) {
            wide.push_back(zero);
            wide.push_back(zero < 0 ? -1 : 0);
        }
        flat of_zeros = flat::ints(wide);
        of_zeros.count = zeros.size();
        auto& fields = tensors[static_cast<std::size_t>(number)].fields;
        std::erase_if(fields, [](const auto& field) { return field.first == 4; });
        fields.emplace_back(4, flat::of({{2, flat::ints(bits)}, {3, of_zeros}, {6, axis}}));
    }
    void operation(int code, const std::vector<int>& from, int to,
                   std::vector<std::pair<std::size_t, flat>> options = {}) {
        codes.push_back(flat::of({{0, code}}));
        operators.push_back(flat::of({{0, static_cast<int>(codes.size()) - 1},
                                      {1, flat::ints(from)},
                                      {2, flat::ints({to})},
                                      {4, flat::of(std::move(options))}}));
    }
    [[nodiscard]] std::vector<unsigned char> file() const {
        const flat graph = flat::of({{0, flat::list(tensors)},
                                     {1, flat::ints(inputs)},
                                     {2, flat::ints(outputs)},
                                     {3, flat::list(operators)}});
        return flat_writer::file(flat::of({{0, 3},
                                           {1, flat::list(codes)},
                                           {2, flat::list({graph})},
                                           {4, flat::list(buffers)}}),
                                 "TFL3");
    }
};
