// One step of training: forward, loss, backward and the optimizer over one batch of images, as many
// at once as the processor has lanes.
#pragma once

#include <ctnn/simd/lanes.hpp>
#include <ctnn/training/backpropagation.hpp>
#include <ctnn/training/checks.hpp>
#include <ctnn/training/losses.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <memory>
#include <ranges>
#include <span>
#include <type_traits>

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

    backpropagation<Network, T, loss::leaves> pass;
    tensor<output_shape, T> targets;

    /// Runs the images of the first `count` lanes forward; adds their losses to `total`. Unless
    /// `d_w` is null also backward: adds `weight` times their gradients to it. Never inlined: one
    /// copy gives whoever calls the same bits.
    [[gnu::noinline]] void run(const parameters<Network>& w, std::size_t count, sums& total,
                               float* d_w, float weight) noexcept {
        constexpr std::size_t lanes = simd::lanes_of<T>;
        pass.forward(w);
        const tensor_view<output_shape, const T> z(pass.output().data()), t(targets);
        const tensor_view<output_shape, T> d_z(pass.d_output().data());
        float losses[lanes], hits[lanes], weights[lanes]{};
        simd::store(losses, T(loss::evaluate(z, t, d_z)));
        if constexpr (loss::has_accuracy)
            simd::store(hits, T(loss::accuracy(z, t)));
        else
            std::fill_n(hits, lanes, std::numeric_limits<float>::quiet_NaN());
        for (std::size_t n = 0; n < count; ++n) {
            total += {static_cast<double>(losses[n]), static_cast<double>(hits[n])};
            weights[n] = weight;  // lanes without an image keep 0: they have no gradient
        }
        if (d_w == nullptr) return;
        const T scale = simd::load<T>(weights);
        for (T& d : d_z) d = d * scale;
        pass.backward(w, parameter_view<Network, float>(d_w));
    }
};

}  // namespace detail

/// The memory that training needs beside the parameters and the optimizer; plain, about as large as
/// the network's activations times the lanes, and twice its parameters. Keep it between steps, and
/// off the stack.
template <class Network, class Loss = sparse_categorical_crossentropy, class T = simd::native>
struct training_workspace {
    std::array<detail::lane_workspace<Network, Loss, T>, 1> lanes;  // for the only worker
    std::array<parameters<Network>, 2> gradients;

    /// Calls f(worker, piece) for every piece in [0, pieces).
    template <class F>
    static void run(std::size_t pieces, const F& f) noexcept {
        for (std::size_t piece = 0; piece < pieces; ++piece) f(std::size_t{0}, piece);
    }
};

namespace detail {

/// Runs examples of a list. `index` says which image stands at a position. Several threads may use
/// one runner, each with a workspace of its own.
template <class Network, class Loss, class T, class Target, class Index>
class lane_runner {
    using loss = typename Loss::template on<Network>;
    using workspace = lane_workspace<Network, Loss, T>;
    static_assert(sizeof(targets_fit<loss, Target>) > 0);

public:
    static constexpr std::size_t lanes = simd::lanes_of<T>;

    lane_runner(const parameters<Network>& w, std::span<const typename Network::input> inputs,
                std::span<const Target> targets, Index index) noexcept
        : w_(w), inputs_(inputs), targets_(targets), index_(index) {}

    /// Runs the `count` images from position `first` on, as many at once as there are lanes;
    /// returns the sums of their losses. `d_w` and `weight` as above.
    sums run(std::size_t first, std::size_t count, workspace& space, float* d_w = nullptr,
             float weight = 0.0f) const noexcept {
        sums total;
        for (std::size_t done = 0; done < count; done += lanes) {
            const std::size_t here = std::min(lanes, count - done);
            load(first + done, here, space);
            space.run(w_, here, total, d_w, weight);
        }
        return total;
    }

private:
    /// Lanes without an image have a copy of the first, because a slope may be infinite for a blank
    /// one, and 0 times infinity would spoil the sums over the lanes.
    void load(std::size_t first, std::size_t count, workspace& space) const noexcept {
        std::array<const typename Network::input*, lanes> images{};
        std::array<const Target*, lanes> targets{};
        for (std::size_t n = 0; n < lanes; ++n) {
            const std::size_t image = index_(first + (n < count ? n : 0));
            images[n] = &inputs_[image];
            targets[n] = &targets_[image];
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

    const parameters<Network>& w_;
    std::span<const typename Network::input> inputs_;
    std::span<const Target> targets_;
    Index index_;
};

/// How many parts of `size` there are in `count`, the last one perhaps smaller.
constexpr std::size_t parts_of(std::size_t count, std::size_t size) noexcept {
    return count / size + (count % size != 0 ? 1 : 0);
}
/// A batch is cut into pieces: packs of images that go through the lanes together, spread over at
/// most this many. More would cost steps on one thread more time.
inline constexpr std::size_t most_pieces = 8;
constexpr std::size_t pieces_of_batch(std::size_t count, std::size_t lanes) noexcept {
    return std::min(most_pieces, parts_of(count, lanes));
}

/// One step over the images at positions `first` ... `first + count` of the runner's list. Every
/// piece has a gradient of its own, and they are added in order: the bits depend neither on how
/// many workers `space` has nor on for how many gradients, 2 or one for each piece. A loss that is
/// not finite leaves the parameters and the optimizer as they are.
template <class Network, class Optimizer, class Runner, class Space>
sums step(parameters<Network>& w, Optimizer& optimizer, const Runner& runner, std::size_t first,
          std::size_t count, Space& space) {
    const float weight = 1.0f / static_cast<float>(count);
    const std::size_t packs = parts_of(count, Runner::lanes);
    const std::size_t pieces = pieces_of_batch(count, Runner::lanes);
    std::array<sums, most_pieces> results;
    const auto start_of = [&](std::size_t piece) {
        return std::min(count, piece * packs / pieces * Runner::lanes);
    };
    // The first piece goes to gradients[0], where all are added; the others to the rest in turn, as
    // many at a time as there are.
    const std::size_t rest = space.gradients.size() - 1;
    const auto gradient_of = [&](std::size_t piece) {
        return space.gradients[piece == 0 ? 0 : 1 + (piece - 1) % rest].elements;
    };
    for (std::size_t begin = 0; begin < pieces;) {
        const std::size_t end = std::min(pieces, std::max<std::size_t>(begin, 1) + rest);
        space.run(end - begin, [&](std::size_t worker, std::size_t i) {
            const std::size_t piece = begin + i, start = start_of(piece);
            float* const d_w = gradient_of(piece);
            std::fill_n(d_w, Network::parameter_count, 0.0f);
            results[piece] = runner.run(first + start, start_of(piece + 1) - start,
                                        space.lanes[worker], d_w, weight);
        });
        constexpr std::size_t slice = 16384;  // floats; fewer are not worth waking a thread
        space.run(parts_of(Network::parameter_count, slice), [&](std::size_t, std::size_t n) {
            const std::size_t last = std::min(Network::parameter_count, (n + 1) * slice);
            float* const sum = gradient_of(0);
            for (std::size_t piece = std::max<std::size_t>(begin, 1); piece < end; ++piece) {
                const float* const d_w = gradient_of(piece);
                for (std::size_t i = n * slice; i < last; ++i) sum[i] += d_w[i];
            }
        });
        begin = end;
    }
    sums total;
    for (std::size_t piece = 0; piece < pieces; ++piece) total += results[piece];
    if constexpr (optimizer_of<Optimizer, Network>)
        if (std::isfinite(total.loss)) optimizer.update(w, space.gradients[0]);
    return total;
}

}  // namespace detail

namespace detail {

/// Stops the compiler at a workspace of another network or loss.
template <class Found, class Expected>
struct workspace_fits {
    static_assert(std::is_same_v<Found, Expected>,
                  "ctnn::train_step: the workspace must be training_workspace<net, loss> of this "
                  "network and loss");
};

}  // namespace detail

/// Trains on one batch: the mean loss over the batch, its gradient, one step of the optimizer.
/// Returns the batch's loss and accuracy before the step. A loss that is not finite changes
/// nothing: look at it. `images` and `targets` are contiguous ranges of any length from 1; targets
/// are class labels, or tensors of the network's output_shape. Throws std::invalid_argument on an
/// empty batch, another number of targets than images, a label that is no class, a target that the
/// loss refuses, or an option of the optimizer out of its range; nothing has changed then.
template <class Loss = sparse_categorical_crossentropy, class Network, class Optimizer,
          class Images, class Targets, class Workspace>
evaluation train_step(parameters<Network>& w, Optimizer& optimizer, const Images& images,
                      const Targets& targets, Workspace& workspace) {
    static_assert(sizeof(detail::workspace_fits<Workspace, training_workspace<Network, Loss>>) > 0);
    using image = std::ranges::range_value_t<Images>;
    static_assert(sizeof(detail::images_fit<image, typename Network::input>) > 0);
    static_assert(sizeof(detail::optimizer_fits<Optimizer, Network>) > 0);
    if constexpr (std::is_same_v<image, typename Network::input> &&
                  std::is_same_v<Workspace,
                                 training_workspace<Network, Loss>>) {  // else one error is enough
        const std::span<const image> all_images(images);
        const auto all = detail::contiguous(targets);
        using target = detail::target_in<decltype(all)>;
        detail::check_examples<Network, Loss, target>("train_step", all_images.size(), all);
        detail::check_optimizer("train_step", optimizer);
        const auto in_order = [](std::size_t i) { return i; };
        detail::lane_runner<Network, Loss, simd::native, target, decltype(in_order)> runner(
            w, all_images, all, in_order);
        return detail::step(w, optimizer, runner, 0, all.size(), workspace).mean_over(all.size());
    } else {
        return {};
    }
}
/// The same, with a workspace from the heap for this step alone.
template <class Loss = sparse_categorical_crossentropy, class Network, class Optimizer,
          class Images, class Targets>
evaluation train_step(parameters<Network>& w, Optimizer& optimizer, const Images& images,
                      const Targets& targets) {
    const auto workspace = std::make_unique<training_workspace<Network, Loss>>();
    return train_step<Loss>(w, optimizer, images, targets, *workspace);
}

}  // namespace ctnn
