// LeNet-5 on libtorch, eager mode, as its users write it in C++: modules, autograd and
// torch::optim::Adam, with inference mode for prediction.
#include "peers.hpp"

#include <dlfcn.h>
#include <torch/torch.h>

#include <filesystem>

namespace bench {
namespace {

using torch::Tensor;

/// The five layers with weights; `forward` gives the logits.
struct net : torch::nn::Module {
    torch::nn::Conv2d conv_1{torch::nn::Conv2dOptions(1, 6, 5).padding(2)}, conv_2{6, 16, 5};
    torch::nn::Linear dense_1{400, 120}, dense_2{120, 84}, dense_3{84, 10};

    net() {
        register_module("conv_1", conv_1);
        register_module("conv_2", conv_2);
        register_module("dense_1", dense_1);
        register_module("dense_2", dense_2);
        register_module("dense_3", dense_3);
    }

    void channels_last() {
        for (Tensor& p : parameters())
            if (p.dim() == 4) p.set_data(p.detach().contiguous(at::MemoryFormat::ChannelsLast));
    }

    Tensor forward(const Tensor& images) {
        // max(relu(z)) = relu(max(z)): ReLU behind the pooling layer costs a quarter
        Tensor y = torch::relu(torch::max_pool2d(conv_1(images), 2));
        y = torch::relu(torch::max_pool2d(conv_2(y), 2));
        y = torch::relu(dense_1(y.flatten(1)));
        y = torch::relu(dense_2(y));
        return dense_3(y);
    }
};

/// ctnn's layout (height, width, in, out) of a kernel; an image of 5 x 5 x 16 goes into dense_1.
std::vector<std::int64_t> layout_of(const Tensor& parameter, bool from_maps) {
    if (parameter.dim() == 1) return {parameter.size(0)};
    if (parameter.dim() == 4)
        return {parameter.size(2), parameter.size(3), parameter.size(1), parameter.size(0)};
    if (from_maps) return {5, 5, 16, parameter.size(0)};
    return {parameter.size(1), parameter.size(0)};
}

/// The file that gives `sgemm_`: with Debian's reference BLAS libtorch is several times slower.
std::string blas() {
    Dl_info found{};
    if (void* symbol = dlsym(RTLD_DEFAULT, "sgemm_"); symbol && dladdr(symbol, &found))
        return std::filesystem::canonical(found.dli_fname).string();
    return "no sgemm_";
}

class libtorch final : public peer {
public:
    explicit libtorch(const task& t) : task_(t) {
        at::set_num_threads(1);
        images_ =
            torch::from_blob(const_cast<float*>(t.images.data()),
                             {static_cast<std::int64_t>(t.images.size() / pixels), 1, 28, 28});
        labels_ = torch::from_blob(const_cast<std::int32_t*>(t.labels.data()), {training_images},
                                   torch::kInt)
                      .to(torch::kLong);
        // channels last is what libtorch does fastest: 0.8 of the time of its default
        images_ = images_.contiguous(at::MemoryFormat::ChannelsLast);
        predictor_.channels_last();
        trained_.channels_last();
        load(predictor_);
        predictor_.eval();
        restart();
    }

    std::string name() const override { return "libtorch"; }
    std::string description() const override {
        const std::string config = at::show_config(), key = "CPU capability usage: ";
        std::string isa = "?";
        if (const std::size_t at = config.find(key); at != std::string::npos)
            isa = config.substr(at + key.size(), config.find('\n', at) - at - key.size());
        return std::string("libtorch ") + TORCH_VERSION + " (" + isa + ", " + blas() + ")";
    }

    std::span<const float> predict(std::size_t count) override {
        const c10::InferenceMode inference;
        probabilities_ =
            torch::softmax(predictor_.forward(images_.narrow(0, 0, static_cast<long>(count))), 1);
        return {probabilities_.data_ptr<float>(), count * classes};
    }

    double train_step() override {
        optimizer_->zero_grad();
        const Tensor loss = torch::nn::functional::cross_entropy(
            trained_.forward(images_.narrow(0, 0, training_images)), labels_);
        loss.backward();
        optimizer_->step();
        return static_cast<double>(loss.item<float>());
    }

    std::vector<float> trained_weights() override {
        const torch::NoGradGuard no_gradients;
        std::vector<float> all;
        for (const auto& p : trained_.named_parameters()) {
            const auto layout = layout_of(p.value(), p.key() == "dense_1.weight");
            Tensor t = p.value();
            if (layout.size() == 4)
                t = t.reshape({layout[3], layout[2], layout[0], layout[1]}).permute({2, 3, 1, 0});
            if (layout.size() == 2) t = t.t();
            t = t.contiguous();
            all.insert(all.end(), t.data_ptr<float>(), t.data_ptr<float>() + t.numel());
        }
        return all;
    }
    void restart() override {
        load(trained_);
        optimizer_ = std::make_unique<torch::optim::Adam>(
            trained_.parameters(), torch::optim::AdamOptions(1e-3).eps(1e-7));
    }

private:
    void load(net& to) {
        const torch::NoGradGuard no_gradients;
        float* from = const_cast<float*>(task_.weights.data());
        for (auto& p : to.named_parameters()) {
            const auto layout = layout_of(p.value(), p.key() == "dense_1.weight");
            Tensor t = torch::from_blob(from, layout);
            if (layout.size() == 4) t = t.permute({3, 2, 0, 1});
            if (layout.size() == 2) t = t.t();
            p.value().copy_(t.reshape(p.value().sizes()));
            from += p.value().numel();
        }
    }

    task task_;
    Tensor images_, labels_, probabilities_;
    net predictor_, trained_;
    std::unique_ptr<torch::optim::Adam> optimizer_;
};

}  // namespace

std::unique_ptr<peer> make_libtorch(const task& t) {
    return std::make_unique<libtorch>(t);
}

}  // namespace bench
