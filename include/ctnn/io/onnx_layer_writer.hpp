// Writes layers of one input as nodes of an ONNX file.
#pragma once

#include <ctnn/io/onnx_writer.hpp>
#include <ctnn/kernels/convolution.hpp>
#include <ctnn/layer.hpp>
#include <ctnn/layers/options.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ctnn::detail {

/// Stops the compiler at a layer that is not written as ONNX operators.
template <class Layer, bool IsExported>
struct exported_layer {
    static_assert(IsExported, "ctnn::save_onnx: every layer must be one of the library's, and not "
                              "layer_normalization; replace this one");
};

/// A value is a map N, C, H, W, or a list N, C.
class onnx_layer_writer {
protected:
    struct value {
        std::string name;
        bool is_list;
        std::size_t channels;
    };
    onnx_writer out_;

    std::string view_name(const value& v) { return v.name + "_view" + std::to_string(++views_); }
    std::string shaped(const std::string& from, const std::string& name,
                       std::initializer_list<std::size_t> extents) {
        std::vector<std::int64_t> shape{-1};
        for (const std::size_t extent : extents) shape.push_back(static_cast<std::int64_t>(extent));
        out_.node("Reshape", {from, out_.integers(name + "/shape", shape)}, name);
        return name;
    }
    /// As N, C.
    std::string list_of(const value& v) {
        return v.is_list ? v.name : shaped(v.name, view_name(v), {v.channels});
    }
    /// As N, C, 1, 1, if it is a list.
    std::string map_of(const value& v) {
        return v.is_list ? shaped(v.name, view_name(v), {v.channels, 1, 1}) : v.name;
    }

    /// Our numbers run over rows, columns, channels; the file's over channels first.
    template <class Layer>
    bool write_reshape(const value& x, const std::string& name) {
        using from = typename Layer::input_shape;
        using to = typename Layer::output_shape;
        std::string list = x.name;
        if (from::height * from::width > 1) {
            list = view_name(x);
            out_.node("Transpose", {x.name}, list, {{"perm", {0, 2, 3, 1}}});
        }
        if (to::height * to::width == 1) {
            shaped(list, name, {to::channels});
            return true;
        }
        const std::string map = shaped(list, view_name(x), {to::height, to::width, to::channels});
        out_.node("Transpose", {map}, name, {{"perm", {0, 3, 1, 2}}});
        return false;
    }
    /// Writes a layer of one input; returns whether it gives a list.
    template <class Layer>
    bool write(const value& x, const std::string& name, parameter_view<Layer, const float> here) {
        constexpr std::string_view kind = Layer::name;
        if constexpr (kind == "dense") {
            onnx_writer::texts inputs{list_of(x), floats(name, "kernel", here.kernel())};
            if constexpr (has_array<Layer, "bias">)
                inputs.push_back(floats(name, "bias", here.bias()));
            out_.node("Gemm", inputs, name);
            return true;
        } else if constexpr (requires { Layer::conv; }) {
            write_convolution<Layer>(x, name, here);
            return false;
        } else if constexpr (requires { Layer::rows.taps; }) {
            write_pooling<Layer>(x, name);
            return false;
        } else if constexpr (is<Layer>("global_average_pool") || is<Layer>("global_max_pool")) {
            out_.node(is<Layer>("global_max_pool") ? "GlobalMaxPool" : "GlobalAveragePool",
                      {map_of(x)}, name);
            return false;
        } else if constexpr (kind == "batch_normalization") {
            out_.node("BatchNormalization",
                      {x.name, floats(name, "gamma", here.template get<"gamma">()),
                       floats(name, "beta", here.template get<"beta">()),
                       floats(name, "moving_mean", here.template get<"moving_mean">()),
                       floats(name, "moving_variance", here.template get<"moving_variance">())},
                      name, {{"epsilon", Layer::added_to_variance}});
        } else if constexpr (kind == "scale_and_offset") {
            out_.node("Mul", {x.name, channels(x, name, "scale", here.template get<"scale">())},
                      name + "_scaled");
            out_.node(
                "Add",
                {name + "_scaled", channels(x, name, "offset", here.template get<"offset">())},
                name);
        } else if constexpr (kind == "prelu") {
            out_.node("PRelu", {x.name, channels(x, name, "alpha", here.template get<"alpha">())},
                      name);
        } else if constexpr (is<Layer>("zero_padding") || is<Layer>("cropping")) {
            write_borders<Layer>(x, name);
            return false;
        } else if constexpr (is<Layer>("up_sampling")) {
            write_up_sampling<Layer>(x, name);
            return false;
        } else if constexpr (kind == "softmax") {
            out_.node("Softmax", {x.name}, name, {{"axis", std::size_t{1}}});
        } else {
            write_activation<Layer>(x.name, name);
        }
        return x.is_list;
    }

    /// A parameter array as a constant.

private:
    std::size_t views_ = 0;  // so that each has a name of its own

    /// Whether it is this layer, of one dimension or of two.
    template <class Layer>
    static constexpr bool is(std::string_view kind) {
        constexpr std::string_view name = Layer::name;
        const std::string_view end = name.substr(std::min(kind.size(), name.size()));
        return name.starts_with(kind) && (end == "1d" || end == "2d");
    }

    template <class Array>
    std::string floats(const std::string& layer, const char* name, const Array& array) {
        constexpr auto extents = Array::extents();
        return out_.floats(layer + "/" + name, {extents.begin(), extents.end()},
                           std::span(array.data(), array.size()));
    }
    /// A convolution's kernel: taps, a, b here; b, a, taps in the file, or a b, 1, taps if it is
    /// depthwise.
    template <class Array>
    std::string kernel(const std::string& layer, const Array& array, const convolution& conv,
                       bool is_depthwise) {
        constexpr auto extents = Array::extents();
        constexpr std::size_t a = extents[extents.size() - 2], b = extents.back();
        std::vector<float> numbers;
        for (std::size_t n = 0; n < a * b; ++n)
            for (std::size_t tap = 0; tap < conv.rows.taps * conv.columns.taps; ++tap)
                numbers.push_back(array[tap * a * b + (is_depthwise ? n : n % a * b + n / a)]);
        return out_.floats(
            layer + "/kernel",
            {is_depthwise ? a * b : b, is_depthwise ? 1 : a, conv.rows.taps, conv.columns.taps},
            numbers);
    }
    /// A number for every channel, in a shape that goes with the value's.
    template <class Array>
    std::string channels(const value& x, const std::string& layer, const char* name,
                         const Array& array) {
        const std::vector<std::size_t> list{x.channels}, map{x.channels, 1, 1};
        return out_.floats(layer + "/" + name, x.is_list ? list : map,
                           std::span(array.data(), x.channels));
    }

    template <class Layer>
    void write_convolution(const value& x, const std::string& name,
                           parameter_view<Layer, const float> here) {
        constexpr convolution conv = Layer::conv;
        constexpr bool is_depthwise = Layer::name.starts_with("depthwise"),
                       is_transposed = Layer::name.ends_with("transpose");
        onnx_writer::texts inputs{map_of(x), kernel(name, here.kernel(), conv, is_depthwise)};
        if constexpr (has_array<Layer, "bias">) inputs.push_back(floats(name, "bias", here.bias()));
        std::vector<written_attribute> attributes =
            window_of(conv.rows, conv.columns, !is_transposed);
        attributes.push_back({"dilations", {conv.rows.dilation, conv.columns.dilation}});
        attributes.push_back({"group", conv.groups});
        if constexpr (is_transposed) {
            const auto more = [](axis a) {
                return a.padded() - ((a.output() - 1) * a.stride + a.reach());
            };
            attributes.push_back({"output_padding", {more(conv.rows), more(conv.columns)}});
        }
        out_.node(is_transposed ? "ConvTranspose" : "Conv", inputs, name, attributes);
    }
    template <class Layer>
    void write_pooling(const value& x, const std::string& name) {
        out_.node(Layer::name.starts_with("max") ? "MaxPool" : "AveragePool", {map_of(x)}, name,
                  window_of(Layer::rows, Layer::columns, true));
    }
    /// Size, stride and padding; the padding in words where it is `same` and they may be used.
    /// (ONNX Runtime takes them from no layer with dilation.)
    static std::vector<written_attribute> window_of(const axis& rows, const axis& columns,
                                                    bool in_words) {
        const auto is_same = [](const axis& a) {
            const pads p = same::rows(a);
            return a.dilation == 1 && p.before == a.before && p.after == a.after;
        };
        const bool is_padded = rows.before + rows.after + columns.before + columns.after > 0;
        std::vector<written_attribute> result{{"kernel_shape", {rows.taps, columns.taps}},
                                              {"strides", {rows.stride, columns.stride}}};
        if (in_words && is_padded && is_same(rows) && is_same(columns))
            result.push_back({"auto_pad", "SAME_UPPER"});
        else
            result.push_back({"pads", {rows.before, columns.before, rows.after, columns.after}});
        return result;
    }
    template <class Layer>
    void write_borders(const value& x, const std::string& name) {
        using from = typename Layer::input_shape;
        using to = typename Layer::output_shape;
        const auto top = static_cast<std::int64_t>(Layer::settings[0]),
                   left = static_cast<std::int64_t>(Layer::settings[1]);
        const auto number = [](std::size_t n) { return static_cast<std::int64_t>(n); };
        if constexpr (is<Layer>("zero_padding"))
            out_.node("Pad",
                      {map_of(x),
                       out_.integers(name + "/pads", {0, 0, top, left, 0, 0,
                                                      number(to::height - from::height) - top,
                                                      number(to::width - from::width) - left})},
                      name);
        else
            out_.node("Slice",
                      {map_of(x), out_.integers(name + "/starts", {top, left}),
                       out_.integers(name + "/ends",
                                     {top + number(to::height), left + number(to::width)}),
                       out_.integers(name + "/axes", {2, 3})},
                      name);
    }
    template <class Layer>
    void write_up_sampling(const value& x, const std::string& name) {
        using from = typename Layer::input_shape;
        using to = typename Layer::output_shape;
        const std::vector<float> scales{1.0f, 1.0f, static_cast<float>(to::height / from::height),
                                        static_cast<float>(to::width / from::width)};
        const bool is_bilinear = Layer::settings[0] != 0;
        out_.node("Resize", {map_of(x), "", out_.floats(name + "/scales", {4}, scales)}, name,
                  {{"mode", is_bilinear ? "linear" : "nearest"},
                   {"coordinate_transformation_mode", is_bilinear ? "half_pixel" : "asymmetric"},
                   {"nearest_mode", "floor"}});
    }
    static constexpr std::array<std::pair<std::string_view, const char*>, 8> kinds{
        {{"relu", "Relu"},
         {"sigmoid", "Sigmoid"},
         {"tanh", "Tanh"},
         {"selu", "Selu"},
         {"hard_swish", "HardSwish"},
         {"softplus", "Softplus"},
         {"softsign", "Softsign"},
         {"exponential", "Exp"}}};
    std::string scalar(const std::string& name, float number) {
        return out_.floats(name, {}, std::span(&number, 1));
    }
    template <class Layer>
    void write_activation(const std::string& x, const std::string& name) {
        constexpr std::string_view kind = Layer::name;
        const auto setting = [](std::size_t i) {
            return std::bit_cast<float>(static_cast<std::uint32_t>(Layer::settings[i]));
        };
        if constexpr (kind == "relu6") {
            out_.node("Clip", {x, scalar(name + "/min", 0.0f), scalar(name + "/max", 6.0f)}, name);
        } else if constexpr (kind == "clip") {
            out_.node("Clip",
                      {x, scalar(name + "/min", Layer::low), scalar(name + "/max", Layer::high)},
                      name);
        } else if constexpr (kind == "leaky_relu") {
            out_.node("LeakyRelu", {x}, name, {{"alpha", setting(0)}});
        } else if constexpr (kind == "elu") {
            out_.node("Elu", {x}, name, {{"alpha", setting(0)}});
        } else if constexpr (kind == "hard_sigmoid") {
            out_.node("HardSigmoid", {x}, name, {{"alpha", 1.0f / 6.0f}, {"beta", 0.5f}});
        } else if constexpr (kind == "swish") {
            out_.node("Sigmoid", {x}, name + "_gate");
            out_.node("Mul", {x, name + "_gate"}, name);
        } else if constexpr (kind == "gelu") {  // x / 2 (1 + erf(x / sqrt(2)))
            out_.node("Div", {x, scalar(name + "/root", 1.41421356f)}, name + "_scaled");
            out_.node("Erf", {name + "_scaled"}, name + "_erf");
            out_.node("Add", {name + "_erf", scalar(name + "/one", 1.0f)}, name + "_gate");
            out_.node("Mul", {x, name + "_gate"}, name + "_twice");
            out_.node("Mul", {name + "_twice", scalar(name + "/half", 0.5f)}, name);
        } else if constexpr (kind == "rescaling") {
            out_.node("Mul", {x, scalar(name + "/scale", Layer::scale)}, name + "_scaled");
            out_.node("Add", {name + "_scaled", scalar(name + "/offset", Layer::offset)}, name);
        } else {
            constexpr std::size_t found = [] {
                std::size_t i = 0;
                while (i < kinds.size() && kinds[i].first != Layer::name) ++i;
                return i;
            }();
            static_assert(sizeof(exported_layer < Layer, found<kinds.size()>) > 0);
            if constexpr (found < kinds.size()) out_.node(kinds[found].second, {x}, name);
        }
    }
};

}  // namespace ctnn::detail
