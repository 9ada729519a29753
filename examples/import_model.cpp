// From a model file to C++: prints the network that it describes, writes it and its weights as a
// header, as .safetensors or as numbers for the compiler to read, and checks what it computes.
#include "command_line.hpp"

#include <ctnn/io.hpp>
#include <ctnn/model_file/interpret.hpp>
#include <ctnn/model_file/print_network.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace detail = ctnn::detail;

struct arguments {
    std::string file, header, weights, bytes, name;
    std::vector<std::string> check;  // inputs and outputs
};

/// A model file, read: its network is one that the library has.
struct model {
    std::string file;
    std::vector<unsigned char> bytes;
    detail::model_list list;
};

template <class Number>
std::vector<Number> numbers_in(const std::string& file) {
    detail::input_file in(file);
    if (in.size() % sizeof(Number) != 0)
        in.fail("the size must be a multiple of " + std::to_string(sizeof(Number)) +
                " bytes, found " + std::to_string(in.size()));
    std::vector<Number> numbers(static_cast<std::size_t>(in.size() / sizeof(Number)));
    in.read_all(numbers.data(), numbers.size() * sizeof(Number));
    return numbers;
}

model read(const std::string& file) {
    model m{file, numbers_in<unsigned char>(file), {}};
    m.list = detail::read_model(m.bytes);
    if (const detail::model_mistake& mistake = m.list.mistake) {
        const std::string name(mistake.name.view());
        std::string sentence(detail::sentence_of(mistake.what));
        sentence += name.empty() ? " (" : " ('" + name + "', ";
        throw ctnn::file_error(file, sentence + std::to_string(mistake.number) + ")");
    }
    return m;
}

/// As summary<net>() has it: layers in the order of computation, branches before they meet.
class table_of_layers {
public:
    explicit table_of_layers(const detail::model_list& from) : list_(from) {
        rows_.push_back({"layer", "output", "parameters"});
        add("input", list_.graph.input, 0);
        add_entries(0, list_.entries.size());
    }
    [[nodiscard]] std::string text() const {
        return detail::table_text(rows_) + detail::with_commas(total_) + " parameters\n";
    }

private:
    const detail::model_list& list_;
    std::vector<std::array<std::string, 3>> rows_;
    std::size_t total_ = 0;

    void add(std::string_view name, const detail::model_shape& output, std::size_t parameters) {
        rows_.push_back({std::string(name),
                         detail::extents_text(output.height, output.width, output.channels),
                         detail::with_commas(parameters)});
        total_ += parameters;
    }
    void add_entries(std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; i = list_.entries[i].end) {
            add_entries(i + 1, list_.entries[i].end);
            if (list_.entries[i].step == detail::model_entry::branch) continue;
            const detail::model_step& step = list_.graph.steps[list_.entries[i].step];
            std::size_t parameters = 0;
            const bool has_scales = list_.graph.is_int8() && step.arrays.size() == 3;
            for (std::size_t k = 0; k + has_scales < step.arrays.size(); ++k)
                if (!has_scales || step.arrays[k].is_in_file) parameters += step.arrays[k].size();
            add(name_of(step.kind), step.output, parameters);
        }
    }
};

/// What the file says of itself, for a comment of one line.
std::string provenance(const model& m, std::size_t parameters) {
    detail::flatbuffer file{m.bytes};
    const std::string producer(detail::is_tflite(m.bytes) ? file.name_of(file.root(), 3).view()
                                                          : "");
    std::string text = detail::excerpt(std::filesystem::path(m.file).filename().string()) + ": " +
                       detail::with_commas(m.bytes.size()) + " bytes, " +
                       (detail::is_tflite(m.bytes) ? "TensorFlow Lite" : "ONNX") +
                       (producer.empty() ? "" : ", '" + producer + "'") + ", " +
                       detail::with_commas(parameters) + " parameters";
    std::replace(text.begin(), text.end(), '\\', '/');  // at a line's end it would join the next
    return text;
}

/// The type takes its fingerprint along: it is computed from types, so only the compiler knows it.
/// The number of parameters is the file's, and compared.
std::string header_text(const model& m, const std::string& name, const std::string& comment,
                        std::span<const ctnn::parameter_entry> table,
                        std::span<const float> elements) {
    return "// " + comment + ".\n// Written by import_model: `" + name + "::predict(" + name +
           "_weights, x)`.\n// clang-format off\n#pragma once\n\n#include <ctnn/ctnn.hpp>\n\n" +
           detail::network_text(m.list, name) + "static_assert(" + name +
           "::parameter_count == " + std::to_string(elements.size()) + ");\n\n" +
           detail::constant_text(table, elements, name + "::fingerprint", name + "_weights");
}

/// What `xxd -i` prints.
std::string bytes_text(std::span<const unsigned char> bytes) {
    constexpr const char* digits = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        text += i == 0 ? "  0x" : i % 12 == 0 ? ",\n  0x" : ", 0x";
        text += {digits[bytes[i] / 16], digits[bytes[i] % 16]};
    }
    return text + "\n";
}

void write(const std::string& file, const std::string& text) {
    detail::atomic_file out(file);
    out.write(text.data(), text.size());
    out.commit();
}

/// Whether the network gives the outputs, to within 1e-5 of the largest.
bool agrees(const model& m, const std::string& inputs, const std::string& outputs) {
    const detail::model_graph& graph = m.list.graph;
    const std::size_t in = graph.input.size(), out = graph.shape_of(graph.output).size();
    const std::vector<float> x = numbers_in<float>(inputs), y = numbers_in<float>(outputs);
    const std::size_t count = x.size() / in;
    if (x.empty() || x.size() % in != 0)
        throw ctnn::file_error(inputs, "each example must have " + detail::with_commas(in) +
                                           " floats, found " + detail::with_commas(x.size()) +
                                           " altogether");
    if (y.size() != count * out)
        throw ctnn::file_error(outputs, "must have " + detail::with_commas(count * out) +
                                            " floats, " + detail::with_commas(out) +
                                            " for each input, found " +
                                            detail::with_commas(y.size()));
    const detail::interpreter network(graph, m.bytes);
    double worst = 0.0, largest = 0.0;
    for (std::size_t n = 0; n < count; ++n) {
        const std::vector<double> found = network({x.data() + n * in, in});
        for (std::size_t i = 0; i < out; ++i) {
            const double wanted = static_cast<double>(y[n * out + i]),
                         error = std::abs(found[i] - wanted);
            if (!(error <= worst)) worst = error;  // what is no number stays
            largest = std::max(largest, std::abs(wanted));
        }
    }
    const bool is_near = worst <= 1e-5 * largest;
    std::printf("%zu examples: the largest error is %.2g, %s 1e-5 of the largest output, %.4g\n",
                count, worst, is_near ? "within" : "above", largest);
    return is_near;
}

/// A name for the network, out of the file's.
std::string name_from(const std::string& file) {
    std::string name;
    for (const char letter : std::filesystem::path(file).stem().string()) {
        const bool is_kept = std::isalnum(static_cast<unsigned char>(letter)) != 0;
        if (is_kept || (!name.empty() && name.back() != '_')) name += is_kept ? letter : '_';
    }
    return detail::is_identifier(name) && name.back() != '_' ? name : "net";
}

/// The layout of an int8 network's weights follows from its type, which only the compiler knows.
int describe_int8(const model& m, const std::string& name, const arguments& a) {
    if (!a.header.empty() || !a.weights.empty() || !a.check.empty())
        throw ctnn::file_error(a.file,
                               "--header, --weights and --check must be of a file of 32-bit "
                               "floats, found one of int8; write --bytes, and let the "
                               "compiler read them: ctnn::network_in, ctnn::weights_in");
    if (!a.bytes.empty())
        write(a.bytes, bytes_text(m.bytes));
    else
        std::printf("%s\n%susing %s_int8 = ctnn::quantized<%s>;\n",
                    table_of_layers(m.list).text().c_str(),
                    detail::network_text(m.list, name).c_str(), name.c_str(), name.c_str());
    return 0;
}

int run(const arguments& a) {
    for (const std::string& file : {a.header, a.weights, a.bytes})
        if (!file.empty()) ctnn::require_writable(file);
    const model m = read(a.file);
    const std::string name = a.name.empty() ? name_from(a.file) : a.name;
    if (!detail::is_identifier(name) || name.back() == '_')
        throw std::runtime_error("--name: must be a C++ identifier, found '" + name + "'");

    if (m.list.graph.is_int8()) return describe_int8(m, name, a);
    const std::vector<ctnn::parameter_entry> table = detail::model_parameter_table(m.list);
    const std::vector<float> elements = detail::model_parameters(m.bytes, m.list);
    detail::require_finite(table, elements.data(), a.file);
    const std::string comment = provenance(m, elements.size());
    if (!a.header.empty()) write(a.header, header_text(m, name, comment, table, elements));
    if (!a.weights.empty())  // without a fingerprint, as files of other libraries
        detail::write_safetensors(table, elements, {{"library", "ctnn"}, {"source", comment}},
                                  a.weights);
    if (!a.bytes.empty()) write(a.bytes, bytes_text(m.bytes));
    if (!a.check.empty()) return agrees(m, a.check[0], a.check[1]) ? 0 : 1;
    if (a.header.empty() && a.weights.empty() && a.bytes.empty())
        std::printf("%s\n%s", table_of_layers(m.list).text().c_str(),
                    detail::network_text(m.list, name).c_str());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    command_line line(
        "Reads a network from a model file and prints it, or writes what is asked for.");
    arguments a;
    line.add_path("file", a.file, ".tflite file", command_line::presence::required);
    line.add_path("-o,--header", a.header, "write the type and its weights as a C++ header");
    line.add_path("--name", a.name, "of the type in C++ (default: the file's name)");
    line.add_path("--weights", a.weights, "write the weights as .safetensors, for ctnn::load");
    line.add_path("--bytes", a.bytes, "write the file as numbers, to #include in an array");
    line.add_two_paths("--check", a.check, "two files of floats: inputs, and what they must give");
    return line.run(argc, argv, [&] { return run(a); });
}
