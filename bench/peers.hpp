// What the comparison asks of another library: the same LeNet-5, the same weights and images,
// prediction and one training step. Plain floats cross this border, so that no library's headers
// meet another's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace bench {

inline constexpr std::size_t pixels = 28 * 28, classes = 10, training_images = 32;
inline constexpr std::size_t prediction_sizes[] = {1, 32, 256};

/// What every library is given. The memory outlives the peers.
struct task {
    std::span<const float> images;         // row, column
    std::span<const std::int32_t> labels;  // the training images'
    std::span<const float> weights;        // in ctnn's order and layouts
};

/// Another library with LeNet-5 in it, as its expert would build it, on one thread.
class peer {
public:
    virtual ~peer() = default;
    [[nodiscard]] virtual std::string name() const = 0;
    /// With the version, and what decides its speed.
    [[nodiscard]] virtual std::string description() const = 0;

    /// Probabilities of the first `count` images; `count` is one of `prediction_sizes`. They stay
    /// where they are until the next call.
    virtual std::span<const float> predict(std::size_t count) = 0;
    /// One step of Adam (rate 0.001, epsilon 1e-7) over the training images; the loss before it.
    virtual double train_step() = 0;

    /// The trained weights in ctnn's order and layouts.
    [[nodiscard]] virtual std::vector<float> trained_weights() = 0;
    /// The task's weights again, and an optimizer that has not made a step.
    virtual void restart() = 0;
};

std::unique_ptr<peer> make_onednn(const task&);
std::unique_ptr<peer> make_libtorch(const task&);

}  // namespace bench
