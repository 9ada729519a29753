// What import_model writes is what the compiler reads in the same file.
#include <ctnn/model_file.hpp>

#include <ctnn/io/safetensors.hpp>

#include "onnx_mlperf_autoencoder.hpp"
#include "onnx_mlperf_ds_cnn.hpp"
#include "onnx_mlperf_mobilenet.hpp"
#include "onnx_mlperf_resnet8.hpp"
#include "support/tflite_files.hpp"
#include "tflite_activations.hpp"
#include "tflite_depthwise.hpp"
#include "tflite_reshapes.hpp"
#include "tflite_resnet.hpp"
#include "tflite_sequence.hpp"
#include "tflite_squeeze.hpp"
#include "tflite_u_net.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <type_traits>

using namespace ctnn;

namespace {

constexpr unsigned char autoencoder_file[] = {
#include "onnx_mlperf_autoencoder.inc"
};
constexpr unsigned char ds_cnn_file[] = {
#include "onnx_mlperf_ds_cnn.inc"
};
constexpr unsigned char mobilenet_file[] = {
#include "onnx_mlperf_mobilenet.inc"
};
constexpr unsigned char resnet8_file[] = {
#include "onnx_mlperf_resnet8.inc"
};

// A network without the blocks that have a name: the entries of a sequence<> that is not a branch
// stand in the list that it is in.

template <class...>
struct list {};
template <class... Entries>
struct spread;
template <class Branch>
struct spread_branch {
    using type = Branch;
};
template <class Entry>
struct spread_entry {
    using type = list<Entry>;
};
template <template <class...> class Merge, class... Branches>
struct spread_entry<Merge<Branches...>> {
    using type = list<Merge<typename spread_branch<Branches>::type...>>;
};
template <class... Entries>
struct spread_entry<sequence<Entries...>> : spread<Entries...> {};

/// `To` of a list's entries.
template <template <class...> class To, class List>
struct put;
template <template <class...> class To, class... Entries>
struct put<To, list<Entries...>> {
    using type = To<Entries...>;
};
template <class... Entries>
struct spread_entry<residual<Entries...>> {
    using type = list<typename put<residual, typename spread<Entries...>::type>::type>;
};
template <class... Entries>
struct spread_branch<sequence<Entries...>> : put<sequence, typename spread<Entries...>::type> {};

template <>
struct spread<> {
    using type = list<>;
};
template <class First, class... Rest>
struct spread<First, Rest...> {
    template <class... A, class... B>
    static list<A..., B...> join(list<A...>, list<B...>);
    using type =
        decltype(join(typename spread_entry<First>::type{}, typename spread<Rest...>::type{}));
};
template <class Network>
struct without_blocks;
template <class Input, class... Entries>
struct without_blocks<network<Input, Entries...>> {
    template <class... All>
    using on_input = network<Input, All...>;
    using type = typename put<on_input, typename spread<Entries...>::type>::type;
};

/// The same type but for blocks, and the same bits in the header and in the .safetensors.
template <const auto& File, class Net, const auto& Weights>
void is_the_same(const std::string& name) {
    CAPTURE(name);
    static_assert(std::is_same_v<network_in<File>, typename without_blocks<Net>::type>);
    static_assert(network_in<File>::fingerprint == Net::fingerprint);
    constexpr const parameters<network_in<File>>& expected = weights_in<File>;
    const parameter_view<Net, const float> in_header = Weights;
    CHECK(std::ranges::equal(in_header.values(), expected.values()));
    const auto loaded = std::make_unique<parameters<Net>>();
    load(*loaded, std::string(CTNN_BUILT_DATA) + "/" + name + ".safetensors");
    CHECK(std::ranges::equal(loaded->values(), expected.values()));
}

}  // namespace

TEST_CASE("import_model: the header and the weights that it writes") {
    is_the_same<activations_file, tflite_activations, tflite_activations_weights>(
        "tflite_activations");
    is_the_same<depthwise_file, tflite_depthwise, tflite_depthwise_weights>("tflite_depthwise");
    is_the_same<reshapes_file, tflite_reshapes, tflite_reshapes_weights>("tflite_reshapes");
    is_the_same<resnet_file, tflite_resnet, tflite_resnet_weights>("tflite_resnet");
    is_the_same<sequence_file, tflite_sequence, tflite_sequence_weights>("tflite_sequence");
    is_the_same<squeeze_file, tflite_squeeze, tflite_squeeze_weights>("tflite_squeeze");
    is_the_same<u_net_file, tflite_u_net, tflite_u_net_weights>("tflite_u_net");
    is_the_same<autoencoder_file, onnx_mlperf_autoencoder, onnx_mlperf_autoencoder_weights>(
        "onnx_mlperf_autoencoder");
    is_the_same<ds_cnn_file, onnx_mlperf_ds_cnn, onnx_mlperf_ds_cnn_weights>("onnx_mlperf_ds_cnn");
    is_the_same<mobilenet_file, onnx_mlperf_mobilenet, onnx_mlperf_mobilenet_weights>(
        "onnx_mlperf_mobilenet");
    is_the_same<resnet8_file, onnx_mlperf_resnet8, onnx_mlperf_resnet8_weights>(
        "onnx_mlperf_resnet8");
}
