// Writes a network and its parameters as an ONNX file, for other runtimes.
#pragma once

#include <ctnn/io/atomic_file.hpp>
#include <ctnn/io/onnx_layer_writer.hpp>
#include <ctnn/io/safetensors.hpp>
#include <ctnn/network.hpp>

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ctnn {
namespace detail {

/// Writes layer by layer.
template <class Network>
class onnx_export : onnx_layer_writer {
public:
    explicit onnx_export(parameter_view<Network, const float> all) : w_(all) {
        using x = typename Network::input_shape;
        using y = typename Network::output_shape;
        const std::vector<std::size_t> from = extents_of<x>(), to = extents_of<y>();
        values_.push_back({"input", from.size() == 1, x::channels});
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (add<I>(), ...);
        }
        (std::make_index_sequence<Network::leaf_count>{});
        const value last = values_[Network::reads.output];
        const std::string found = to.size() == 1 ? list_of(last) : map_of(last);
        out_.node("Identity", {found}, "output");
        bytes = out_.file("input", from, "output", to);
    }
    std::string bytes;

private:
    parameter_view<Network, const float> w_;
    std::vector<value> values_;

    template <class Shape>
    static std::vector<std::size_t> extents_of() {
        if (Shape::height * Shape::width == 1) return {Shape::channels};
        return {Shape::channels, Shape::height, Shape::width};
    }
    template <std::size_t Index>
    void add() {
        using layer = typename Network::template leaf<Index>;
        std::size_t number = 0;
        for (std::size_t i = 0; i <= Index; ++i) number += Network::table::names[i] == layer::name;
        const std::string name = std::string(layer::name) + "_" + std::to_string(number);
        const value x = values_[Network::reads.read_by(Index)[0]];
        value y{name, x.is_list, layer::output_shape::channels};
        if constexpr (layer::facts.only_in_training)
            y = x;
        else if constexpr (layer::facts.reshapes)
            y.is_list = write_reshape<layer>(x, name);
        else if constexpr (layer::facts.inputs > 1)
            y.is_list = write_merge<layer>(Network::reads.read_by(Index), name);
        else
            y.is_list = write<layer>(
                x, name,
                parameter_view<layer, const float>(w_.first + Network::table::offsets[Index]));
        values_.push_back(y);
    }

    template <class Layer>
    bool write_merge(std::span<const std::size_t> reads, const std::string& name) {
        onnx_writer::texts inputs;
        bool is_list = true;
        for (const std::size_t read : reads) is_list = is_list && values_[read].is_list;
        for (const std::size_t read : reads)
            inputs.push_back(is_list ? values_[read].name : map_of(values_[read]));
        if constexpr (Layer::name == "concatenate") {
            out_.node("Concat", inputs, name, {{"axis", std::size_t{1}}});
        } else if constexpr (Layer::name == "average" || Layer::name == "maximum") {
            out_.node(Layer::name == "average" ? "Mean" : "Max", inputs, name);
        } else {  // of two
            constexpr bool is_known = Layer::name == "add" || Layer::name == "multiply";
            static_assert(sizeof(exported_layer<Layer, is_known>) > 0);
            const char* const kind = Layer::name == "add" ? "Add" : "Mul";
            std::string sum = inputs[0];
            for (std::size_t i = 1; i < inputs.size(); ++i) {
                const std::string next =
                    i + 1 == inputs.size() ? name : name + "_" + std::to_string(i);
                out_.node(kind, {sum, inputs[i]}, next);
                sum = next;
            }
        }
        return is_list;
    }
};

}  // namespace detail

/// Writes a trained network as ONNX (opset 17; float32): its input is N x C x H x W (N x C, if it is
/// `features<C>`), whatever the order in memory here, and so is its output; N is any number.
/// Parameters keep their bits. Layers that act in training alone are left out. Read again
/// (network_in), it gives the same predictions, and nearly always the same layers; cropping is not
/// read. Rejected: `layer_normalization`, layers of one's own. Throws file_error, before anything is written: parameters
/// that are not finite, a file that cannot be written; the old file stays until the new one is
/// complete. https://onnx.ai/onnx/operators
template <class Network>
void save_onnx(const parameters<Network>& w, const std::filesystem::path& file) {
    detail::require_finite(Network::parameter_table, w.elements, file);
    const detail::onnx_export<Network> written(w.view());
    detail::atomic_file out(file);
    out.write(written.bytes.data(), written.bytes.size());
    out.commit();
}

}  // namespace ctnn
