// Reads ONNX files (Protocol Buffers; opset 7 to 21): what their operators are called here, and where
// the weights lie. https://onnx.ai/onnx/operators
#pragma once

#include <ctnn/model_file/onnx_merges.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace ctnn::detail {

class onnx_reader : private onnx_merges {
public:
    constexpr explicit onnx_reader(std::span<const unsigned char> file) : onnx_merges(file) {}

    constexpr model_graph read() {
        read_file();
        if (!mistake) read_graph();
        graph.mistake = mistake;
        return static_cast<model_graph&&>(graph);
    }

private:
    constexpr void read_graph() {
        alone.push_back(1);
        onnx_tensor& x = tensors[input];
        const std::vector<std::size_t> e = x.view.extents;
        x.value = 0;
        if (x.reads != 1) alone[0] = 0;
        if (is_channels_last()) {
            x.view = view_in_order(e);
            graph.input = shape_of_pixels(e);
        } else {
            graph.input = {e.size() > 3 ? e[2] : 1, e.size() > 2 ? e.back() : 1, e[1]};
            x.view = view_of_map(e.size(), graph.input.height, graph.input.width, e[1]);
        }
        for (operation = 0; operation < nodes.size() && !mistake; ++operation) read_node();
        operation = nodes.size() - 1;
        if (!mistake) graph.output = value_of_output(tensors[output]);
        if (!mistake && graph.steps.empty()) fail(model_error::no_graph);
    }
    /// Whether the input is N, H, W, C or N, T, C: whatever reads it, behind operators that look at
    /// every number alone, makes N, C, H, W of it, or one list out of a list of lists. Otherwise it is
    /// N, C, H, W itself.
    constexpr bool is_channels_last() {
        std::vector<char> is_input(tensors.size(), 0);
        is_input[input] = 1;
        bool is_last = false;
        for (operation = 0; operation < nodes.size(); ++operation) {
            bool reads_input = false;
            for (const std::size_t operand : node().inputs)
                reads_input = reads_input || (operand != none && is_input[operand] != 0);
            if (!reads_input) continue;
            if (!node().outputs.empty() && node().outputs[0] != none && keeps_axes())
                is_input[node().outputs[0]] = 1;
            else if (moves_channels())
                is_last = true;
            else
                return false;
        }
        return is_last;
    }
    constexpr bool keeps_axes() const {
        for (const std::string_view kind :
             {"Identity", "Cast", "Dropout", "Add", "Sub", "Mul", "Div", "Pad", "Unsqueeze", "Clip",
              "Relu", "Sigmoid", "Tanh"})
            if (is(kind)) return true;
        return false;
    }
    constexpr bool moves_channels() {
        const std::vector<std::size_t>& e = tensors[input].view.extents;
        if (is("Transpose")) {
            const std::vector<std::int64_t> order = ints_of("perm");
            const auto last = static_cast<std::int64_t>(order.size()) - 1;
            return last > 1 && order[1] == last && order.back() == last - 1;
        }
        if (e.size() == 3) return is("Reshape") || is("Flatten");
        if (e.size() != 4 || e[3] != 1 || !is("Reshape") || !is_whole(1)) return false;
        const std::vector<std::int64_t>& to = in(1).numbers;  // of one channel, it moves nothing
        return to.size() == 4 && to[1] == 1 && e[1] * e[2] > 1;
    }
    constexpr std::size_t value_of_output(onnx_tensor& t) {
        const std::vector<std::size_t>& e = t.view.extents;
        const std::size_t value = computed(t);
        const bool is_image = e.size() >= 2 && e.size() <= 4 && e[0] == 1;
        if (mistake || (is_image && t.view.is_map())) return mistake ? 0 : map_of(t);
        if (!t.view.is_in_order()) {
            wrong(model_error::wrong_order, t);
            return 0;
        }
        if (!is_image) return in_shape(value, {1, 1, t.view.size()});
        return in_shape(value, shape_of_pixels(e));
    }

    struct simple_operator {
        std::string_view name;
        step_kind kind;
    };
    static constexpr std::array<simple_operator, 6> elementwise{
        {{"Relu", step_kind::relu},
         {"Sigmoid", step_kind::sigmoid},
         {"Tanh", step_kind::tanh},
         {"Softplus", step_kind::softplus},
         {"Softsign", step_kind::softsign},
         {"HardSwish", step_kind::hard_swish}}};

    constexpr bool is(std::string_view name) const { return is_text(node().kind, name); }
    constexpr void read_node() {
        if (node().is_foreign) return wrong(model_error::unsupported_operator);
        for (const simple_operator& one : elementwise)
            if (is(one.name)) return read_elementwise(one.kind);
        if (is("Conv")) return read_conv();
        if (is("Constant")) return read_constant();
        if (is("BatchNormalization")) return read_batch_normalization();
        if (is("Gemm")) return read_gemm();
        if (is("MatMul")) return read_matmul();
        if (is("Add")) return read_sum('+');
        if (is("Mul")) return read_sum('*');
        if (is("Sub")) return read_sum('-');
        if (is("Div")) return read_sum('/');
        if (is("Concat")) return read_concat();
        if (is("Clip")) return read_clip();
        if (is("MaxPool")) return read_pool(step_kind::max_pool2d);
        if (is("AveragePool")) return read_pool(step_kind::average_pool2d);
        if (is("GlobalAveragePool")) return read_global_pool(step_kind::global_average_pool2d);
        if (is("GlobalMaxPool")) return read_global_pool(step_kind::global_max_pool2d);
        if (is("ReduceMean")) return read_reduce(step_kind::global_average_pool2d);
        if (is("ReduceMax")) return read_reduce(step_kind::global_max_pool2d);
        if (is("Softmax")) return read_softmax();
        if (is("LeakyRelu")) return read_leaky_relu();
        if (is("PRelu")) return read_prelu();
        if (is("Elu")) return read_elu();
        if (is("Selu")) return read_selu();
        if (is("HardSigmoid")) return read_hard_sigmoid();
        if (is("Gelu")) return read_gelu();
        if (is("Exp")) return read_elementwise(step_kind::exponential);
        if (is("ConvTranspose")) return read_conv_transpose();
        if (is("Resize")) return read_resize();
        if (is("Upsample")) return read_upsample();
        if (is("Pad")) return read_pad();
        if (is("Erf") || is("Abs")) return begin_formula();
        if (is("Sum")) return meet(step_kind::add);
        if (is("Max")) return meet(step_kind::maximum);
        if (is("Mean")) return meet(step_kind::average);
        read_seen();
    }
    constexpr void read_seen() {
        if (is("Reshape")) return read_reshape();
        if (is("Flatten")) return read_flatten();
        if (is("Transpose")) return read_transpose();
        if (is("Squeeze")) return read_squeeze();
        if (is("Unsqueeze")) return read_unsqueeze();
        if (is("Identity")) return read_same();
        if (is("Dropout")) return read_dropout();
        if (is("Cast")) return read_cast();
        if (is("Shape")) return read_shape();
        if (is("Gather") && is_whole(0)) return read_gather();
        if (is("Slice") && is_whole(0)) return read_slice();
        if (is("ConstantOfShape")) return read_constant_of_shape();
        wrong(model_error::unsupported_operator);
    }
};

constexpr model_graph read_onnx(std::span<const unsigned char> file) {
    return onnx_reader(file).read();
}

}  // namespace ctnn::detail
