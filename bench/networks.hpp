// What bench/networks asks: a network, predictions, a training step. Plain floats and numbers cross
// to other libraries, so that no library's headers meet another's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace bench {

inline constexpr std::size_t batch = 32;

/// A layer in numbers. Rows before columns.
struct node {
    enum kind {
        convolution,
        normalization,
        relu,
        sum,
        mean,
        maximum,
        dense,
        softmax,
        nothing
    } what;
    std::vector<std::size_t> reads;             // values: 0 is the input, i + 1 what node i gives
    std::array<std::size_t, 3> from, to;        // height, width, channels
    std::array<std::size_t, 2> taps, strides;   // of the kernel, or of the pooling window
    std::array<std::size_t, 2> before, behind;  // zeros around the image
    std::size_t groups;
    const float* weights;  // height, width, input channels, filters; then the bias
};

/// A network, folded or as it is trained. The memory outlives all that is made of it.
struct graph {
    std::vector<node> nodes;
    std::span<const float> images;         // `batch` of them: row, column, channel
    std::span<const std::int32_t> labels;  // of these
};

/// A network in another library, on one thread, as its expert would write it.
class peer {
public:
    virtual ~peer() = default;
    /// The outputs of the first `count` images, 1 or `batch`. They stay until the next call.
    virtual std::span<const float> predict(std::size_t count) = 0;
    /// One step of Adam over all images; the loss before it. Not every peer trains.
    virtual double train_step() { return 0.0; }
};
std::unique_ptr<peer> onednn_predicts(const graph& folded);
/// Predictions of `count` images with activations and weights in bytes: for their time alone.
std::function<void()> onednn_predicts_in_bytes(const graph& folded, std::size_t count);
std::unique_ptr<peer> libtorch_predicts(const graph& folded);
std::unique_ptr<peer> libtorch_trains(const graph& as_trained);

/// A network in ctnn: predictions by the folded one.
class network : public peer {
public:
    std::string name;
    std::size_t multiply_adds = 0, step_multiply_adds = 0;  // an image, forward; and a step
    graph folded, as_trained;
    bool trains = false;
};
std::unique_ptr<network> make_resnet8();
std::unique_ptr<network> make_ds_cnn();
std::unique_ptr<network> make_mobilenet();

}  // namespace bench
