// LeNet-5 on oneDNN 2: formats are the library's choice, weights are reordered once for
// prediction, and everything that can be prepared is, so that a call executes primitives and
// nothing else.
#include "peers.hpp"

#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

namespace bench {
namespace {

using dnnl::memory;
using dnnl::prop_kind;
using tag = memory::format_tag;

constexpr auto f32 = memory::data_type::f32;

memory::desc free_format(const memory::dims& dims) {
    return {dims, f32, tag::any};
}

/// A layer's kernel in oneDNN's order of extents (filters, channels, height, width), and how ctnn
/// lays it out. The first dense layer takes maps as they are: no flattening, no permutation.
struct layer_kernel {
    memory::dims dims;
    tag layout;
    [[nodiscard]] memory::dim filters() const { return dims[0]; }
    [[nodiscard]] std::size_t size() const {
        memory::dim product = 1;
        for (const memory::dim d : dims) product *= d;
        return static_cast<std::size_t>(product);
    }
};
const std::array<layer_kernel, 5> kernels{{{{6, 1, 5, 5}, tag::hwio},
                                           {{16, 6, 5, 5}, tag::hwio},
                                           {{120, 16, 5, 5}, tag::hwio},
                                           {{84, 120}, tag::io},
                                           {{10, 84}, tag::io}}};
constexpr std::size_t layers = 5;

struct machine {
    dnnl::engine engine{dnnl::engine::kind::cpu, 0};
    dnnl::stream stream{engine};

    [[nodiscard]] memory make(const memory::desc& desc) const {
        memory m(desc, engine);
        std::fill_n(static_cast<char*>(m.get_data_handle()), desc.get_size(), '\0');
        return m;
    }
    [[nodiscard]] memory view(const memory::dims& dims, tag layout, const float* data) const {
        // oneDNN has no memory for reading only; what is made here is only read.
        return {{dims, f32, layout}, engine, const_cast<float*>(data)};
    }
    void copy(memory from, memory to) {
        dnnl::reorder(from, to).execute(stream, from, to);
        stream.wait();
    }
};

/// Primitives in order, each with its arguments as the C interface takes them: the C++ one would
/// build a map at every call.
class program {
public:
    void add(const dnnl::primitive& primitive, const std::map<int, memory>& arguments) {
        command c{primitive, {}};
        for (const auto& [role, m] : arguments) {
            c.arguments.push_back({role, m.get()});
            kept_.push_back(m);
        }
        commands_.push_back(std::move(c));
    }
    /// `from` in the format that a primitive wants: itself, or a copy made anew at every run.
    memory in_format(const memory& from, const memory::desc& wanted, const machine& on) {
        if (from.get_desc() == wanted) return from;
        const memory to = on.make(wanted);
        add(dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
        return to;
    }
    void run(const dnnl::stream& stream) const {
        for (const command& c : commands_)
            dnnl::error::wrap_c_api(dnnl_primitive_execute(c.primitive.get(), stream.get(),
                                                           static_cast<int>(c.arguments.size()),
                                                           c.arguments.data()),
                                    "a primitive failed");
    }

private:
    struct command {
        dnnl::primitive primitive;
        std::vector<dnnl_exec_arg_t> arguments;
    };
    std::vector<command> commands_;
    std::vector<memory> kept_;
};

dnnl::primitive_attr with_relu(bool relu) {
    dnnl::post_ops after;
    if (relu) after.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(after);
    return attributes;
}

/// Weights and biases where the network's first five primitives want them.
struct weights {
    std::array<memory, layers> kernel, bias;
};

/// The network forward; a training program keeps what the way back needs.
struct forward_pass {
    forward_pass(machine& on, const float* images, memory::dim count, bool training)
        : kind(training ? prop_kind::forward_training : prop_kind::forward_inference) {
        input = on.view({count, 1, 28, 28}, tag::nchw, images);
        memory maps = input;
        maps = pool(on, 0, convolution(on, 0, maps, {count, 6, 28, 28}, 2));
        maps = pool(on, 1, convolution(on, 1, maps, {count, 16, 10, 10}, 0));
        const memory logits = dense(on, 4, dense(on, 3, dense(on, 2, maps, true), true), false);
        const dnnl::softmax_forward::primitive_desc softmax({kind, logits.get_desc(), 1},
                                                            on.engine);
        probabilities = on.make({{count, 10}, f32, tag::nc});
        commands.add(dnnl::softmax_forward(softmax),
                     {{DNNL_ARG_SRC, logits}, {DNNL_ARG_DST, probabilities}});
    }

    prop_kind kind;
    program commands;
    weights w;
    std::array<memory, layers> x, y;  // of convolutions and dense layers, behind the fused ReLU
    std::array<memory, 2> pooled, maxima;
    std::array<dnnl::convolution_forward::primitive_desc, 2> convolutions;
    std::array<dnnl::pooling_forward::primitive_desc, 2> pools;
    std::array<dnnl::inner_product_forward::primitive_desc, layers> denses;
    memory input, probabilities;

private:
    memory convolution(machine& on, std::size_t l, const memory& from, const memory::dims& to,
                       memory::dim padding) {
        // Also for prediction: on AVX-512 the free choice for inference, brgemm on NHWC, takes 1.3
        // times as long on these few channels.
        const dnnl::convolution_forward::desc wish(
            prop_kind::forward_training, dnnl::algorithm::convolution_auto,
            free_format(from.get_desc().dims()), free_format(kernels[l].dims),
            {{kernels[l].filters()}, f32, tag::x}, free_format(to), {1, 1}, {padding, padding},
            {padding, padding});
        convolutions[l] = {wish, with_relu(true), on.engine};
        return with_weights<dnnl::convolution_forward>(on, l, from, convolutions[l]);
    }
    memory dense(machine& on, std::size_t l, const memory& from, bool relu) {
        const dnnl::inner_product_forward::desc wish(
            kind, from.get_desc(), free_format(kernels[l].dims),
            {{kernels[l].filters()}, f32, tag::x},
            free_format({from.get_desc().dims()[0], kernels[l].filters()}));
        denses[l] = {wish, with_relu(relu), on.engine};
        return with_weights<dnnl::inner_product_forward>(on, l, from, denses[l]);
    }
    template <class Primitive, class Desc>
    memory with_weights(machine& on, std::size_t l, const memory& from, const Desc& desc) {
        x[l] = commands.in_format(from, desc.src_desc(), on);
        w.kernel[l] = on.make(desc.weights_desc());
        w.bias[l] = on.make(desc.bias_desc());
        y[l] = on.make(desc.dst_desc());
        commands.add(Primitive(desc), {{DNNL_ARG_SRC, x[l]},
                                       {DNNL_ARG_WEIGHTS, w.kernel[l]},
                                       {DNNL_ARG_BIAS, w.bias[l]},
                                       {DNNL_ARG_DST, y[l]}});
        return y[l];
    }
    memory pool(machine& on, std::size_t l, const memory& from) {
        memory::dims to = from.get_desc().dims();
        to[2] /= 2;
        to[3] /= 2;
        pools[l] = {{kind,
                     dnnl::algorithm::pooling_max,
                     from.get_desc(),
                     free_format(to),
                     {2, 2},
                     {2, 2},
                     {0, 0},
                     {0, 0}},
                    on.engine};
        pooled[l] = on.make(pools[l].dst_desc());
        std::map<int, memory> arguments{{DNNL_ARG_SRC, from}, {DNNL_ARG_DST, pooled[l]}};
        if (kind == prop_kind::forward_training) {
            maxima[l] = on.make(pools[l].workspace_desc());
            arguments.emplace(DNNL_ARG_WORKSPACE, maxima[l]);
        }
        commands.add(dnnl::pooling_forward(pools[l]), arguments);
        return pooled[l];
    }
};

/// The way back, behind a forward pass. It writes `d_w` in the formats of the forward weights, so
/// that Adam is one loop over each array.
struct backward_pass {
    backward_pass(machine& on, const forward_pass& f)
        : d_logits(on.make(f.probabilities.get_desc())) {
        memory d = d_logits;
        for (std::size_t l = layers; l-- > 2;) {
            if (l < 4) d = relu(on, f.y[l], d);
            d = dense(on, f, l, d);
        }
        for (std::size_t l = 2; l-- > 0;) {
            // max(relu(z)) = relu(max(z)): going back behind the pooling layer costs a quarter
            d = pool(on, f, l, relu(on, f.pooled[l], d));
            d = convolution(on, f, l, d);
        }
    }

    program commands;
    weights d_w;
    memory d_logits;

private:
    memory relu(machine& on, const memory& y, memory d_y) {
        d_y = commands.in_format(d_y, y.get_desc(), on);
        const dnnl::eltwise_forward::primitive_desc forward(
            {prop_kind::forward_training, dnnl::algorithm::eltwise_relu_use_dst_for_bwd,
             y.get_desc(), 0.0f, 0.0f},
            on.engine);
        const dnnl::eltwise_backward::primitive_desc desc(
            {dnnl::algorithm::eltwise_relu_use_dst_for_bwd, y.get_desc(), y.get_desc(), 0.0f, 0.0f},
            on.engine, forward);
        commands.add(dnnl::eltwise_backward(desc),
                     {{DNNL_ARG_DST, y}, {DNNL_ARG_DIFF_DST, d_y}, {DNNL_ARG_DIFF_SRC, d_y}});
        return d_y;
    }
    memory pool(machine& on, const forward_pass& f, std::size_t l, const memory& d_y) {
        const dnnl::pooling_backward::primitive_desc desc({dnnl::algorithm::pooling_max,
                                                           f.pools[l].src_desc(),
                                                           f.pools[l].dst_desc(),
                                                           {2, 2},
                                                           {2, 2},
                                                           {0, 0},
                                                           {0, 0}},
                                                          on.engine, f.pools[l]);
        const memory d_x = on.make(desc.diff_src_desc());
        commands.add(dnnl::pooling_backward(desc),
                     {{DNNL_ARG_DIFF_DST, commands.in_format(d_y, desc.diff_dst_desc(), on)},
                      {DNNL_ARG_WORKSPACE, f.maxima[l]},
                      {DNNL_ARG_DIFF_SRC, d_x}});
        return d_x;
    }
    memory convolution(machine& on, const forward_pass& f, std::size_t l, const memory& d_y) {
        const memory::dims x = f.x[l].get_desc().dims(), y = d_y.get_desc().dims();
        const memory::dim padding = l == 0 ? 2 : 0;
        const dnnl::convolution_backward_weights::primitive_desc for_weights(
            {dnnl::algorithm::convolution_auto,
             free_format(x),
             free_format(kernels[l].dims),
             {{kernels[l].filters()}, f32, tag::x},
             free_format(y),
             {1, 1},
             {padding, padding},
             {padding, padding}},
            on.engine, f.convolutions[l]);
        to_weights<dnnl::convolution_backward_weights>(on, f, l, d_y, for_weights);
        if (l == 0) return {};  // nobody asks for the gradient of the images
        const dnnl::convolution_backward_data::primitive_desc for_data(
            {dnnl::algorithm::convolution_auto,
             free_format(x),
             free_format(kernels[l].dims),
             free_format(y),
             {1, 1},
             {padding, padding},
             {padding, padding}},
            on.engine, f.convolutions[l]);
        return to_data<dnnl::convolution_backward_data>(on, f, l, d_y, for_data);
    }
    memory dense(machine& on, const forward_pass& f, std::size_t l, const memory& d_y) {
        const memory::dims x = f.x[l].get_desc().dims(), y = d_y.get_desc().dims();
        const memory::desc source = f.x[l].get_desc();
        const dnnl::inner_product_backward_weights::primitive_desc for_weights(
            {free_format(x),
             free_format(kernels[l].dims),
             {{kernels[l].filters()}, f32, tag::x},
             free_format(y)},
            on.engine, f.denses[l]);
        to_weights<dnnl::inner_product_backward_weights>(on, f, l, d_y, for_weights);
        const dnnl::inner_product_backward_data::primitive_desc for_data(
            {source, free_format(kernels[l].dims), free_format(y)}, on.engine, f.denses[l]);
        return to_data<dnnl::inner_product_backward_data>(on, f, l, d_y, for_data);
    }
    template <class Primitive, class Desc>
    void to_weights(machine& on, const forward_pass& f, std::size_t l, const memory& d_y,
                    const Desc& desc) {
        const memory x = commands.in_format(f.x[l], desc.src_desc(), on);
        const memory d_y_here = commands.in_format(d_y, desc.diff_dst_desc(), on);
        const memory d_kernel = on.make(desc.diff_weights_desc());
        d_w.bias[l] = on.make(desc.diff_bias_desc());
        commands.add(Primitive(desc), {{DNNL_ARG_SRC, x},
                                       {DNNL_ARG_DIFF_DST, d_y_here},
                                       {DNNL_ARG_DIFF_WEIGHTS, d_kernel},
                                       {DNNL_ARG_DIFF_BIAS, d_w.bias[l]}});
        d_w.kernel[l] = commands.in_format(d_kernel, f.w.kernel[l].get_desc(), on);
    }
    template <class Primitive, class Desc>
    memory to_data(machine& on, const forward_pass& f, std::size_t l, const memory& d_y,
                   const Desc& desc) {
        const memory kernel = commands.in_format(f.w.kernel[l], desc.weights_desc(), on);
        const memory d_y_here = commands.in_format(d_y, desc.diff_dst_desc(), on);
        const memory d_x = on.make(desc.diff_src_desc());
        commands.add(
            Primitive(desc),
            {{DNNL_ARG_DIFF_DST, d_y_here}, {DNNL_ARG_WEIGHTS, kernel}, {DNNL_ARG_DIFF_SRC, d_x}});
        return d_x;
    }
};

float* floats(const memory& m) {
    return static_cast<float*>(m.get_data_handle());
}
std::size_t count(const memory& m) {
    return m.get_desc().get_size() / sizeof(float);
}

class adam {
public:
    /// Padding inside a blocked format has no gradient, and stays 0.
    void update(const weights& w, const weights& d_w) {
        beta_1_power_ *= 0.9;
        beta_2_power_ *= 0.999;
        const float rate = static_cast<float>(0.001 / (1.0 - beta_1_power_));
        const float root_scale = static_cast<float>(1.0 / std::sqrt(1.0 - beta_2_power_));
        for (std::size_t l = 0; l < layers; ++l) {
            update(w.kernel[l], d_w.kernel[l], slots_[2 * l], rate, root_scale);
            update(w.bias[l], d_w.bias[l], slots_[2 * l + 1], rate, root_scale);
        }
    }

private:
    struct slot {
        std::vector<float> mean, mean_square;
    };
    static void update(const memory& to, const memory& d, slot& s, float rate, float root_scale) {
        const std::size_t size = count(to);
        s.mean.resize(size);  // 0 at the first step
        s.mean_square.resize(size);
        float* __restrict w = floats(to);
        const float* __restrict g = floats(d);
        float* __restrict m = s.mean.data(), * __restrict v = s.mean_square.data();
        for (std::size_t i = 0; i < size; ++i) {
            m[i] += 0.1f * (g[i] - m[i]);
            v[i] += 0.001f * (g[i] * g[i] - v[i]);
            w[i] -= rate * m[i] / (std::sqrt(v[i]) * root_scale + 1e-7f);
        }
    }

    std::array<slot, 2 * layers> slots_;
    double beta_1_power_ = 1.0, beta_2_power_ = 1.0;
};

class onednn final : public peer {
public:
    explicit onednn(const task& t) : task_(t) {
        omp_set_num_threads(1);
        for (const std::size_t size : {std::size_t{1}, std::size_t{32}}) {
            predictions_[size] = std::make_unique<forward_pass>(
                on_, t.images.data(), static_cast<memory::dim>(size), false);
            load(predictions_[size]->w);
        }
        training_ = std::make_unique<training_pass>(on_, t.images.data());
        restart();
    }

    std::string name() const override { return "oneDNN"; }
    std::string description() const override {
        const dnnl_version_t* v = dnnl::version();
        const dnnl::cpu_isa isa = dnnl::get_effective_cpu_isa();
        return "oneDNN " + std::to_string(v->major) + "." + std::to_string(v->minor) + "." +
               std::to_string(v->patch) +
               (isa >= dnnl::cpu_isa::avx512_core ? " (AVX-512)" : " (narrower than AVX-512)");
    }

    std::span<const float> predict(std::size_t images) override {
        // At most 32 at a time: the maps of more do not fit into the second cache (1.4 times as
        // long)
        const std::size_t part = std::min<std::size_t>(images, 32);
        const forward_pass& pass = *predictions_.at(part);
        probabilities_.resize(std::max(probabilities_.size(), images * classes));
        for (std::size_t first = 0; first < images; first += part) {
            pass.input.set_data_handle(const_cast<float*>(&task_.images[first * pixels]));
            pass.probabilities.set_data_handle(&probabilities_[first * classes]);
            run(pass.commands);
        }
        return {probabilities_.data(), images * classes};
    }
    double train_step() override { return step(*training_); }

    std::vector<float> trained_weights() override {
        std::vector<float> all(task_.weights.size());
        float* to = all.data();
        for (std::size_t l = 0; l < layers; ++l) {
            on_.copy(training_->forward.w.kernel[l],
                     on_.view(kernels[l].dims, kernels[l].layout, to));
            to += kernels[l].size();
            on_.copy(training_->forward.w.bias[l], on_.view({kernels[l].filters()}, tag::x, to));
            to += kernels[l].filters();
        }
        return all;
    }
    void restart() override {
        load(training_->forward.w);
        training_->optimizer = {};
    }

private:
    struct training_pass {
        training_pass(machine& on, const float* images)
            : forward(on, images, training_images, true), backward(on, forward) {}
        forward_pass forward;
        backward_pass backward;
        adam optimizer;
    };

    void run(const program& commands) {
        commands.run(on_.stream);
        on_.stream.wait();
    }
    double step(training_pass& pass) {
        run(pass.forward.commands);
        // softmax and cross-entropy in one: the gradient of the logits is (p - target) / images
        const float* p = floats(pass.forward.probabilities);
        float* d = floats(pass.backward.d_logits);
        double loss = 0.0;
        for (std::size_t n = 0; n < training_images; ++n) {
            const auto label = static_cast<std::size_t>(task_.labels[n]);
            loss -= std::log(static_cast<double>(p[n * classes + label]));
            for (std::size_t i = 0; i < classes; ++i)
                d[n * classes + i] =
                    (p[n * classes + i] - (i == label ? 1.0f : 0.0f)) / float{training_images};
        }
        run(pass.backward.commands);
        pass.optimizer.update(pass.forward.w, pass.backward.d_w);
        return loss / training_images;
    }

    void load(const weights& w) {
        const float* from = task_.weights.data();
        for (std::size_t l = 0; l < layers; ++l) {
            on_.copy(on_.view(kernels[l].dims, kernels[l].layout, from), w.kernel[l]);
            from += kernels[l].size();
            on_.copy(on_.view({kernels[l].filters()}, tag::x, from), w.bias[l]);
            from += kernels[l].filters();
        }
    }

    task task_;
    machine on_;
    std::map<std::size_t, std::unique_ptr<forward_pass>> predictions_;
    std::vector<float> probabilities_;
    std::unique_ptr<training_pass> training_;
};

}  // namespace

std::unique_ptr<peer> make_onednn(const task& t) {
    return std::make_unique<onednn>(t);
}

}  // namespace bench
