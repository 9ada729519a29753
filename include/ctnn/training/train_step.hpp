// One step of training: forward, loss, backward and the optimizer over one batch of images, as many
// at once as the processor has lanes.
#pragma once

#include <ctnn/lanes.hpp>
#include <ctnn/training/backpropagation.hpp>
#include <ctnn/training/dataset.hpp>
#include <ctnn/training/losses.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <limits>
#include <memory>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace ctnn {

/// Means over the images that were looked at. Accuracy is in [0, 1]; not a number where the loss
/// has none.
struct evaluation {
    double loss = 0.0;
    double accuracy = 0.0;
};

/// The memory that training needs beside the parameters and the optimizer; plain, about as large as
/// the network's activations times the lanes. Keep it between steps, and off the stack.
template <class Network, class Loss = sparse_categorical_crossentropy, class T = simd::native>
struct training_workspace {
    using loss = typename Loss::template on<Network>;

    backpropagation<Network, T, loss::leaves> pass;
    tensor<typename Network::output_shape, T> targets;
    parameters<Network> d_w;
};

namespace detail {

/// Sums of loss and accuracy over images; the order of the additions is fixed.
struct sums {
    double loss = 0.0, accuracy = 0.0;
    [[nodiscard]] constexpr evaluation mean_over(std::size_t images) const noexcept {
        const double count = static_cast<double>(images);
        return {loss / count, accuracy / count};
    }
};

/// Examples number `first` ... of a list, a lane each. `index` says which image stands at a
/// position.
template <class Network, class Loss, class T, class Target, class Index>
class lane_runner {
    using loss = typename Loss::template on<Network>;
    using output_shape = typename Network::output_shape;
    static constexpr std::size_t lanes = simd::lanes_of<T>;
    static_assert(sizeof(targets_fit<loss, Target>) > 0);

public:
    lane_runner(const parameters<Network>& w, std::span<const typename Network::input> inputs,
                std::span<const Target> targets, Index index,
                training_workspace<Network, Loss, T>& workspace) noexcept
        : w_(w), inputs_(inputs), targets_(targets), index_(index), workspace_(workspace) {}

    /// Runs the `count` images from position `first` on forward; adds their losses to `total`. With
    /// `weight` > 0 also backward: adds weight times their gradients to the workspace's d_w.
    void run(std::size_t first, std::size_t count, float weight, sums& total) noexcept {
        for (std::size_t done = 0; done < count; done += lanes)
            run_lanes(first + done, std::min(lanes, count - done), weight, total);
    }

private:
    void run_lanes(std::size_t first, std::size_t count, float weight, sums& total) noexcept {
        auto& pass = workspace_.pass;
        std::array<const typename Network::input*, lanes> images{};
        for (std::size_t n = 0; n < count; ++n) images[n] = &inputs_[index_(first + n)];
        to_lanes<T>(images, tensor_view(pass.x));
        load_targets(first, count);
        pass.forward(w_);

        const tensor_view<output_shape, const T> z(pass.output().data()), t(workspace_.targets);
        const tensor_view<output_shape, T> d_z(pass.d_output().data());
        float losses[lanes], hits[lanes], weights[lanes]{};
        simd::store(losses, T(loss::evaluate(z, t, d_z)));
        if constexpr (loss::has_accuracy)
            simd::store(hits, T(loss::accuracy(z, t)));
        else
            std::fill_n(hits, lanes, std::numeric_limits<float>::quiet_NaN());
        for (std::size_t n = 0; n < count; ++n) {
            total.loss += static_cast<double>(losses[n]);
            total.accuracy += static_cast<double>(hits[n]);
            weights[n] = weight;  // lanes without an image keep 0: they have no gradient
        }
        if (weight > 0.0f) {
            const T scale = simd::load<T>(weights);
            for (T& d : d_z) d = d * scale;
            pass.backward(w_, workspace_.d_w);
        }
    }

    void load_targets(std::size_t first, std::size_t count) noexcept {
        for (std::size_t i = 0; i < output_shape::size; ++i) {
            float values[lanes]{};
            for (std::size_t n = 0; n < count; ++n) {
                const Target& target = targets_[index_(first + n)];
                if constexpr (std::integral<Target>)
                    values[n] = loss::target(static_cast<class_label>(target), i);
                else if constexpr (is_tensor<Target>)
                    values[n] = target[i];
            }
            workspace_.targets[i] = simd::load<T>(values);
        }
    }

    const parameters<Network>& w_;
    std::span<const typename Network::input> inputs_;
    std::span<const Target> targets_;
    Index index_;
    training_workspace<Network, Loss, T>& workspace_;
};

/// Throws std::invalid_argument unless there are images, each with a target the network can give.
template <class Network, class Loss, class Target>
void check_examples(const char* where, std::size_t images, std::span<const Target> targets) {
    const std::string entity = std::string("ctnn::") + where + ": ";
    if (images == 0)
        throw std::invalid_argument(entity + "the number of images must be at least 1, found 0");
    if (images != targets.size())
        throw std::invalid_argument(
            entity + "the number of targets must be that of the images, found " +
            std::to_string(targets.size()) + " for " + std::to_string(images));
    if constexpr (std::integral<Target>) {
        constexpr std::size_t classes = Loss::template on<Network>::classes;
        for (std::size_t i = 0; i < targets.size(); ++i)
            if (std::cmp_less(targets[i], 0) || std::cmp_greater_equal(targets[i], classes))
                throw std::invalid_argument(
                    entity + "every label must be below " + std::to_string(classes) + ", found " +
                    std::to_string(targets[i]) + " at image " + std::to_string(i));
    }
}

/// One step over the images at positions `first` ... `first + count` of the runner's list.
template <class Network, class Loss, class T, class Optimizer, class Runner>
void step(parameters<Network>& w, Optimizer& optimizer, Runner& runner, std::size_t first,
          std::size_t count, training_workspace<Network, Loss, T>& workspace, sums& total) {
    std::fill_n(workspace.d_w.elements, Network::parameter_count, 0.0f);
    runner.run(first, count, 1.0f / static_cast<float>(count), total);
    optimizer.update(w, workspace.d_w);
}

}  // namespace detail

/// Trains on one batch: the mean loss over the batch, its gradient, one step of the optimizer.
/// Returns the batch's loss and accuracy before the step. `images` and `targets` are contiguous
/// ranges of any length from 1; targets are class labels, or tensors of the network's output_shape.
/// Throws std::invalid_argument on an empty batch, another number of targets than images, or a
/// label that is no class; nothing has changed then.
template <class Loss = sparse_categorical_crossentropy, class Network, class Optimizer,
          class Targets>
evaluation train_step(parameters<Network>& w, Optimizer& optimizer,
                      std::span<const typename Network::input> images, const Targets& targets,
                      training_workspace<Network, Loss>& workspace) {
    using target = std::ranges::range_value_t<Targets>;
    const std::span<const target> all(targets);
    detail::check_examples<Network, Loss>("train_step", images.size(), all);
    const auto in_order = [](std::size_t i) { return i; };
    detail::lane_runner<Network, Loss, simd::native, target, decltype(in_order)> runner(
        w, images, all, in_order, workspace);
    detail::sums total;
    detail::step(w, optimizer, runner, 0, images.size(), workspace, total);
    return total.mean_over(images.size());
}
/// The same, with a workspace from the heap for this step alone.
template <class Loss = sparse_categorical_crossentropy, class Network, class Optimizer,
          class Targets>
evaluation train_step(parameters<Network>& w, Optimizer& optimizer,
                      std::span<const typename Network::input> images, const Targets& targets) {
    const auto workspace = std::make_unique<training_workspace<Network, Loss>>();
    return train_step<Loss>(w, optimizer, images, targets, *workspace);
}

}  // namespace ctnn
