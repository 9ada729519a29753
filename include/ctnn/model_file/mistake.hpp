// What can be wrong with a model file: one list of sentences for the compiler and for programs.
#pragma once

#include <ctnn/parameters.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

/// X(name, sentence): the mistakes. `name_of` in a sentence's message is an operator or a value of the
/// file, `number` the operator's place in it, from 0.
#define CTNN_MODEL_MISTAKES(X)                                                                     \
    X(unknown_format, "a model file must be a TensorFlow Lite flatbuffer or an ONNX protobuf")     \
    X(truncated, "a model file must hold everything that it refers to; it is damaged or cut off "  \
                 "(the number is a byte's place)")                                                 \
    X(malformed, "a model file must be well formed; it is damaged (the number is a byte's place)") \
    X(too_large, "a model file must have at most 4,096 operators, and extents below 16,777,216")   \
    X(no_graph, "a model file must have a graph with operators")                                   \
    X(external_data, "a model file must hold its weights itself, not refer to another file")       \
    X(unsupported_version, "an ONNX file must be of opset 7 to 21; the number is the file's")      \
    X(inputs_not_one, "a model file's network must have one input; the number is how many it has") \
    X(outputs_not_one,                                                                             \
      "a model file's network must have one output; the number is how many it has")                \
    X(unsupported_operator, "a model file's operators must be ones that the library has; see the " \
                            "operator's name and its number in the file")                          \
    X(unsupported_option, "the operators of a model file must have options that the library can "  \
                          "compute exactly; see the option's name and the operator's number in "   \
                          "the file")                                                              \
    X(unsupported_type,                                                                            \
      "the tensors of a model file must all hold 32-bit floats, or all bytes with a sign (int8); " \
      "see the tensor's name")                                                                     \
    X(unsupported_quantization,                                                                    \
      "the tensors of an int8 file must have scales above 0, weights zero points of 0, and a "     \
      "layer that only moves bytes the same on both sides; see the tensor's name")                 \
    X(unsupported_shape, "the tensors of a model file must be of one image: a batch of 1 and at "  \
                         "most three more extents, all known; see the tensor's name")              \
    X(wrong_shape, "the tensors of an operator must fit together; see the tensor's name and the "  \
                   "operator's number in the file")                                                \
    X(wrong_order,                                                                                 \
      "a map of an ONNX file that is flattened or transposed must go into one dense layer, since " \
      "its channels stand in another order here; see the value's name and the operator's number")  \
    X(not_constant,                                                                                \
      "the weights and options of an operator must be constants of the file; see the "             \
      "tensor's name and the operator's number")                                                   \
    X(wrong_operands, "an operator must have as many operands as its kind takes; see its number")  \
    X(not_computed,                                                                                \
      "an operator must read what stands before it in the file; see the value's name "             \
      "and the operator's number")                                                                 \
    X(entangled, "the branches of a model file's network must part from one value and meet again " \
                 "in one operator; the value with this name is used outside of its branch")        \
    X(unused_value, "every operator of a model file must reach the output; see the name of the "   \
                    "value that does not and its operator's number")

namespace ctnn::detail {

enum class model_error {
    none,
#define CTNN_X(name, sentence) name,
    CTNN_MODEL_MISTAKES(CTNN_X)
#undef CTNN_X
};

/// The name of an operator or a value: what can be printed of it, cut.
struct model_name {
    std::array<char, 64> text{};

    constexpr model_name() = default;
    template <class Text>
    constexpr model_name(const Text& name) noexcept {
        std::size_t length = 0;
        for (const auto letter : name)
            if (length < text.size() - 1)
                text[length++] = letter >= ' ' && letter <= '~' ? static_cast<char>(letter) : '?';
    }
    [[nodiscard]] constexpr std::string_view view() const noexcept {
        return {text.data(),
                static_cast<std::size_t>(std::find(text.begin(), text.end(), '\0') - text.begin())};
    }
};

/// The first thing that is wrong with a file.
struct model_mistake {
    model_error what = model_error::none;
    model_name name{};
    std::size_t number = 0;

    [[nodiscard]] constexpr explicit operator bool() const noexcept {
        return what != model_error::none;
    }
};

/// The sentence for programs; `number` and `name` are for the caller to add.
constexpr std::string_view sentence_of(model_error error) noexcept {
    switch (error) {
#define CTNN_X(name, sentence)                                                                     \
    case model_error::name:                                                                        \
        return sentence;
        CTNN_MODEL_MISTAKES(CTNN_X)
#undef CTNN_X
    case model_error::none:
        break;
    }
    return "";
}

/// Stops the compiler at a mistake, with its sentence; the name and the number are among the
/// arguments.
template <model_error Mistake, fixed_string Name, std::size_t Number>
struct checked_model_file {
#define CTNN_X(name, sentence)                                                                     \
    static_assert(Mistake != model_error::name, "ctnn::network_in: " sentence);
    CTNN_MODEL_MISTAKES(CTNN_X)
#undef CTNN_X
};

}  // namespace ctnn::detail
