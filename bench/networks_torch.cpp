// Networks on libtorch, eager mode: what its users' modules call, layer by layer, with autograd and
// torch::optim::Adam in training, and inference mode for predictions.
#include "networks.hpp"

#include <torch/torch.h>

namespace bench {
namespace {

using torch::Tensor;

std::int64_t number(std::size_t n) {
    return static_cast<std::int64_t>(n);
}
std::array<std::int64_t, 2> pair(const std::array<std::size_t, 2>& p) {
    return {number(p[0]), number(p[1])};
}
Tensor copy_of(const float* numbers, at::IntArrayRef shape) {
    return torch::from_blob(const_cast<float*>(numbers), shape).clone();
}

/// A node's arrays, in libtorch's layouts.
struct layer {
    Tensor kernel, bias, mean, variance;
};

class libtorch final : public peer {
public:
    libtorch(const graph& g, bool trains) : graph_(g) {
        at::set_num_threads(1);
        std::vector<Tensor> learnt;
        for (const node& n : g.nodes) {
            layer l;
            const auto f = number(n.to[2]), c = number(n.from[2]);
            if (n.what == node::convolution) {
                const std::array<std::int64_t, 4> shape{number(n.taps[0]), number(n.taps[1]),
                                                        c / number(n.groups), f};
                l.kernel = copy_of(n.weights, shape)
                               .permute({3, 2, 0, 1})
                               .contiguous(at::MemoryFormat::ChannelsLast);
                l.bias = copy_of(n.weights + l.kernel.numel(), {f});
            } else if (n.what == node::dense) {
                l.kernel = copy_of(n.weights, {c, f}).t().contiguous();
                l.bias = copy_of(n.weights + c * f, {f});
            } else if (n.what == node::normalization) {
                l.kernel = copy_of(n.weights, {f});
                l.bias = copy_of(n.weights + f, {f});
                l.mean = copy_of(n.weights + 2 * f, {f});
                l.variance = copy_of(n.weights + 3 * f, {f});
            }
            for (Tensor* t : {&l.kernel, &l.bias})
                if (t->defined() && trains) learnt.push_back(t->requires_grad_());
            layers_.push_back(l);
        }
        const auto& from = g.nodes.front().from;
        images_ = copy_of(g.images.data(),
                          {number(batch), number(from[0]), number(from[1]), number(from[2])})
                      .permute({0, 3, 1, 2});  // channels last: the fastest
        labels_ = torch::from_blob(const_cast<std::int32_t*>(g.labels.data()), {number(batch)},
                                   torch::kInt)
                      .to(torch::kLong);
        if (trains)
            optimizer_ = std::make_unique<torch::optim::Adam>(
                learnt, torch::optim::AdamOptions(1e-3).eps(1e-7));
    }
    std::span<const float> predict(std::size_t count) override {
        const c10::InferenceMode inference;
        output_ = torch::softmax(logits(images_.narrow(0, 0, number(count)), false), 1);
        return {output_.data_ptr<float>(), static_cast<std::size_t>(output_.numel())};
    }
    double train_step() override {
        optimizer_->zero_grad();
        const Tensor loss = torch::nn::functional::cross_entropy(logits(images_, true), labels_);
        loss.backward();
        optimizer_->step();
        return static_cast<double>(loss.item<float>());
    }

private:
    Tensor logits(const Tensor& images, bool trains) {
        std::vector<Tensor> values{images};
        for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
            const node& n = graph_.nodes[i];
            const layer& l = layers_[i];
            Tensor x = values[n.reads[0]];
            switch (n.what) {
            case node::convolution:
                if (n.before != n.behind)
                    x = torch::constant_pad_nd(x, {number(n.before[1]), number(n.behind[1]),
                                                   number(n.before[0]), number(n.behind[0])});
                x = torch::conv2d(x, l.kernel, l.bias, pair(n.strides),
                                  n.before != n.behind ? pair({0, 0}) : pair(n.before),
                                  at::IntArrayRef{1, 1}, number(n.groups));
                break;
            case node::normalization:
                x = torch::batch_norm(x, l.kernel, l.bias, l.mean, l.variance, trains, 0.01, 1e-3,
                                      false);
                break;
            case node::relu:
                x = torch::relu(x);
                break;
            case node::sum:
                x = x + values[n.reads[1]];
                break;
            case node::mean:
                x = torch::avg_pool2d(x, pair(n.taps)).flatten(1);
                break;
            case node::dense:
                x = torch::linear(x, l.kernel, l.bias);
                break;
            default:
                break;  // softmax is part of the loss
            }
            values.push_back(x);
        }
        return values.back();
    }

    graph graph_;
    std::vector<layer> layers_;
    Tensor images_, labels_, output_;
    std::unique_ptr<torch::optim::Adam> optimizer_;
};

}  // namespace

std::unique_ptr<peer> libtorch_predicts(const graph& folded) {
    return std::make_unique<libtorch>(folded, false);
}
std::unique_ptr<peer> libtorch_trains(const graph& as_trained) {
    return std::make_unique<libtorch>(as_trained, true);
}

}  // namespace bench
