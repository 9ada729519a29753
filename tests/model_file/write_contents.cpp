// Prints what the readers find in a model file: every tensor, operator and option, a line each. For
// tests/scripts/model_contents.py, which knows the same from other libraries.
#include <ctnn/model_file/onnx_nodes.hpp>
#include <ctnn/model_file/tflite_file.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace ctnn::detail;

namespace {

std::string text_of(std::span<const unsigned char> bytes) {
    return {bytes.begin(), bytes.end()};
}
/// Bits of floats.
std::string hex(std::uint64_t number, int digits) {
    char text[20];
    std::snprintf(text, sizeof text, "%0*llx", digits, static_cast<unsigned long long>(number));
    return text;
}
template <class Numbers>
std::string joined(const Numbers& numbers) {
    std::string text;
    for (const auto number : numbers) text += (text.empty() ? "" : " ") + std::to_string(number);
    return "[" + text + "]";
}

class onnx_contents : onnx_nodes {
public:
    explicit onnx_contents(std::span<const unsigned char> file) : onnx_nodes(file) {}

    bool print() {
        read_file();
        if (mistake) return false;
        std::printf("opset %lld\ninput %s\noutput %s\n", static_cast<long long>(opset),
                    name_of(input).c_str(), name_of(output).c_str());
        std::printf("input's extents %s\n", joined(tensors[input].view.extents).c_str());
        for (const onnx_tensor& tensor : tensors)
            if (tensor.is_constant()) print("constant " + text_of(tensor.name), tensor);
        for (operation = 0; operation < nodes.size(); ++operation) print_node();
        return !mistake;
    }

private:
    std::string name_of(std::size_t tensor) const {
        return tensor == none ? "-" : text_of(tensors[tensor].name);
    }
    void print(const std::string& what, const onnx_tensor& tensor) {
        const std::size_t size = tensor.view.size();
        std::string text;
        for (std::size_t i = 0; i < size && tensor.has_floats; ++i)
            text += " " + hex(number<4>(tensor.first + 4 * i), 8);
        for (const std::int64_t number : tensor.numbers) text += " " + std::to_string(number);
        if (tensor.is_whole() && size > most_numbers) text = " many";
        std::printf("%s: type %d %s%s\n", what.c_str(), static_cast<int>(tensor.type),
                    joined(tensor.view.extents).c_str(), text.c_str());
    }
    void print_node() {
        std::string text = "node " + text_of(node().kind) + (node().is_foreign ? " foreign" : "");
        for (const std::size_t tensor : node().inputs) text += " <" + name_of(tensor);
        for (const std::size_t tensor : node().outputs) text += " >" + name_of(tensor);
        std::printf("%s\n", text.c_str());
        for (const onnx_attribute& one : node().attributes) print_attribute(text_of(one.name));
    }
    void print_attribute(const std::string& name) {
        std::uint64_t type = 0;
        std::string letters;
        onnx_tensor tensor;
        proto_message body = attribute(name);
        for (proto_field field; next(body, field);) {
            if (field.is(20, 0)) type = field.value;
            if (field.is(4, 2)) letters = text_of(text(field.body));
            if (field.is(5, 2)) tensor = tensor_in(field.body);
        }
        const std::string what = "  " + name;
        if (type == 4) return print(what, tensor);
        std::string text = "?";
        if (type == 1) text = hex(std::bit_cast<std::uint32_t>(float_of(name, 0.0f)), 8);
        if (type == 2) text = std::to_string(int_of(name, 0));
        if (type == 3) text = is_string(name, letters, "") ? letters : "?";
        if (type == 6) {
            text = "floats";
            for (const float one : floats_of(name))
                text += " " + hex(std::bit_cast<std::uint32_t>(one), 8);
        }
        if (type == 7) text = joined(ints_of(name));
        std::printf("%s: %s\n", what.c_str(), text.c_str());
    }
};

class tflite_contents : tflite_file {
public:
    explicit tflite_contents(std::span<const unsigned char> file) : tflite_file(file) {}

    bool print() {
        const flat_table model = root(), graph_table = table_in(vector_of(model, 2, 4), 0);
        codes = vector_of(model, 1, 4);
        buffers = vector_of(model, 4, 4);
        read_tensors(vector_of(graph_table, 0, 4));
        for (const tensor& one : tensors) {
            std::string data;
            for (std::size_t i = 0; i < one.data.size; ++i)
                data += hex(number<1>(one.data.first + i), 2);
            std::printf("tensor %s: type %u %s %s\n", std::string(one.name.view()).c_str(),
                        one.type, joined(one.extents).c_str(), data.c_str());
        }
        const flat_vector list = vector_of(graph_table, 3, 4);
        for (operation = 0; operation < list.size && !mistake; ++operation)
            print_operator(table_in(list, operation));
        return !mistake;
    }

private:
    void print_operator(const flat_table& table) {
        std::string text = "operator " + std::to_string(open_operator(table));
        for (const std::size_t one : inputs)
            text += " <" + (one == none ? "-" : std::to_string(one));
        text += " >" + std::to_string(output);
        for (std::size_t i = 0; i < 12;
             ++i) {  // a byte, and a number of four where these are there
            const std::size_t at = field(options, i);
            text += at == 0 ? " -" : " " + hex(byte_of(options, i), 2);
            if (at != 0 && at + 4 <= bytes.size())
                text += "/" + hex(static_cast<std::uint32_t>(int32_of(options, i, 0)), 8);
        }
        std::printf("%s\n", text.c_str());
    }
};

}  // namespace

int main(int, char** argv) {
    std::ifstream in(argv[1], std::ios::binary);
    const std::vector<char> letters(std::istreambuf_iterator<char>(in), {});
    const std::vector<unsigned char> bytes(letters.begin(), letters.end());
    const bool is_tflite = std::string_view(argv[1]).ends_with(".tflite");
    const bool is_read = is_tflite ? tflite_contents(bytes).print() : onnx_contents(bytes).print();
    return is_read ? 0 : 1;
}
