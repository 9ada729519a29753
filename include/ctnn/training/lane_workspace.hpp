// Images of a batch in the lanes: as many at once as the processor has lanes go through the network,
// the loss and back.
#pragma once

#include <ctnn/simd/lanes.hpp>
#include <ctnn/training/backpropagation.hpp>
#include <ctnn/training/checks.hpp>
#include <ctnn/training/losses.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace ctnn {

/// Means over the images that were looked at. Accuracy is in [0, 1]; not a number where the loss
/// has none.
struct evaluation {
    double loss = 0.0;
    double accuracy = 0.0;
};

namespace detail {

/// Sums of loss and accuracy over images; the order of the additions is fixed.
struct sums {
    double loss = 0.0, accuracy = 0.0;
    constexpr sums& operator+=(const sums& more) noexcept {
        loss += more.loss;
        accuracy += more.accuracy;
        return *this;
    }
    [[nodiscard]] constexpr evaluation mean_over(std::size_t images) const noexcept {
        const double count = static_cast<double>(images);
        return {loss / count, accuracy / count};
    }
};

/// Images and their targets, one per lane, and all that lies between.
template <class Network, class Loss, class T>
struct lane_workspace {
    using loss = typename Loss::template on<Network>;
    using output_shape = typename Network::output_shape;
    using backward_pass = backpropagation<Network, T, loss::leaves>;

    backward_pass pass;
    tensor<output_shape, T> targets;

    // Never inlined: one copy gives whoever calls the same bits.

    /// Runs the images of the first `count` lanes forward; adds their losses to `total`. Unless
    /// `d_w` is null also backward: adds `weight` times their gradients to it.
    [[gnu::noinline]] void run(const parameters<Network>& w, std::size_t count, sums& total,
                               float* d_w, float weight) noexcept {
        if (d_w == nullptr) {
            pass.predict(w);
            measure(count, total);
        } else if constexpr (backward_pass::segments == 1) {
            pass.forward(w);
            measure(count, total);
            weigh(count, weight);
            pass.backward(w, parameter_view<Network, float>(d_w));
        }
    }
    /// Segment by segment, of a batch of `batch` images.
    template <std::size_t S>
    [[gnu::noinline]] void run_forward(const parameters<Network>& w, std::size_t count,
                                       std::size_t batch, sums& total) noexcept {
        pass.template forward_segment<S>(w, count, batch);
        if constexpr (S + 1 == backward_pass::segments) {
            measure(count, total);
            weigh(count, 1.0f / static_cast<float>(batch));
        }
    }
    template <std::size_t S>
    [[gnu::noinline]] void run_backward(const parameters<Network>& w, std::size_t count,
                                        std::size_t batch, float* d_w) noexcept {
        pass.template backward_segment<S>(w, parameter_view<Network, float>(d_w), count, batch);
    }

private:
    void measure(std::size_t count, sums& total) noexcept {
        constexpr std::size_t lanes = simd::lanes_of<T>;
        const tensor_view<output_shape, const T> z(pass.output().data()), t(targets);
        const tensor_view<output_shape, T> d_z(pass.d_output().data());
        float losses[lanes], hits[lanes];
        simd::store(losses, T(loss::evaluate(z, t, d_z)));
        if constexpr (loss::has_accuracy)
            simd::store(hits, T(loss::accuracy(z, t)));
        else
            std::fill_n(hits, lanes, std::numeric_limits<float>::quiet_NaN());
        for (std::size_t n = 0; n < count; ++n)
            total += {static_cast<double>(losses[n]), static_cast<double>(hits[n])};
    }
    /// Lanes without an image keep 0: they have no gradient.
    void weigh(std::size_t count, float weight) noexcept {
        constexpr std::size_t lanes = simd::lanes_of<T>;
        float weights[lanes]{};
        std::fill_n(weights, count, weight);
        const T scale = simd::load<T>(weights);
        for (T& d : pass.d_output()) d = d * scale;
    }
};

/// Where random numbers of a step come from.
struct step_seed {
    std::uint64_t seed = 0, step = 0;
};
struct no_seed {};
/// Whether layers take random numbers in training.
template <class Network, class Loss>
inline constexpr bool is_random =
    lane_workspace<Network, Loss, simd::native>::backward_pass::is_random;

/// Whether training has to look at the whole batch between layers.
template <class Network, class Loss>
inline constexpr bool is_segmented =
    lane_workspace<Network, Loss, simd::native>::backward_pass::segments > 1;

/// Runs examples of a list. `index` says which image stands at a position. Several threads may use
/// one runner, each with a workspace of its own.
template <class Network, class Loss, class T, class Target, class Index>
class lane_runner {
    using loss = typename Loss::template on<Network>;
    static_assert(sizeof(targets_fit<loss, Target>) > 0);

public:
    using workspace = lane_workspace<Network, Loss, T>;
    static constexpr std::size_t lanes = simd::lanes_of<T>;

    lane_runner(const parameters<Network>& w, std::span<const typename Network::input> inputs,
                std::span<const Target> targets, Index index) noexcept
        : w_(w), inputs_(inputs), targets_(targets), index_(index) {}

    /// Runs the `count` images from position `first` on, as many at once as there are lanes;
    /// returns the sums of their losses. `d_w` and `weight` as above.
    sums run(std::size_t first, std::size_t count, workspace& space, float* d_w = nullptr,
             float weight = 0.0f, step_seed random = {}) const noexcept {
        sums total;
        for (std::size_t done = 0; done < count; done += lanes) {
            const std::size_t here = std::min(lanes, count - done);
            load(first + done, here, space, random);
            space.run(w_, here, total, d_w, weight);
        }
        return total;
    }

    /// Fills the lanes. Those without an image have a copy of the first, because a slope may be infinite for a blank
    /// one, and 0 times infinity would spoil the sums over the lanes.
    void load(std::size_t first, std::size_t count, workspace& space,
              [[maybe_unused]] step_seed random) const noexcept {
        std::array<const typename Network::input*, lanes> images{};
        std::array<const Target*, lanes> targets{};
        for (std::size_t n = 0; n < lanes; ++n) {
            const std::size_t image = index_(first + (n < count ? n : 0));
            images[n] = &inputs_[image];
            targets[n] = &targets_[image];
            if constexpr (workspace::backward_pass::is_random)
                space.pass.random.keys[n] = key_of(random.seed, random.step, first + n);
        }
        to_lanes<T>(images, tensor_view(space.pass.x));
        for (std::size_t i = 0; i < Network::output_shape::size; ++i) {
            float values[lanes]{};
            for (std::size_t n = 0; n < lanes; ++n) {
                if constexpr (std::integral<Target>)
                    values[n] = loss::target(static_cast<class_label>(*targets[n]), i);
                else if constexpr (is_tensor<Target>)
                    values[n] = (*targets[n])[i];
            }
            space.targets[i] = simd::load<T>(values);
        }
    }

private:
    const parameters<Network>& w_;
    std::span<const typename Network::input> inputs_;
    std::span<const Target> targets_;
    Index index_;
};

}  // namespace detail
}  // namespace ctnn
