// Keras' form of training: fit over epochs, evaluate over a data set, on any number of threads.
#pragma once

#include <ctnn/training/checks.hpp>
#include <ctnn/training/fit_options.hpp>
#include <ctnn/training/progress.hpp>
#include <ctnn/training/thread_pool.hpp>
#include <ctnn/training/train_step.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ctnn {

namespace detail {

/// The images' order, drawn anew for every epoch: Fisher-Yates with the standard's generator, so
/// the same seed gives the same order everywhere (std::shuffle may differ between libraries).
class shuffled_order {
public:
    shuffled_order(std::size_t count, std::uint64_t seed) : order_(count), bits_(seed) {
        std::iota(order_.begin(), order_.end(), std::size_t{0});
    }
    void shuffle() {
        for (std::size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[below(i)]);
    }
    [[nodiscard]] std::size_t operator[](std::size_t i) const { return order_[i]; }

private:
    /// A number below `limit`, each equally likely: what the last incomplete round of numbers gives
    /// is thrown away.
    std::size_t below(std::uint64_t limit) {
        const std::uint64_t rest = (UINT64_MAX % limit + 1) % limit;
        std::uint64_t number = bits_();
        while (number > UINT64_MAX - rest) number = bits_();
        return static_cast<std::size_t>(number % limit);
    }

    std::vector<std::size_t> order_;
    std::mt19937_64 bits_;
};

template <class Network, class Data>
std::span<const typename Network::input> inputs_of(const Data& data) noexcept {
    if constexpr (std::is_same_v<typename Data::input, typename Network::input>)
        return data.inputs;
    else
        return {};  // images_fit says so; one error is enough
}

/// The threads of a training or an evaluation, and the memory they work in.
template <class Network, class Loss>
struct crew : workers {
    /// For steps of `pieces` each: one thread needs no more than two gradients. Of a network that
    /// looks at the whole batch there must be room for `packs`.
    crew(std::size_t threads, std::size_t useful, std::size_t pieces, std::size_t packs)
        : workers(threads, useful),
          lanes(is_segmented<Network, Loss> ? std::max(count(), packs) : count()),
          gradients(count() == 1 ? std::min<std::size_t>(pieces, 2) : pieces) {}

    std::vector<lane_workspace<Network, Loss, simd::native>> lanes;  // one for each worker or pack
    std::vector<parameters<Network>> gradients;
};

/// What an evaluation is cut into, in images: whole packs, and enough pieces to share out evenly.
inline constexpr std::size_t evaluated_at_once = 16 * simd::native_lanes;

template <class Network, class Loss, class Data>
evaluation evaluate_with(const parameters<Network>& w, const Data& data,
                         crew<Network, Loss>& threads) {
    const auto in_order = [](std::size_t i) { return i; };
    const auto targets = contiguous(data.targets);
    const lane_runner<Network, Loss, simd::native, target_in<decltype(targets)>, decltype(in_order)>
        runner(w, inputs_of<Network>(data), targets, in_order);
    std::vector<sums> results(parts_of(data.size(), evaluated_at_once));
    threads.run(results.size(), [&](std::size_t worker, std::size_t piece) {
        const std::size_t first = piece * evaluated_at_once;
        results[piece] = runner.run(first, std::min(evaluated_at_once, data.size() - first),
                                    threads.lanes[worker]);
    });
    sums total;
    for (const sums& piece : results) total += piece;
    return total.mean_over(data.size());
}

template <class Network, class Loss, class Data>
void check_dataset(const char* where, const Data& data) {
    const auto targets = contiguous(data.targets);
    check_examples<Network, Loss, target_in<decltype(targets)>>(where, data.inputs.size(), targets);
}

template <class Floats>
bool are_finite(const Floats& numbers) noexcept {
    for (const float number : numbers)
        if (!std::isfinite(number)) return false;
    return true;
}

/// Why the loss of images number index(first), ... of the data was not finite, as far as one sees.
template <class Network, class Data, class Index>
std::string cause_of_loss(const parameters<Network>& w, const Data& data, const Index& index,
                          std::size_t first, std::size_t count, bool is_first_step) {
    if (!are_finite(w.values()))
        return is_first_step
                   ? "parameters are not finite before the first step: call initialize first"
                   : "parameters are not finite any more; lower the learning_rate";
    for (std::size_t i = first; i < first + count; ++i) {
        const std::string number = std::to_string(index(i));
        if (!are_finite(data.inputs[index(i)])) return "image " + number + " is not finite";
        if constexpr (is_tensor<typename Data::target>)
            if (!are_finite(data.targets[index(i)]))
                return "the target of image " + number + " is not finite";
    }
    return is_first_step ? "parameters, images or targets are too large; call initialize first"
                         : "lower the learning_rate";
}

}  // namespace detail

/// The mean loss and accuracy over a data set, the same bits on any number of threads. Throws
/// std::invalid_argument on an empty set, another number of targets than inputs, a label that is no
/// class, targets that the loss refuses (checked once, before), or threads out of range,
/// std::system_error where a thread cannot be started. A loss that is not finite is returned.
template <class Loss = sparse_categorical_crossentropy, class Network, class Data>
evaluation evaluate(const parameters<Network>& w, const Data& data,
                    const thread_options& options = {}) {
    static_assert(sizeof(detail::images_fit<typename Data::input, typename Network::input>) > 0);
    detail::check_dataset<Network, Loss>("evaluate", data);
    detail::check_option("evaluate", "threads", options.threads, 0, detail::most_threads);
    detail::crew<Network, Loss> threads(
        options.threads, detail::parts_of(data.size(), detail::evaluated_at_once), 0, 0);
    return detail::evaluate_with<Network, Loss>(w, data, threads);
}

/// Trains for some epochs, each over all of the data in an order of its own. The same parameters,
/// optimizer, data and options give the same bits on the same machine, on any number of threads.
/// Throws, before anything has changed, std::invalid_argument on what `evaluate` rejects, in the
/// data or the validation data, and on options of `fit` or of the optimizer out of their ranges,
/// std::system_error where a thread cannot be started; and while it trains loss_not_finite, also
/// for parameters that are not finite after an epoch, unless options.skip_not_finite.
/// https://keras.io/api/models/model_training_apis/#fit-method
template <class Loss = sparse_categorical_crossentropy, class Network, class Optimizer, class Data>
history fit(parameters<Network>& w, Optimizer& optimizer, const Data& data,
            const fit_options<Data>& options = {}) {
    static_assert(sizeof(detail::images_fit<typename Data::input, typename Network::input>) > 0);
    static_assert(sizeof(detail::optimizer_fits<Optimizer, Network>) > 0);
    detail::check_dataset<Network, Loss>("fit", data);
    const Data* const validation_data = options.validation;
    if (validation_data != nullptr)
        detail::check_dataset<Network, Loss>("fit, validation", *validation_data);
    detail::check_option("fit", "epochs", options.epochs, 1, detail::most_steps);
    detail::check_option("fit", "batch_size", options.batch_size, 1, detail::most_steps);
    detail::check_option("fit", "threads", options.threads, 0, detail::most_threads);
    detail::check_optimizer("fit", optimizer);

    const std::size_t most = std::min(options.batch_size, data.size());
    const std::size_t pieces = detail::pieces_of_batch(most, simd::native_lanes);
    detail::crew<Network, Loss> threads(options.threads, pieces, pieces,
                                        detail::parts_of(most, simd::native_lanes));
    detail::shuffled_order order(data.size(), options.seed);
    const auto at = [&](std::size_t i) { return order[i]; };
    const auto targets = detail::contiguous(data.targets);
    const detail::lane_runner<Network, Loss, simd::native, detail::target_in<decltype(targets)>,
                              decltype(at)>
        runner(w, detail::inputs_of<Network>(data), targets, at);
    const double none = std::numeric_limits<double>::quiet_NaN();
    const std::size_t steps = detail::parts_of(data.size(), options.batch_size);

    history result;
    for (std::size_t epoch = 0; epoch < options.epochs; ++epoch) {
        detail::progress_bar bar(options.progress, epoch + 1, options.epochs, steps);
        const auto start = std::chrono::steady_clock::now();
        if (options.shuffle) order.shuffle();
        detail::sums total;
        for (std::size_t step = 0; step < steps; ++step) {
            const std::size_t first = step * options.batch_size;
            const std::size_t count = std::min(options.batch_size, data.size() - first);
            const detail::sums batch = detail::step(w, optimizer, runner, first, count, threads,
                                                    {options.seed, epoch * steps + step});
            if (!std::isfinite(batch.loss) && !options.skip_not_finite)
                throw loss_not_finite(
                    "ctnn::fit: the loss must be finite, found " +
                        detail::text_of(batch.mean_over(count).loss) + " in epoch " +
                        std::to_string(epoch) + ", step " + std::to_string(step) +
                        " (both from 0): " +
                        detail::cause_of_loss(w, data, at, first, count, epoch + step == 0),
                    epoch, step);
            total += batch;
            const evaluation mean = total.mean_over(first + count);
            bar.update(step + 1, mean.loss, mean.accuracy);
            if (options.on_step && !options.on_step(epoch, step)) return result;
        }
        const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
        if (!options.skip_not_finite && !detail::are_finite(w.values()))
            throw loss_not_finite("ctnn::fit: the parameters must be finite, found others after "
                                  "epoch " +
                                      std::to_string(epoch) +
                                      " (from 0) though the loss was: lower the learning_rate, or "
                                      "look for a layer whose slope is infinite",
                                  epoch, steps - 1);
        const evaluation mean = total.mean_over(data.size());
        evaluation validation{none, none};
        if (validation_data != nullptr)
            validation = detail::evaluate_with<Network, Loss>(w, *validation_data, threads);
        bar.finish(time.count(), detail::metric("loss", mean.loss) +
                                     detail::metric("accuracy", mean.accuracy) +
                                     detail::metric("val_loss", validation.loss) +
                                     detail::metric("val_accuracy", validation.accuracy));
        result.epochs.push_back(
            {mean.loss, mean.accuracy, validation.loss, validation.accuracy, time.count()});
        if (options.on_epoch) {
            if (!options.on_epoch(epoch, result.epochs.back())) break;
            detail::check_optimizer("fit", optimizer);  // whose options may be changed there
        }
    }
    return result;
}

}  // namespace ctnn
