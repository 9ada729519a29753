// Reads a model file of any format that the library knows.
#pragma once

#include <ctnn/model_file/arrange.hpp>
#include <ctnn/model_file/onnx.hpp>
#include <ctnn/model_file/tflite.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace ctnn::detail {

/// A network as a list, or what is wrong with its file.
struct model_list {
    model_mistake mistake{};
    model_graph graph;
    std::vector<model_entry> entries;
};

constexpr bool is_tflite(std::span<const unsigned char> file) noexcept {
    return file.size() >= 8 && file[4] == 'T' && file[5] == 'F' && file[6] == 'L' && file[7] == '3';
}
/// The first field of an ONNX file is the version of its format.
constexpr bool is_onnx(std::span<const unsigned char> file) noexcept {
    return file.size() >= 2 && file[0] == 8 && 1 <= file[1] && file[1] < 128;
}

constexpr model_list read_model(std::span<const unsigned char> file) {
    model_list result;
    if (is_tflite(file))
        result.graph = read_tflite(file);
    else if (is_onnx(file))
        result.graph = read_onnx(file);
    else
        result.graph.mistake = {model_error::unknown_format, {}, 0};
    result.mistake = result.graph.mistake;
    if (!result.mistake) {
        arranger list(result.graph);
        result.entries = list.entries();
        result.mistake = list.mistake;
    }
    if (result.mistake) result.entries.clear();
    return result;
}

}  // namespace ctnn::detail
