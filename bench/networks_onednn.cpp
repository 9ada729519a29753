// Networks on oneDNN 2: formats are the library's choice, weights are reordered once, relu and sums
// are computed along with the convolution before them. In bytes all values have no sign, as behind a
// relu, and weights have one: what oneDNN is fastest with; the numbers are not those of ctnn then.
#include "networks.hpp"
#include "peak.hpp"

#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>

#include <algorithm>
#include <map>

namespace bench {
namespace {

using dnnl::memory, dnnl::prop_kind;
using dims = memory::dims;
using tag = memory::format_tag;
constexpr auto f32 = memory::data_type::f32;
constexpr auto u8 = memory::data_type::u8;
constexpr auto s8 = memory::data_type::s8;

memory::dim number(std::size_t n) {
    return static_cast<memory::dim>(n);
}
dims pair(const std::array<std::size_t, 2>& p) {
    return {number(p[0]), number(p[1])};
}
/// The network for `count` images.
class program {
public:
    program(const graph& g, std::size_t count, prop_kind kind, bool in_bytes = false)
        : kind_(kind), count_(number(count)), in_bytes_(in_bytes), graph_(g),
          values_(g.nodes.size() + 1) {
        const node& first = g.nodes.front();
        memory images({maps(first.from), f32, tag::nhwc}, engine_,
                      const_cast<float*>(g.images.data()));  // only read
        values_[0] = images;
        if (in_bytes) {
            values_[0] = memory({maps(first.from), u8, tag::nhwc}, engine_);
            dnnl::reorder(images, values_[0]).execute(stream_, images, values_[0]);
            stream_.wait();
        }
        for (std::size_t i = 0; i < g.nodes.size();) i = add_stage(i);
        output_.resize(count * g.nodes.back().to[2]);
        const memory result({{count_, number(g.nodes.back().to[2])}, f32, tag::nc}, engine_,
                            output_.data());
        add(dnnl::reorder(values_.back(), result),
            {{DNNL_ARG_FROM, values_.back()}, {DNNL_ARG_TO, result}});
    }
    std::span<const float> run() {
        for (const command& c : commands_)
            dnnl::error::wrap_c_api(dnnl_primitive_execute(c.primitive.get(), stream_.get(),
                                                           static_cast<int>(c.arguments.size()),
                                                           c.arguments.data()),
                                    "a primitive failed");
        stream_.wait();
        return output_;
    }

private:
    struct command {
        dnnl::primitive primitive;
        std::vector<dnnl_exec_arg_t> arguments;
    };

    [[nodiscard]] memory::desc any(const dims& d) const {
        return {d, in_bytes_ ? u8 : f32, tag::any};
    }
    [[nodiscard]] memory::desc any_kernel(const dims& d) const {
        return {d, in_bytes_ ? s8 : f32, tag::any};
    }
    /// What brings the sums of so many filters back to bytes.
    [[nodiscard]] dnnl::primitive_attr attributes(memory::dim filters) const {
        dnnl::primitive_attr a;
        if (in_bytes_)
            a.set_output_scales(2, std::vector<float>(static_cast<std::size_t>(filters), 0.01f));
        return a;
    }
    [[nodiscard]] dims maps(const std::array<std::size_t, 3>& shape) const {
        return {count_, number(shape[2]), number(shape[0]), number(shape[1])};
    }
    void add(const dnnl::primitive& primitive, const std::map<int, memory>& arguments) {
        command& c = commands_.emplace_back(command{primitive, {}});
        for (const auto& [role, m] : arguments) {
            c.arguments.push_back({role, m.get()});
            kept_.push_back(m);
        }
    }
    memory in_format(const memory& from, const memory::desc& wanted) {
        if (from.get_desc() == wanted) return from;
        const memory to(wanted, engine_);
        add(dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
        return to;
    }
    /// Constants: reordered now, not at every run.
    memory constant(const memory::desc& from, const float* numbers, const memory::desc& wanted) {
        memory source(from, engine_, const_cast<float*>(numbers)), to(wanted, engine_);
        dnnl::reorder(source, to).execute(stream_, source, to);
        stream_.wait();
        return to;
    }
    [[nodiscard]] std::size_t readers(std::size_t value) const {
        std::size_t count = 0;
        for (const node& n : graph_.nodes)
            count += static_cast<std::size_t>(std::count(n.reads.begin(), n.reads.end(), value));
        return count;
    }
    /// Whether node i is of this kind and the only one that reads what the node before gives.
    [[nodiscard]] bool follows(std::size_t i, node::kind what) const {
        return i < graph_.nodes.size() && graph_.nodes[i].what == what && readers(i) == 1 &&
               std::count(graph_.nodes[i].reads.begin(), graph_.nodes[i].reads.end(), i) == 1;
    }
    /// Node i, and those that are computed along; returns the next one.
    std::size_t add_stage(std::size_t i) {
        const node& n = graph_.nodes[i];
        const memory x = values_[n.reads[0]];
        std::size_t next = i + 1;
        switch (n.what) {
        case node::convolution: {
            const auto f = number(n.to[2]), c = number(n.from[2]), g = number(n.groups);
            const auto h = number(n.taps[0]), w = number(n.taps[1]);
            dnnl::post_ops after;
            memory addend;
            if (follows(next, node::sum)) {
                const node& sum = graph_.nodes[next];
                addend = values_[sum.reads[sum.reads[0] == next ? 1 : 0]];
                after.append_sum();
                ++next;
            }
            if (follows(next, node::relu)) {
                if (!in_bytes_)
                    after.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
                ++next;
            }
            dnnl::primitive_attr with = attributes(f);
            with.set_post_ops(after);
            // What is added to keeps its format.
            const memory::desc y = addend ? addend.get_desc() : any(maps(n.to));
            const dims kernel = g > 1 ? dims{g, f / g, c / g, h, w} : dims{f, c, h, w};
            const dims layout =
                g > 1 ? dims{f / g, 1, f, w * c / g * f, c / g * f} : dims{1, f, w * c * f, c * f};
            const dnnl::convolution_forward::primitive_desc desc({kind_,
                                                                  dnnl::algorithm::convolution_auto,
                                                                  any(maps(n.from)),
                                                                  any_kernel(kernel),
                                                                  {{f}, f32, tag::x},
                                                                  y,
                                                                  pair(n.strides),
                                                                  pair(n.before),
                                                                  pair(n.behind)},
                                                                 with, engine_);
            const memory from = in_format(x, desc.src_desc());
            // The convolution adds where the other term lies, which has no reader behind the sum.
            const memory to = addend ? addend : memory(desc.dst_desc(), engine_);
            add(dnnl::convolution_forward(desc),
                {{DNNL_ARG_SRC, from},
                 {DNNL_ARG_WEIGHTS,
                  constant({kernel, f32, layout}, n.weights, desc.weights_desc())},
                 {DNNL_ARG_BIAS,
                  constant({{f}, f32, tag::x}, n.weights + f * c / g * h * w, desc.bias_desc())},
                 {DNNL_ARG_DST, to}});
            values_[next] = to;
            break;
        }
        case node::sum: {
            // The branches' last convolutions have been computed: the last one adds to the other.
            const dnnl::binary::primitive_desc desc({dnnl::algorithm::binary_add, x.get_desc(),
                                                     values_[n.reads[1]].get_desc(), x.get_desc()},
                                                    engine_);
            add(dnnl::binary(desc),
                {{DNNL_ARG_SRC_0, x}, {DNNL_ARG_SRC_1, values_[n.reads[1]]}, {DNNL_ARG_DST, x}});
            values_[next] = x;
            break;
        }
        case node::relu: {
            values_[next] = x;
            if (in_bytes_) break;
            const dnnl::eltwise_forward::primitive_desc desc(
                {kind_, dnnl::algorithm::eltwise_relu, x.get_desc(), 0.0f, 0.0f}, engine_);
            add(dnnl::eltwise_forward(desc), {{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, x}});
            break;
        }
        case node::mean:
        case node::maximum: {
            const dnnl::pooling_forward::primitive_desc desc(
                {prop_kind::forward_inference,
                 n.what == node::mean ? dnnl::algorithm::pooling_avg_exclude_padding
                                      : dnnl::algorithm::pooling_max,
                 x.get_desc(),
                 any(maps(n.to)),
                 pair(n.strides),
                 pair(n.taps),
                 {0, 0},
                 {0, 0}},
                engine_);
            const memory y(desc.dst_desc(), engine_);
            add(dnnl::pooling_forward(desc), {{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, y}});
            values_[next] = y;
            break;
        }
        case node::dense: {
            const auto inputs = number(n.from[2]), outputs = number(n.to[2]);
            // Of a map, its rows: row, column, channel.
            const dims from = x.get_desc().dims();
            const bool is_map = from.size() == 4;
            const auto c = is_map ? from[1] : inputs, h = is_map ? from[2] : 1,
                       w = is_map ? from[3] : 1;
            const dims kernel = is_map ? dims{outputs, c, h, w} : dims{outputs, inputs};
            const dims layout =
                is_map ? dims{1, outputs, w * c * outputs, c * outputs} : dims{1, outputs};
            const auto y_type = in_bytes_ && !follows(next, node::softmax) ? u8 : f32;
            const dnnl::inner_product_forward::primitive_desc desc(
                {kind_,
                 x.get_desc(),
                 any_kernel(kernel),
                 {{outputs}, f32, tag::x},
                 {{count_, outputs}, y_type, tag::any}},
                attributes(outputs), engine_);
            const memory y(desc.dst_desc(), engine_);
            add(dnnl::inner_product_forward(desc),
                {{DNNL_ARG_SRC, x},
                 {DNNL_ARG_WEIGHTS,
                  constant({kernel, f32, layout}, n.weights, desc.weights_desc())},
                 {DNNL_ARG_BIAS, constant({{outputs}, f32, tag::x}, n.weights + inputs * outputs,
                                          desc.bias_desc())},
                 {DNNL_ARG_DST, y}});
            values_[next] = y;
            break;
        }
        case node::softmax: {
            const dnnl::softmax_forward::primitive_desc desc({kind_, x.get_desc(), 1}, engine_);
            add(dnnl::softmax_forward(desc), {{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, x}});
            values_[next] = x;
            break;
        }
        default:
            values_[next] = x;
        }
        return next;
    }

    prop_kind kind_;
    memory::dim count_;
    bool in_bytes_;
    graph graph_;
    dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
    dnnl::stream stream_{engine_};
    std::vector<memory> values_, kept_;
    std::vector<command> commands_;
    std::vector<float> output_;
};

class onednn final : public peer {
public:
    explicit onednn(const graph& g) {
        omp_set_num_threads(1);
        for (const std::size_t count : {std::size_t{1}, batch}) {
            // The faster of the two: what oneDNN chooses for inference is not always.
            auto inference = std::make_unique<program>(g, count, prop_kind::forward_inference);
            auto training = std::make_unique<program>(g, count, prop_kind::forward_training);
            const auto time = [](program& p) {
                double least = 1e9;
                for (int n = 0; n < 20; ++n) {
                    const double start = seconds();
                    p.run();
                    least = std::min(least, seconds() - start);
                }
                return least;
            };
            const bool infers = time(*inference) <= time(*training);
            programs_[count] = std::move(infers ? inference : training);
        }
    }
    std::span<const float> predict(std::size_t count) override {
        return programs_.at(count)->run();
    }

private:
    std::map<std::size_t, std::unique_ptr<program>> programs_;
};

}  // namespace

std::unique_ptr<peer> onednn_predicts(const graph& folded) {
    return std::make_unique<onednn>(folded);
}
std::function<void()> onednn_predicts_in_bytes(const graph& folded, std::size_t count) {
    omp_set_num_threads(1);
    const auto all = std::make_shared<program>(folded, count, prop_kind::forward_inference, true);
    return [all] { all->run(); };
}

}  // namespace bench
