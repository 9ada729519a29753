// A network type of ctnn as a bench::network.
#pragma once

#include "multiply_adds.hpp"
#include "networks.hpp"

#include <ctnn/training.hpp>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

namespace bench {

template <class Layer, class Values>
node node_of(const Values& reads, const float* weights) {
    using in = typename Layer::input_shape;
    using out = typename Layer::output_shape;
    constexpr std::string_view name = Layer::name;
    node n{node::nothing,
           {reads.begin(), reads.end()},
           {in::height, in::width, in::channels},
           {out::height, out::width, out::channels},
           {in::height, in::width},
           {1, 1},
           {},
           {},
           1,
           weights};
    if constexpr (requires { Layer::conv; }) {
        constexpr auto conv = Layer::conv;
        const auto behind = [](const ctnn::detail::axis& a) {
            return (a.output() - 1) * a.stride + a.reach() - a.before - a.input;
        };
        n.what = node::convolution;
        n.taps = {conv.rows.taps, conv.columns.taps};
        n.strides = {conv.rows.stride, conv.columns.stride};
        n.before = {conv.rows.before, conv.columns.before};
        n.behind = {behind(conv.rows), behind(conv.columns)};
        n.groups = conv.groups;
    } else if constexpr (requires { Layer::window_rows; }) {
        n.what = name == "max_pool2d" ? node::maximum : node::mean;
        n.taps = {Layer::window_rows, Layer::window_columns};
        n.strides = {Layer::rows.stride, Layer::columns.stride};
    } else {
        n.what = name == "batch_normalization"     ? node::normalization
                 : name == "relu"                  ? node::relu
                 : name == "add"                   ? node::sum
                 : name == "global_average_pool2d" ? node::mean
                 : name == "dense"                 ? node::dense
                 : name == "softmax"               ? node::softmax
                                                   : node::nothing;
    }
    return n;
}

template <class Network>
graph graph_of(const typename Network::parameters& w, std::span<const float> images,
               std::span<const std::int32_t> labels) {
    graph g;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (g.nodes.push_back(node_of<typename Network::template leaf<I>>(
             Network::reads.read_by(I), w.elements + Network::table::offsets[I])),
         ...);
    }
    (std::make_index_sequence<Network::leaf_count>{});
    g.images = images;
    g.labels = labels;
    return g;
}

/// `Trains`: whether a training step is measured, too.
template <class Network, bool Trains>
class network_of final : public network {
    using net = ctnn::folded<Network>;

public:
    explicit network_of(std::string its_name) {
        name = std::move(its_name);
        ctnn::initialize(*w_, ctnn::he_normal{.seed = 1});
        *folded_ = ctnn::fold(*w_);
        for (std::size_t n = 0; n < batch; ++n) {
            for (std::size_t i = 0; i < images_[n].size(); ++i)
                images_[n][i] = std::sin(static_cast<float>(i * (n + 3)));
            labels_[n] = static_cast<std::int32_t>(n % net::output_shape::size);
        }
        // Tensors are padded to whole cache lines; others get numbers without gaps.
        for (const auto& image : images_)
            numbers_.insert(numbers_.end(), image.begin(), image.end());
        folded = graph_of<net>(*folded_, numbers_, labels_);
        as_trained = graph_of<Network>(*w_, numbers_, labels_);
        multiply_adds = multiply_adds_of_network<net>();
        // The first layer needs no gradient of its input.
        step_multiply_adds =
            batch * (3 * multiply_adds - multiply_adds_of_layer<typename net::template leaf<0>>());
        trains = Trains;
        *trained_ = *w_;
    }
    std::span<const float> predict(std::size_t count) override {
        if (count == 1)
            outputs_[0] = net::predict(*folded_, images_[0], *scratch_);
        else
            net::predict(*folded_, images_, outputs_, *batch_scratch_);
        found_.clear();
        for (std::size_t n = 0; n < count; ++n)
            found_.insert(found_.end(), outputs_[n].begin(), outputs_[n].end());
        return found_;
    }
    double train_step() override {
        if constexpr (Trains)
            return ctnn::train_step(*trained_, training_->optimizer, images_, labels_,
                                    training_->space)
                .loss;
        return 0.0;
    }

private:
    struct trainer {
        ctnn::adam<Network> optimizer;
        ctnn::training_workspace<Network> space;
    };
    struct nothing {};
    std::unique_ptr<typename Network::parameters> w_ =
        std::make_unique<typename Network::parameters>();
    std::unique_ptr<typename Network::parameters> trained_ =
        std::make_unique<typename Network::parameters>();
    std::unique_ptr<typename net::parameters> folded_ =
        std::make_unique<typename net::parameters>();
    std::unique_ptr<typename net::workspace> scratch_ = std::make_unique<typename net::workspace>();
    std::unique_ptr<typename net::batch_workspace> batch_scratch_ =
        std::make_unique<typename net::batch_workspace>();
    std::unique_ptr<std::conditional_t<Trains, trainer, nothing>> training_ =
        std::make_unique<std::conditional_t<Trains, trainer, nothing>>();
    std::vector<typename Network::input> images_ = std::vector<typename Network::input>(batch);
    std::vector<typename net::output> outputs_ = std::vector<typename net::output>(batch);
    std::vector<float> numbers_, found_;
    std::vector<std::int32_t> labels_ = std::vector<std::int32_t>(batch);
};

}  // namespace bench
