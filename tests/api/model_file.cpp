// A network of a model file, read by the compiler: as it is, as a copy to train, in another network.
#include <ctnn/model_file.hpp>

#include <cassert>
#include <memory>
#include <type_traits>

constexpr unsigned char file[]{
#include "net.tflite.inc"
};
using net = ctnn::network_in<file>;                      // a type like any other
constexpr const auto& weights = ctnn::weights_in<file>;  // a constant of the program

static_assert(net::parameter_count == 1'025);
static_assert(std::is_same_v<net::input_shape, ctnn::shape<8, 7, 3>>);
static_assert(std::is_same_v<ctnn::network<net::input_shape, net, ctnn::dense<2>>::output_shape,
                             ctnn::features<2>>);

int main() {
    net::input x{};
    x.fill(0.5f);
    const net::output y = net::predict(weights, x);  // noexcept, no heap
    float sum = 0.0f;
    for (const float probability : y) sum += probability;
    assert(0.99999f < sum && sum < 1.00001f);

    const auto w = std::make_unique<net::parameters>(weights);  // a copy, to train it further
    assert(w->values()[0] == weights.values()[0]);
    w->values()[1024] += 100.0f;  // the last class' bias
    assert(net::predict(*w, x).argmax() == 4);
}
