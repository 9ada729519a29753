// What import_model writes is what the compiler reads in the same file.
#include <ctnn/model_file.hpp>

#include <ctnn/io/safetensors.hpp>

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

/// The same type, and the same bits in the header and in the .safetensors.
template <const auto& File, class Net, const auto& Weights>
void is_the_same(const std::string& name) {
    CAPTURE(name);
    static_assert(std::is_same_v<network_in<File>, Net>);
    constexpr const parameters<Net>& expected = weights_in<File>;
    const parameter_view<Net, const float> in_header = Weights;
    CHECK(std::ranges::equal(in_header.values(), expected.values()));
    const auto loaded = std::make_unique<parameters<Net>>();
    load(*loaded, std::string(CTNN_BUILT_DATA) + "/tflite_" + name + ".safetensors");
    CHECK(std::ranges::equal(loaded->values(), expected.values()));
}

}  // namespace

TEST_CASE("import_model: the header and the weights that it writes") {
    is_the_same<activations_file, tflite_activations, tflite_activations_weights>("activations");
    is_the_same<depthwise_file, tflite_depthwise, tflite_depthwise_weights>("depthwise");
    is_the_same<reshapes_file, tflite_reshapes, tflite_reshapes_weights>("reshapes");
    is_the_same<resnet_file, tflite_resnet, tflite_resnet_weights>("resnet");
    is_the_same<sequence_file, tflite_sequence, tflite_sequence_weights>("sequence");
    is_the_same<squeeze_file, tflite_squeeze, tflite_squeeze_weights>("squeeze");
    is_the_same<u_net_file, tflite_u_net, tflite_u_net_weights>("u_net");
}
