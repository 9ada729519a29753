// Reads ONNX files (Protocol Buffers; opset 7 to 21): what their operators are called here, and where
// the weights lie. https://onnx.ai/onnx/operators
#pragma once

#include <ctnn/model_file/onnx_merges.hpp>

#include <algorithm>
#include <array>
#include <bit>
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

    constexpr void read_prelu() {
        onnx_tensor& x = in(0);
        const onnx_tensor& t = constant(1);
        if (mistake) return;
        if (x.view.rank() < 2) return wrong(model_error::unsupported_shape, x);
        const std::size_t value = with_channels(x, 1);
        const std::size_t from_end = x.view.rank() - 1;  // the channels, counted from the end
        for (std::size_t i = 0; i < t.view.rank() && !mistake; ++i)
            if (t.view.extents[i] != 1 && t.view.rank() - i != from_end)
                wrong(model_error::unsupported_shape, t);
        if (mistake) return;
        model_step step = step_of(step_kind::prelu, value);
        step.arrays.push_back(list_of(1, graph.shape_of(value).channels));
        write_elementwise(static_cast<model_step&&>(step));
    }
    /// Of N, C, H, W; or of N, H, W, C, in front of a network.
    constexpr void read_pad() {
        onnx_tensor& x = in(0);
        unless(is_string("mode", "constant", "constant"), "mode");
        unless(is_empty(2) ? float_of("value", 0.0f) == 0.0f : single(2) == 0.0f, "value");
        unless(is_empty(3), "axes");
        const std::vector<std::int64_t> given = list(1, "pads");
        const std::size_t rank = x.view.rank();
        const bool is_last = rank > 2 && !x.view.is_map() && x.view.is_in_order();
        const std::size_t first = is_last ? 1 : 2;  // axis of pixels
        unless(given.size() == 2 * rank, "pads");
        bool is_padded = false;
        for (std::size_t i = 0; i < given.size() && !mistake; ++i) {
            const std::size_t axis = i % rank;
            is_padded |= given[i] != 0;
            unless(0 <= given[i] && given[i] < static_cast<std::int64_t>(most_extent) &&
                       (given[i] == 0 || (first <= axis && axis < first + rank - 2)),
                   "pads");
        }
        if (mistake || !is_padded) return read_same();
        model_step step = step_of(step_kind::zero_padding2d, is_last ? pixels_of(x) : map_of(x));
        if (mistake) return;
        for (std::size_t k = 0; k < 2; ++k)
            for (std::size_t end = 0; end < 2; ++end)
                if (rank == 4 || k == 1)
                    step.pads[2 * k + end] = static_cast<std::size_t>(
                        given[end * rank + (rank == 4 ? first + k : first)]);
        if (!is_last) return write_map(static_cast<model_step&&>(step), rank);
        const std::size_t value = add(static_cast<model_step&&>(step));
        const model_shape& y = graph.shape_of(value);
        std::vector<std::size_t> extents{1, y.height, y.width, y.channels};
        if (rank == 3) extents = {1, y.width, y.channels};
        if (!mistake) write(value, view_in_order(extents));
    }

    /// By whole factors. What the modes round to is this library's for such.
    constexpr void read_resize() {
        const bool is_linear = is_string("mode", "linear", "nearest");
        unless(is_linear || is_string("mode", "nearest", "nearest"), "mode");
        unless(!has_attribute("axes"), "axes");
        unless(int_of("antialias", 0) == 0, "antialias");
        unless(is_string("keep_aspect_ratio_policy", "stretch", "stretch"),
               "keep_aspect_ratio_policy");
        const bool is_old = opset < 11;  // as Upsample
        if (mistake) return;
        std::vector<std::size_t> factors;
        if (is_empty(3))
            factors = scales(is_old ? 1 : 2);
        else
            factors = factors_to(3);
        if (mistake) return;
        std::size_t largest = 1;
        for (const std::size_t factor : factors) largest = std::max(largest, factor);
        const auto has_mode = [&](std::string_view name) {
            return !is_old && is_string("coordinate_transformation_mode", name, "half_pixel");
        };
        const bool is_half_pixel = has_mode("half_pixel") || has_mode("pytorch_half_pixel") ||
                                   has_mode("half_pixel_symmetric");
        const bool is_corner = is_old || has_mode("asymmetric");
        if (is_linear) {
            unless(is_half_pixel, "coordinate_transformation_mode");
        } else {
            const bool rounds =
                           is_string("nearest_mode", "round_prefer_floor", "round_prefer_floor"),
                       rounds_up = is_string("nearest_mode", "round_prefer_ceil", ""),
                       is_floor = is_old || is_string("nearest_mode", "floor", "");
            unless(is_half_pixel || is_corner || has_mode("tf_half_pixel_for_nn"),
                   "coordinate_transformation_mode");
            unless(is_half_pixel ? rounds || rounds_up
                                 : is_floor || (is_corner && rounds && largest <= 2),
                   "nearest_mode");
        }
        write_resized(factors, is_linear);
    }
    constexpr void read_upsample() {
        unless(is_string("mode", "nearest", "nearest"), "mode");
        std::vector<std::size_t> factors;
        if (has(1))
            factors = scales(1);
        else
            for (const float scale : floats_of("scales")) factors.push_back(factor_of(scale));
        write_resized(factors, false);
    }
    constexpr void write_resized(const std::vector<std::size_t>& factors, bool is_linear) {
        onnx_tensor& x = in(0);
        const std::size_t rank = x.view.rank();
        unless(factors.size() == rank && rank >= 3 && factors[0] == 1 && factors[1] == 1, "scales");
        if (mistake) return;
        model_step step = step_of(step_kind::up_sampling2d, map_of(x));
        if (mistake) return;
        step.extents = {rank == 4 ? factors[2] : 1, factors.back()};
        step.is_bilinear = is_linear;
        if (step.extents == std::array<std::size_t, 2>{1, 1}) return read_same();
        write_map(static_cast<model_step&&>(step), rank);
    }
    constexpr std::size_t factor_of(float scale) {
        const bool fits = 1.0f <= scale && scale < 65536.0f;
        const auto factor = fits ? static_cast<std::size_t>(scale) : 0;
        unless(fits && static_cast<float>(factor) == scale, "scales");
        return factor;
    }
    constexpr std::vector<std::size_t> scales(std::size_t i) {
        const onnx_tensor& t = in(i);
        std::vector<std::size_t> result;
        if (t.type != onnx_type::float32) wrong(model_error::not_constant, t);
        if (t.view.size() > most_rank) wrong(model_error::wrong_shape, t);
        for (std::size_t k = 0; !mistake && k < t.view.size(); ++k)
            result.push_back(factor_of(
                t.has_floats ? float32(t.first + 4 * k)
                             : std::bit_cast<float>(static_cast<std::uint32_t>(t.numbers[k]))));
        return result;
    }
    constexpr std::vector<std::size_t> factors_to(std::size_t i) {
        const std::vector<std::int64_t>& sizes = numbers(i);
        const std::vector<std::size_t>& before = in(0).view.extents;
        std::vector<std::size_t> result;
        unless(sizes.size() == before.size(), "sizes");
        for (std::size_t k = 0; !mistake && k < sizes.size(); ++k) {
            const auto extent = static_cast<std::int64_t>(before[k]);
            unless(extent > 0 && sizes[k] >= extent && sizes[k] % extent == 0, "sizes");
            if (!mistake) result.push_back(extent_of(sizes[k] / extent, in(0).name));
        }
        return result;
    }
};

constexpr model_graph read_onnx(std::span<const unsigned char> file) {
    return onnx_reader(file).read();
}

}  // namespace ctnn::detail
