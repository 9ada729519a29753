// How `fit` is told what to do, and what it tells: options, results of epochs, and its exception.
#pragma once

#include <ctnn/language.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace ctnn {

/// One epoch: means over its images, each taken before the step that it was part of. The validation
/// values are not numbers without validation data. `seconds` is the time of training alone.
struct epoch_result {
    double loss, accuracy, validation_loss, validation_accuracy, seconds;
};

struct history {
    std::vector<epoch_result> epochs;
};

/// The loss of a batch was not finite. Parameters and optimizer are those of before that step.
struct loss_not_finite : std::runtime_error {
    loss_not_finite(const std::string& sentence, std::size_t in_epoch, std::size_t in_step)
        : std::runtime_error(sentence), epoch(in_epoch), step(in_step) {}
    std::size_t epoch, step;  ///< from 0: the epoch as on_epoch is told it, the batch of that epoch
};

namespace detail {

/// Data that lives elsewhere, or none: made from a pointer, or from a dataset<> that has a name.
template <class Data>
class optional_reference {
public:
    constexpr optional_reference(const Data* data = nullptr) noexcept : data_(data) {}
    template <class Other>
    requires(!std::is_same_v<std::remove_cvref_t<Other>, optional_reference> &&
             !std::is_convertible_v<
                 Other, const Data*>) constexpr optional_reference(Other&& other) noexcept {
        constexpr bool is_of_its_type = std::is_same_v<std::remove_cvref_t<Other>, Data>;
        constexpr bool has_a_name = !is_of_its_type || std::is_lvalue_reference_v<Other>;
        static_assert(is_of_its_type, "ctnn::fit: .validation must be a dataset of the training "
                                      "data's type, or a pointer to one");
        static_assert(has_a_name, "ctnn::fit: .validation must refer to a dataset that lives "
                                  "longer; give it a name");
        if constexpr (is_of_its_type && has_a_name) data_ = &other;
    }
    constexpr operator const Data*() const noexcept { return data_; }
    constexpr const Data* operator->() const noexcept { return data_; }

private:
    const Data* data_ = nullptr;
};

/// What is called after every epoch, or nothing.
class epoch_callback {
public:
    epoch_callback(std::nullptr_t = nullptr) noexcept {}
    template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, epoch_callback>) epoch_callback(F&& f) {
        constexpr bool is_callable =
            std::is_invocable_r_v<bool, F&, std::size_t, const epoch_result&>;
        static_assert(is_callable,
                      "ctnn::fit: .on_epoch must be callable as bool(std::size_t epoch, const "
                      "epoch_result& result)");
        if constexpr (is_callable) call_ = std::forward<F>(f);
    }
    explicit operator bool() const noexcept { return static_cast<bool>(call_); }
    bool operator()(std::size_t epoch, const epoch_result& result) const {
        return call_(epoch, result);
    }

private:
    std::function<bool(std::size_t, const epoch_result&)> call_;
};

/// What is called after every step, or nothing.
class step_callback {
public:
    step_callback(std::nullptr_t = nullptr) noexcept {}
    template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, step_callback>) step_callback(F&& f) {
        constexpr bool is_callable = std::is_invocable_r_v<bool, F&, std::size_t, std::size_t>;
        static_assert(is_callable, "ctnn::fit: .on_step must be callable as bool(std::size_t "
                                   "epoch, std::size_t step)");
        if constexpr (is_callable) call_ = std::forward<F>(f);
    }
    explicit operator bool() const noexcept { return static_cast<bool>(call_); }
    bool operator()(std::size_t epoch, std::size_t step) const { return call_(epoch, step); }

private:
    std::function<bool(std::size_t, std::size_t)> call_;
};

/// In the place of an option that others have: says where it belongs.
struct option_of_the_optimizer {
    constexpr option_of_the_optimizer() = default;
    template <class T>
    constexpr option_of_the_optimizer(const T&) noexcept {
        constexpr bool is_of_fit = std::is_void_v<T>;
        static_assert(is_of_fit, "ctnn::fit: the learning rate must be given to the optimizer: "
                                 "adam<net> o{{.learning_rate = 1e-3}}");
    }
};

}  // namespace detail

/// How to train; `Data` is a dataset<>. Options are given in this order, as C++ demands.
template <class Data>
struct fit_options {
    std::size_t epochs = 1;       ///< at least 1
    std::size_t batch_size = 32;  ///< at least 1; the last batch of an epoch may be smaller
    std::uint64_t seed = 0;       ///< of the order of the images
    bool shuffle = true;          ///< a new order for every epoch
    std::size_t threads = 1;      ///< 0: all of the processor's; at most 8, and one for every
                                  ///< simd::native_lanes images of a batch, have work
    /// Evaluated after every epoch: a dataset<> that lives as long as these options, or its
    /// address.
    detail::optional_reference<Data> validation = nullptr;
    bool progress = false;  ///< lines and a bar on standard error
    /// Called after every epoch with its number, from 0; returning false ends the training:
    /// `[&](std::size_t epoch, const ctnn::epoch_result& result) { return result.accuracy < 0.99;
    /// }`
    detail::epoch_callback on_epoch = nullptr;
    /// Called after every step with its epoch and its number there, both from 0; returning false
    /// ends the training at once: without validation, `on_epoch` and an entry in the history.
    detail::step_callback on_step = nullptr;
    /// A batch whose loss is not finite changes nothing. Whether to go on with the next one; else
    /// `fit` throws loss_not_finite. (That epoch's loss is not finite then.)
    bool skip_not_finite = false;
    [[no_unique_address]] detail::option_of_the_optimizer learning_rate{}, lr{};  // not of fit
};

}  // namespace ctnn
